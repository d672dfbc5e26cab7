/** Linear axes of the experiments' figures. */

export interface Scale {
  min: number;
  max: number;
  ticks: number[];
}

/** An axis that holds all values, with round ticks; `count` is about how many. Values that are not finite are left out. */
export function scaleOf(values: Iterable<number>, { zero = false, count = 5 }: { zero?: boolean; count?: number } = {}): Scale {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) [min, max] = [0, 1];
  if (zero) [min, max] = [Math.min(0, min), Math.max(0, max)];
  if (min === max) [min, max] = zero ? [min, max === 0 ? 1 : max * 1.2] : [min - Math.abs(min || 1) * 0.1, max + Math.abs(max || 1) * 0.1];
  const step = niceStep((max - min) / Math.max(1, count));
  const from = Math.floor(min / step + 1e-9) * step;
  const to = Math.ceil(max / step - 1e-9) * step;
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => tidy(from + i * step));
  return { min: tidy(from), max: tidy(to), ticks };
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10;
  return digit * power;
}

/** Without the last digits, which are only rounding. */
const tidy = (value: number): number => Number(value.toPrecision(12));

/** Where a value lies on an axis from `from` to `to` pixels. */
export const place = ({ min, max }: Scale, value: number, from: number, to: number): number => from + ((value - min) / (max - min)) * (to - from);

/** Points of a line as the path of an SVG; it is interrupted where a value is missing. */
export function path(xs: readonly number[], ys: readonly number[], x: (value: number) => number, y: (value: number) => number): string {
  let drawn = "";
  let pen = false;
  for (let i = 0; i < Math.min(xs.length, ys.length); i++) {
    const [px, py] = [xs[i] as number, ys[i] as number];
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      pen = false;
      continue;
    }
    drawn += `${pen ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`;
    pen = true;
  }
  return drawn;
}
