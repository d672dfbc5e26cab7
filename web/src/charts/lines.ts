import { t } from "../i18n/index.svelte";
import { decimate, type Points } from "./decimate";
import { smooth } from "./smoothing";

/** Which part of the data a curve was measured on. */
export type Part = "training" | "validation";

/** One curve of a chart. The arrays may grow in place: a chart looks again when it is given a new list. */
export interface Line extends Points {
  id: string;
  /** The run's name, as the legend shows it. */
  name: string;
  part: Part;
  /** 0 for the run, 1 for its rival, 2 for an earlier run, which is drawn faint. */
  tone: 0 | 1 | 2;
  /** Whether the smoothing slider applies: validation points are few and exact, training points noisy. */
  smoothed: boolean;
}

/** A line as it is drawn: the raw values faint below the smoothed ones, where there are both. */
export interface DrawnLine {
  line: Line;
  points: Points;
  raw: boolean;
}

/** The last thinning of a series: an earlier run's curve is drawn again and again without having changed. */
const thinned = new WeakMap<readonly number[], { key: string; points: Points }>();

function thin(xs: readonly number[], ys: readonly number[], target: number, log: boolean): Points {
  const key = `${ys.length}|${target}|${log}`;
  const before = thinned.get(ys);
  if (before?.key === key) return before.points;
  const points = decimate({ xs, ys }, target, log);
  thinned.set(ys, { key, points });
  return points;
}

/** Smooths and thins lines to about `target` points each; on a log axis what is not positive is left out. */
export function drawnLines(lines: readonly Line[], smoothing: number, log: boolean, target: number): DrawnLine[] {
  const drawn: DrawnLine[] = [];
  for (const line of lines) {
    const softened = line.smoothed && smoothing > 0 && line.ys.length > 1;
    // A raw line under an earlier run's curve would only be noise.
    if (softened && line.tone !== 2) drawn.push({ line, points: thin(line.xs, line.ys, target, log), raw: true });
    const shown = softened ? smooth(line.ys, smoothing) : line.ys;
    drawn.push({ line, points: thin(line.xs, shown, target, log), raw: false });
  }
  return drawn;
}

/** Ticks of a logarithmic axis from `min` to `max`: 1, 2 and 5 of each decade, fewer of many decades, more of a part of one. */
export function logTicks(min: number, max: number): number[] {
  if (!(min > 0) || !(max > min) || !Number.isFinite(max)) return [];
  const from = Math.floor(Math.log10(min));
  const to = Math.ceil(Math.log10(max));
  const digits = to - from > 4 ? [1] : max / min < 12 ? [1, 1.5, 2, 3, 4, 5, 7] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = from; power <= to; power++) {
    for (const digit of digits) {
      const tick = Number(`${digit}e${power}`);
      if (tick >= min && tick <= max) ticks.push(tick);
    }
  }
  return ticks;
}

/** Which part of the data, as the legend says it. */
export const partName = (part: Part): string => (part === "training" ? t.ui.chartTraining() : t.ui.chartValidation());

/** A curve's name among those of several runs. */
export const curveName = ({ name, part }: Line): string => t.ui.chartCurve({ name, part: partName(part) });

/** What a screen reader hears of a chart: first, best and last value of each line. */
export function describeLine(line: Line, format: (y: number) => string, better: "lower" | "higher"): string {
  const finite = line.ys.filter(Number.isFinite);
  const curve = curveName(line);
  if (finite.length === 0) return t.ui.chartNoValues({ curve });
  const best = finite.reduce((a, b) => ((better === "lower" ? b < a : b > a) ? b : a));
  const first = finite[0] as number;
  const last = finite[finite.length - 1] as number;
  const [firstStep = 0, lastStep = 0] = [line.xs[0], line.xs[line.xs.length - 1]];
  return t.ui.chartCurveRange({ curve, first: format(first), firstStep, last: format(last), lastStep, best: format(best) });
}
