/** The state of the engine as the page shows it: the backend, or the progress of loading it. */
import type { Message } from "../errors/message";
import type { EngineInfo } from "../engine/shared/protocol";

interface EngineState {
  status: "starting" | "ready" | "restarting" | "failed";
  info: EngineInfo | null;
  /** Bytes of the wasm module so far. */
  progress: { loaded: number; total: number | undefined } | null;
  /** Why it failed. */
  problem: Message | string;
}

export const engineState: EngineState = $state({ status: "starting", info: null, progress: null, problem: "" });
