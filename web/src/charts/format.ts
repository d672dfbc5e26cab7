/** A rate between 0 and 1 as a percentage. */
export function percent(rate: number, digits = 1): string {
  return Number.isFinite(rate) ? `${(100 * rate).toFixed(digits)} %` : "–";
}

/** A loss with three significant places, or what it became instead. */
export function lossText(loss: number): string {
  if (Number.isNaN(loss)) return "not a number";
  if (!Number.isFinite(loss)) return "infinite";
  return loss >= 1000 || (loss !== 0 && Math.abs(loss) < 0.001) ? loss.toExponential(1) : loss.toFixed(loss < 0.1 ? 4 : 3);
}
