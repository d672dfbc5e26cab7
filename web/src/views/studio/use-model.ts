/** The open project's network as the model in use. */
import { lab } from "../../engine/page/api";
import type { Judgement } from "../../projects/types";
import { modelState } from "../../state/model.svelte";
import { album } from "./project.svelte";
import { tested } from "./evaluation";
import { trainer } from "./trainer.svelte";

/** Which state of which project is in use, as far as this visit knows. */
let inUse = "";
const state = () => JSON.stringify([album.project.id, album.project.classes, trainer.unsaved, album.finished?.savedAt]);

/** Notes that the project's network was just put to use, and what its test says. */
export function noteUse(judgement: Judgement | null): void {
  inUse = state();
  modelState.tested = judgement && tested(judgement);
}

/** Makes the project's network the model in use, where it is not yet. */
export async function ensureOwn(): Promise<void> {
  const own = modelState.status === "ready" && modelState.name === album.project.name && inUse === state();
  if (own) return;
  const bytes = await trainer.file("alexnet");
  await lab.models.import(new Blob([bytes as Uint8Array<ArrayBuffer>]), album.project.name);
  noteUse(trainer.judgement);
}
