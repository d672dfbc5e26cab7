/** Points of one line: as many `ys` as `xs`, `xs` rising. */
export interface Points {
  xs: readonly number[];
  ys: readonly number[];
}

/**
 * Thins a line to about `target` points and keeps its envelope: of each bucket the smallest and the largest
 * value stay, in their order, and so do the first and the last point. Buckets are powers of two wide and
 * start at multiples of that, so a growing line does not flicker. Values that are not finite are left out, and on
 * a logarithmic axis those that are not positive.
 */
export function decimate({ xs, ys }: Points, target: number, log = false): Points {
  const n = Math.min(xs.length, ys.length);
  const out = { xs: [] as number[], ys: [] as number[] };
  const shows = (y: number) => Number.isFinite(y) && (!log || y > 0);
  const push = (i: number) => {
    const y = ys[i] as number;
    if (!shows(y)) return;
    out.xs.push(xs[i] as number);
    out.ys.push(y);
  };
  // Two points leave each bucket, so a bucket of two thins nothing.
  let bucket = 1;
  while ((2 * n) / bucket > target && bucket < n) bucket *= 2;
  if (bucket <= 2 || n <= target) {
    for (let i = 0; i < n; i++) push(i);
    return out;
  }
  push(0);
  for (let start = 0; start < n; start += bucket) {
    const end = Math.min(start + bucket, n);
    let low = -1;
    let high = -1;
    for (let i = Math.max(start, 1); i < Math.min(end, n - 1); i++) {
      const y = ys[i] as number;
      if (!shows(y)) continue;
      if (low < 0 || y < (ys[low] as number)) low = i;
      if (high < 0 || y > (ys[high] as number)) high = i;
    }
    if (low < 0) continue;
    push(Math.min(low, high));
    if (low !== high) push(Math.max(low, high));
  }
  push(n - 1);
  return out;
}

/** The value of the point nearest to `x`, `undefined` for an empty line. */
export function valueAt({ xs, ys }: Points, x: number): number | undefined {
  const n = Math.min(xs.length, ys.length);
  if (n === 0) return undefined;
  let low = 0;
  let high = n - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  const before = Math.max(low - 1, 0);
  const nearer = x - (xs[before] as number) < (xs[low] as number) - x ? before : low;
  return ys[nearer];
}
