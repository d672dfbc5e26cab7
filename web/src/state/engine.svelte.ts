/** What the page shows of the engine: where it computes, or how far it has come to that. */
import type { EngineInfo } from "../engine/shared/protocol";

interface EngineState {
  status: "starting" | "ready" | "restarting" | "failed";
  info: EngineInfo | null;
  /** Bytes of the engine so far. */
  progress: { loaded: number; total: number | undefined } | null;
  /** Why it failed. */
  problem: string;
}

export const engineState: EngineState = $state({ status: "starting", info: null, progress: null, problem: "" });
