/** The open project's network as the model in use. */
import { lab } from "../../engine/api";
import { modelState } from "../../state/model.svelte";
import { album } from "./album.svelte";

/** Which state of which project is in use, as far as this visit knows. */
let inUse = "";
const state = () => `${album.project.id} ${album.saved?.savedAt ?? 0}`;

/** Notes that the project's network was just put to use. */
export function noteUse(): void {
  inUse = state();
}

/** Makes the project's network the model in use, where it is not yet. */
export async function ensureOwn(): Promise<void> {
  const own = modelState.status === "ready" && modelState.name === album.project.name && inUse === state();
  if (own) return;
  const bytes = await lab.engine.exportProject(album.project.id, "alexnet");
  await lab.models.import(new Blob([bytes as Uint8Array<ArrayBuffer>]), album.project.name);
  noteUse();
}
