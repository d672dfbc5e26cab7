import uPlot from "uplot";
import { whole } from "../i18n/format";
import { logTicks, type DrawnLine } from "./lines";
import { resolveColour } from "./theme";

/** What a plot shows besides its lines. */
export interface PlotOptions {
  width: number;
  height: number;
  log: boolean;
  /** Labels of the vertical axis. */
  tick: (y: number) => string;
  /** Called with the step below the pointer, or `undefined` when it leaves. */
  onCursor: (step: number | undefined) => void;
}

const TONES = ["--series-1", "--series-2", "--series-old"] as const;

/** Which lines a plot was made for: a plot is made anew when this changes, and only fed otherwise. */
export function plotKey(drawn: readonly DrawnLine[], log: boolean): string {
  return `${log}|${drawn.map(({ line, raw }) => `${line.id}:${line.tone}:${raw}`).join("|")}`;
}

/** The lines on one common axis of steps, as uPlot takes them. */
export function plotData(drawn: readonly DrawnLine[]): uPlot.AlignedData {
  if (drawn.length === 0) return [[]];
  return uPlot.join(drawn.map(({ points }) => [points.xs, points.ys] as unknown as uPlot.AlignedData));
}

/** Draws a thin, theme-coloured uPlot into `host`. Its own legend is off: the page has a readable one. */
export function createPlot(host: HTMLElement, drawn: readonly DrawnLine[], options: PlotOptions): uPlot {
  const colour = (token: string) => resolveColour(host, `var(${token})`);
  const muted = colour("--text-2");
  const grid = { stroke: colour("--grid"), width: 1 };
  const font = `12px ${getComputedStyle(host).fontFamily}`;
  const axis = { stroke: muted, grid, ticks: { show: false }, font };

  const series: uPlot.Series[] = drawn.map(({ line, raw }) => {
    const past = line.tone === 2;
    const stroke = colour(TONES[line.tone]);
    const validation = line.part === "validation";
    return {
      stroke,
      alpha: raw ? 0.22 : past ? 0.55 : 1,
      width: raw ? 1 : past ? 1.25 : 2,
      dash: validation ? [6, 4] : [],
      spanGaps: true,
      points: { show: validation && !past && line.xs.length < 40, size: 5, fill: stroke },
    };
  });

  const logAxis: Partial<uPlot.Axis> = {
    splits: (_: uPlot, __: number, min: number, max: number) => logTicks(min, max),
    filter: (_: uPlot, splits: number[]) => splits,
  };

  return new uPlot(
    {
      width: options.width,
      height: options.height,
      padding: [8, 14, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: (_, min, max) => (max > min ? [min, max] : [0, 10]) },
        y: { distr: options.log ? 3 : 1, range: (_, min, max) => valueRange(min, max, options.log) },
      },
      series: [{}, ...series],
      axes: [
        { ...axis, size: 28, values: (_, splits) => splits.map((x) => (Number.isInteger(x) ? whole(x) : "")) },
        { ...axis, size: 48, space: 36, values: (_, splits) => splits.map(options.tick), ...(options.log ? logAxis : {}) },
      ],
      hooks: {
        setCursor: [
          (plot) => {
            const { idx } = plot.cursor;
            options.onCursor(idx === null || idx === undefined ? undefined : plot.data[0][idx]);
          },
        ],
      },
    },
    plotData(drawn),
    host,
  );
}

/** From zero on a linear axis, a little room around the values on a logarithmic one. */
function valueRange(min: number | null, max: number | null, log: boolean): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return log ? [0.1, 10] : [0, 1];
  if (log) return [min / 1.15, max * 1.15];
  return [Math.min(0, min), max > 0 ? max * 1.06 : 1];
}
