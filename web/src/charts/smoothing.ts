/** A growing series and its smoothed twin, as far as it was computed. */
interface Smoothed {
  weight: number;
  ys: number[];
  average: number;
  seen: number;
}

const known = new WeakMap<readonly number[], Smoothed>();

/**
 * TensorBoard's smoothing: an exponential moving average, divided by the weight it has seen so far, so that
 * the first points are not pulled towards zero (`debiasedEma` there).
 *
 * The result belongs to the array given and is extended when that has grown, so that a long run costs no more to
 * draw than a short one; values already there must not change.
 *
 * @param values one value a point; what is not finite is passed through and leaves the average alone
 * @param weight share of the average kept at each point, 0 (no smoothing) to below 1
 */
export function smooth(values: readonly number[], weight: number): readonly number[] {
  const kept = Math.min(Math.max(weight, 0), 0.9999);
  if (kept === 0) return values;
  let state = known.get(values);
  if (!state || state.weight !== kept || state.ys.length > values.length) {
    state = { weight: kept, ys: [], average: 0, seen: 0 };
    known.set(values, state);
  }
  for (let i = state.ys.length; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      state.ys.push(value);
      continue;
    }
    state.average = state.average * kept + (1 - kept) * value;
    state.seen = state.seen * kept + (1 - kept);
    state.ys.push(state.average / state.seen);
  }
  return state.ys;
}
