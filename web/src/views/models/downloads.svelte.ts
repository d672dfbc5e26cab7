/** The downloaded model files in the browser, as the Models view shows them. */
import { hasCode, message, messageOf, textOf } from "../../errors/message";
import { lab } from "../../engine/page/api";
import type { ModelHints, DownloadedModel } from "../../engine/shared/protocol";
import { dismiss, showMessage, showError } from "../../state/messages.svelte";
import { modelState } from "../../state/model.svelte";

const state = $state<{ files: DownloadedModel[]; wanted: string | null }>({ files: [], wanted: null });

/** Id of the message about the last file; a new one replaces it. */
let shown = 0;

export const stored = {
  get files(): readonly DownloadedModel[] { return state.files; },
  /** Bytes that all of them take. */
  get bytes(): number { return state.files.reduce((sum, { bytes }) => sum + bytes, 0); },
  /** Key of the stored file that is being loaded. */
  get wanted(): string | null { return state.wanted; },
  /** Reads the list again. */
  async look(): Promise<void> {
    try {
      state.files = await lab.engine.storage();
    } catch {
      // An engine that does not run has shown its own message.
    }
  },
  async forget(files: readonly DownloadedModel[]): Promise<void> {
    await lab.models.forget(files).catch(showError);
    await this.look();
  },
  /** Makes the file at an address the model in use: from this device if it is complete here, else by download, which continues an earlier one. */
  async use(url: string, hints?: ModelHints, key: string | null = null): Promise<void> {
    state.wanted = key;
    dismiss(shown);
    try {
      const info = await lab.models.useUrl(url, hints);
      const code = modelState.cached ? "models.nowInUseFromDevice" : "models.nowInUse";
      shown = showMessage(message(code, { name: textOf(modelState.name), network: info.network, classes: info.classes }));
    } catch (error) {
      if (hasCode(error, "engine.downloadStopped")) shown = showMessage(messageOf(error));
      else shown = showError(error);
    }
    state.wanted = null;
    await this.look();
  },
};
