/** What the browser keeps of downloaded models, as the Models view shows it. */
import { lab, type StoredModel } from "../../engine/api";
import { sayError } from "../../state/messages.svelte";

const state = $state<{ files: StoredModel[] }>({ files: [] });

export const stored = {
  get files(): readonly StoredModel[] { return state.files; },
  /** Bytes that all of them take. */
  get bytes(): number { return state.files.reduce((sum, { bytes }) => sum + bytes, 0); },
  /** Looks again. */
  async look(): Promise<void> {
    try {
      state.files = await lab.engine.storage();
    } catch {
      // An engine that does not run has said so itself.
    }
  },
  async forget(files: readonly StoredModel[]): Promise<void> {
    await lab.engine.forgetFiles(files.map(({ key }) => key)).catch(sayError);
    await this.look();
  },
};
