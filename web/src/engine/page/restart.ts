/** What the page says when the worker died and another one replaces it. */
import { message, type Message } from "../../errors/message";
import type { Backend } from "../../generated/protocol";

/** How a run continues in a fresh worker. */
export interface RunRecovery {
  /** It continues to train by itself. */
  running: boolean;
  /** The step it goes back to; null: its initial weights. */
  savedStep: number | null;
}

/** The message about a worker that died and was replaced; `from` is the backend that it used. */
export function restartMessage(reason: Message | string, from: Exclude<Backend, "auto">, run: RunRecovery | null): Message {
  const what = { from: from === "webgpu" ? from : "other", reason } as const;
  if (!run) return message("engine.restarted", what);
  const { running, savedStep: step } = run;
  if (step === null) return running ? message("engine.restartedRunningFromStart", what) : message("engine.restartedPausedFromStart", what);
  return running ? message("engine.restartedRunning", { ...what, step }) : message("engine.restartedPaused", { ...what, step });
}
