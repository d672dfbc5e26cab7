/** Below which probability of the first guess the page says that it is not sure: the model's own measure until the visitor moves it. */
import { modelState } from "./model.svelte";
import { remember, remembered } from "./preferences";

const KEY = "alexnet-lab-doubt";
const state = $state<{ chosen: number | null }>({ chosen: stored() });

export const doubt = {
  /** 0 to 1. */
  get threshold(): number {
    return state.chosen ?? this.standard;
  },
  /** The model's own, in hundredths; of one that was never tested half way between chance and certainty. */
  get standard(): number {
    const { info, tested } = modelState;
    const untested = (1 + 1 / Math.max(1, info?.classes ?? Infinity)) / 2;
    return Math.round(100 * (tested?.doubt ?? info?.calibration?.doubt ?? untested)) / 100;
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
