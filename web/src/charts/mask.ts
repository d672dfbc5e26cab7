/** A dropout mask as the engine hands it out: 1 kept, 0 switched off, row by row (batch, units). */
export interface Mask {
  batch: number;
  units: number;
  values: Uint8Array;
}

/** Share of all entries that were kept, 0 to 1. */
export function keptFraction(mask: Mask): number {
  if (mask.values.length === 0) return 1;
  let kept = 0;
  for (const value of mask.values) kept += value;
  return kept / mask.values.length;
}

/**
 * One value a unit, 0 to 1: whether `image` kept it, or, for `"average"`, the share of the batch that did.
 * An image beyond the batch counts as its last.
 */
export function unitShares(mask: Mask, image: number | "average"): Float32Array {
  const { batch, units, values } = mask;
  const shares = new Float32Array(units);
  if (batch === 0) return shares;
  if (image === "average") {
    for (let i = 0; i < values.length; i++) shares[i % units] = (shares[i % units] ?? 0) + (values[i] ?? 0) / batch;
    return shares;
  }
  const row = Math.min(Math.max(image, 0), batch - 1);
  for (let unit = 0; unit < units; unit++) shares[unit] = values[row * units + unit] ?? 0;
  return shares;
}
