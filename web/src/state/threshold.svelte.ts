/** The probability below which the page says "not sure": the model's own threshold until the visitor moves it. */
import { modelState } from "./model.svelte";
import { savePreference, loadPreference } from "./preferences";

const KEY = "alexnet-lab-doubt";
const state = $state<{ chosen: number | null }>({ chosen: stored() });

export const confidenceThreshold = {
  /** 0 to 1. */
  get value(): number {
    return state.chosen ?? this.recommended;
  },
  /** The model's own threshold, in steps of 0.01. Without a measured one: half way between chance and 1. */
  get recommended(): number {
    const { info, testResult } = modelState;
    const untested = (1 + 1 / Math.max(1, info?.classes ?? Infinity)) / 2;
    return Math.round(100 * (testResult?.threshold ?? info?.calibration?.doubt ?? untested)) / 100;
  },
  get isCustom(): boolean {
    return state.chosen !== null;
  },
};

/** Sets the threshold; null restores the model's own. */
export function setConfidenceThreshold(threshold: number | null): void {
  state.chosen = threshold === null ? null : Math.min(1, Math.max(0, threshold));
  savePreference(KEY, state.chosen === null ? null : String(state.chosen));
}

function stored(): number | null {
  const text = loadPreference(KEY);
  const value = Number(text);
  return text !== null && text !== "" && value >= 0 && value <= 1 ? value : null;
}
