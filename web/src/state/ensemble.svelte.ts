/** The networks that ship beside the shipped one, and what they were measured to reach. */
import type { Member } from "../engine/api";
import { fetchJson } from "../engine/fetch";
import type { Evaluation } from "../generated/protocol";

interface EnsembleState {
  /** Null until they are known. */
  members: Member[] | null;
  /** Of their download. */
  progress: { loaded: number; total: number | undefined } | null;
  /** `models/ensemble.json`, as `alexnet eval --json` wrote it; null where nothing was measured. */
  measured: Evaluation | null;
}

export const ensembleState: EnsembleState = $state({ members: null, progress: null, measured: null });

let asked: Promise<void> | undefined;

/** Fetches the measured errors, once. */
export function loadMeasured(): Promise<void> {
  asked ??= fetchJson<Evaluation>(new URL("models/ensemble.json", new URL(".", location.href))).then((found) => {
    ensembleState.measured = found && Array.isArray(found.models) && found.models.length > 1 ? found : null;
  });
  return asked;
}
