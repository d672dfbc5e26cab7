/** The other networks of the ensemble, and the measured accuracy of the ensemble. */
import type { Member } from "../engine/shared/protocol";
import { fetchJson } from "../engine/shared/fetch";
import type { Evaluation } from "../generated/protocol";

interface EnsembleState {
  /** Null until they are loaded. */
  members: Member[] | null;
  /** Of their download. */
  progress: { loaded: number; total: number | undefined } | null;
  /** `models/ensemble.json`, as `alexnet eval --json` wrote it; null where nothing was measured. */
  measured: Evaluation | null;
  /** `models/ensemble-small.json`: the same without the shipped network. */
  small: Evaluation | null;
}

export const ensembleState: EnsembleState = $state({ members: null, progress: null, measured: null, small: null });

let asked: Promise<void> | undefined;

/** Fetches the measured accuracy, once. */
export function loadMeasured(): Promise<void> {
  asked ??= (async () => {
    ensembleState.measured = await evaluation("ensemble.json");
    if (ensembleState.measured) ensembleState.small = await evaluation("ensemble-small.json");
  })();
  return asked;
}

async function evaluation(file: string): Promise<Evaluation | null> {
  const found = await fetchJson<Evaluation>(new URL(`models/${file}`, new URL(".", location.href)));
  return found && Array.isArray(found.models) && found.models.length > 1 ? found : null;
}
