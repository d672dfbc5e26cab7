/**
 * TensorBoard's smoothing: an exponential moving average, divided by the weight it has seen so far, so that
 * the first points are not pulled towards zero (`debiasedEma` there).
 *
 * @param values one value a point; what is not finite is passed through and leaves the average alone
 * @param weight share of the average kept at each point, 0 (no smoothing) to below 1
 */
export function smooth(values: readonly number[], weight: number): number[] {
  const kept = Math.min(Math.max(weight, 0), 0.9999);
  if (kept === 0) return values.slice();
  let average = 0;
  let seen = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = average * kept + (1 - kept) * value;
    seen = seen * kept + (1 - kept);
    return average / seen;
  });
}
