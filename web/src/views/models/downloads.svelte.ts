/** What the browser keeps of downloaded models, as the Models view shows it. */
import { lab } from "../../engine/page/api";
import type { ModelHints, DownloadedModel } from "../../engine/shared/protocol";
import { dismiss, showMessage, showError } from "../../state/messages.svelte";
import { hasCode, messageOf, textOf } from "../../errors/message";
import { modelState } from "../../state/model.svelte";

const state = $state<{ files: DownloadedModel[]; wanted: string | null }>({ files: [], wanted: null });

/** What was said of the last file; the next one makes it old. */
let said = 0;

export const stored = {
  get files(): readonly DownloadedModel[] { return state.files; },
  /** Bytes that all of them take. */
  get bytes(): number { return state.files.reduce((sum, { bytes }) => sum + bytes, 0); },
  /** Key of the kept file that is on its way to be the model in use. */
  get wanted(): string | null { return state.wanted; },
  /** Looks again. */
  async look(): Promise<void> {
    try {
      state.files = await lab.engine.storage();
    } catch {
      // An engine that does not run has said so itself.
    }
  },
  async forget(files: readonly DownloadedModel[]): Promise<void> {
    await lab.models.forget(files).catch(showError);
    await this.look();
  },
  /** Makes the file at an address the model in use: from this device where it is whole here, else downloaded, or gone on with. */
  async use(url: string, hints?: ModelHints, key: string | null = null): Promise<void> {
    state.wanted = key;
    dismiss(said);
    try {
      const info = await lab.models.useUrl(url, hints);
      said = showMessage(`“${textOf(modelState.name)}” is now the model in use: ${info.network}, ${info.classes} classes${modelState.cached ? ", from this device" : ""}.`);
    } catch (error) {
      if (hasCode(error, "engine.downloadStopped")) said = showMessage(messageOf(error));
      else said = showError(error);
    }
    state.wanted = null;
    await this.look();
  },
};
