/** What the page says when the worker died and another one replaces it. */
import type { Backend } from "../../generated/protocol";

/** How a run comes back in a fresh worker. */
export interface RunRecovery {
  /** It trains on by itself. */
  running: boolean;
  /** The step it goes back to; null: its initial weights. */
  savedStep: number | null;
}

/** What the visitor reads when the worker died and another one takes its place. */
export function restartMessage(reason: string, from: Exclude<Backend, "auto">, run: RunRecovery | null): string {
  const what = from === "webgpu" ? "WebGPU stopped" : "The lab's engine stopped";
  const words = `${what} (${reason}), so the lab was started anew on the CPU`;
  if (!run) return `${words}.`;
  const verb = run.running ? "goes on from" : "is back at";
  return `${words}, and the run ${verb} ${run.savedStep === null ? "its initial weights: no step had been saved yet" : `step ${run.savedStep}, the last one saved`}.`;
}
