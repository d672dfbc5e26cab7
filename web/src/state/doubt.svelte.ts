/** Below which probability of the first guess the page says that it is not sure: the model's own measure until the visitor moves it. */
import { modelState } from "./model.svelte";
import { remember, remembered } from "./remember";

const KEY = "alexnet-lab-doubt";
/** Of a model that was never calibrated: an answer below it is more likely wrong than right, if its probability is to be believed. */
const EVEN = 0.5;

const state = $state<{ chosen: number | null }>({ chosen: stored() });

export const doubt = {
  /** 0 to 1. */
  get threshold(): number {
    return state.chosen ?? this.standard;
  },
  /** The model's own, in hundredths. */
  get standard(): number {
    return Math.round(100 * (modelState.info?.calibration?.doubt ?? EVEN)) / 100;
  },
  get moved(): boolean {
    return state.chosen !== null;
  },
};

/** Moves the threshold; null gives it back to the model. */
export function setDoubt(threshold: number | null): void {
  state.chosen = threshold === null ? null : Math.min(1, Math.max(0, threshold));
  remember(KEY, state.chosen === null ? null : String(state.chosen));
}

function stored(): number | null {
  const text = remembered(KEY);
  const value = Number(text);
  return text !== null && text !== "" && value >= 0 && value <= 1 ? value : null;
}
