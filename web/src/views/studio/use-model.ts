/** The open project's network as the model in use. */
import { lab } from "../../engine/page/api";
import type { EvaluationResult } from "../../projects/types";
import { modelState } from "../../state/model.svelte";
import { editor } from "./project.svelte";
import { testResult } from "./evaluation";
import { trainer } from "./trainer.svelte";

/** Which state of which project is in use, as far as this visit knows. */
let inUse = "";
const state = () => JSON.stringify([editor.project.id, editor.project.classes, trainer.unsaved, editor.finished?.savedAt]);

/** Notes that the project's network was just put to use, and what its test says. */
export function markInUse(evaluation: EvaluationResult | null): void {
  inUse = state();
  modelState.testResult = evaluation && testResult(evaluation);
}

/** Makes the project's network the model in use, where it is not yet. */
export async function ensureProjectModel(): Promise<void> {
  const own = modelState.status === "ready" && modelState.name === editor.project.name && inUse === state();
  if (own) return;
  const bytes = await trainer.file("alexnet");
  await lab.models.import(new Blob([bytes as Uint8Array<ArrayBuffer>]), editor.project.name);
  markInUse(trainer.evaluation);
}
