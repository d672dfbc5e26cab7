/** Makes the open project's network the model in use. */
import { lab } from "../../engine/page/api";
import type { ExportFormat } from "../../engine/shared/protocol";
import type { EvaluationResult } from "../../projects/types";
import { modelState } from "../../state/model.svelte";
import { editor } from "./project.svelte";
import { testResult } from "./evaluation";

/** What the trainer knows of the project's network. */
export interface ProjectNetwork {
  /** It is only in memory. */
  readonly unsaved: boolean;
  readonly evaluation: EvaluationResult | null;
  file(format: ExportFormat): Promise<Uint8Array>;
}

/** The project's state when its network was made the model in use; empty if it was not in this visit. */
let inUse = "";
const state = ({ unsaved }: ProjectNetwork) => JSON.stringify([editor.project.id, editor.project.classes, unsaved, editor.finished?.savedAt]);

/** Records that the project's network is the model in use, with its test result. */
export function markInUse(network: ProjectNetwork, evaluation: EvaluationResult | null): void {
  inUse = state(network);
  modelState.testResult = evaluation && testResult(evaluation);
}

/** Makes the project's network the model in use, unless it is already. */
export async function ensureProjectModel(network: ProjectNetwork): Promise<void> {
  const isInUse = modelState.status === "ready" && modelState.name === editor.project.name && inUse === state(network);
  if (isInUse) return;
  const { id, name } = editor.project;
  const bytes = await network.file("alexnet");
  await lab.models.import(new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
  if (editor.project.id === id) markInUse(network, network.evaluation);
}
