/** The runs of an experiment as lines, dots and cells of its figure. */
import type { Curve, RunReport } from "../../generated/protocol";

/** A line of each seed, and their mean. */
export interface ArmLine {
  /** The arm, or the name of a curve where there is one arm only. */
  name: string;
  label: string;
  /** Each seed's own line. */
  seeds: { seed: number; xs: readonly number[]; ys: readonly number[] }[];
  mean: { xs: readonly number[]; ys: readonly number[] };
}

/** A value of each seed, and their mean. */
export interface ArmDots {
  name: string;
  label: string;
  values: readonly number[];
  mean: number;
}

/** How a line or a mark is told apart, in colour and without: colours of six series, then dashes. */
export const tone = (index: number): number => (index % 6) + 1;
export const DASHES = ["none", "7 4", "2 3", "10 3 2 3", "4 2", "12 4"] as const;
export const dash = (index: number): string => DASHES[index % DASHES.length] ?? "none";

/** The mean over all lines at the places that all of them have. */
export function meanLine(lines: readonly { xs: readonly number[]; ys: readonly number[] }[]): { xs: number[]; ys: number[] } {
  const [first] = lines;
  const length = Math.min(...lines.map(({ ys }) => ys.length));
  if (!first || length === 0) return { xs: [], ys: [] };
  const ys = Array.from({ length }, (_, i) => lines.reduce((sum, line) => sum + (line.ys[i] ?? Number.NaN), 0) / lines.length);
  return { xs: first.xs.slice(0, length), ys };
}

/** Names in the order of their first appearance. */
export const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** The runs that are measured; those that search a learning rate are shown apart. */
export const mainReports = (reports: readonly RunReport[]): RunReport[] => reports.filter(({ spec }) => spec.stage === "main");

/** The runs that search learning rates, each as an arm of its own, named by `label`. */
export const sweepReports = (reports: readonly RunReport[], label: (arm: string, learningRate: number) => string): RunReport[] =>
  reports.filter(({ spec }) => spec.stage === "sweep").map((report) => ({ ...report, spec: { ...report.spec, arm: label(report.spec.arm, report.spec.learningRate ?? Number.NaN) } }));

/**
 * The lines of the figure. With several arms there is one line for each, of the curve `measure`. With one arm there is one
 * for each of its curves.
 */
export function armLines(reports: readonly RunReport[], measure: string, curveLabel: (name: string) => string): ArmLine[] {
  const arms = unique(reports.map(({ spec }) => spec.arm));
  const names = arms.length > 1 ? arms : unique(reports.flatMap(({ curves }) => curves.map(({ name }) => name)));
  const lines = names.map((name) => {
    const own = arms.length > 1 ? reports.filter(({ spec }) => spec.arm === name) : reports;
    const wanted = arms.length > 1 ? measure : name;
    const seeds = own.flatMap(({ spec, curves }) => {
      const curve: Curve | undefined = curves.find((one) => one.name === wanted);
      return curve && curve.x.length > 0 ? [{ seed: spec.seed, xs: curve.x, ys: curve.y }] : [];
    });
    return { name, label: arms.length > 1 ? name : curveLabel(name), seeds, mean: meanLine(seeds) };
  });
  return lines.filter(({ seeds }) => seeds.length > 0);
}

/** The dots of the figure, from runs that may still be going on. */
export function armDots(reports: readonly RunReport[], measure: string): ArmDots[] {
  return unique(reports.map(({ spec }) => spec.arm)).flatMap((name) => {
    const values = reports.filter(({ spec }) => spec.arm === name).map((report) => report.values[measure] ?? Number.NaN);
    return values.some(Number.isFinite) ? [{ name, label: name, values, mean: meanOf(values) }] : [];
  });
}

/** The mean of what was reached, NaN where nothing was. */
export function meanOf(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? Number.NaN : finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

/** Rows and columns of a heat map whose arms are named `row/column`. */
export function heatMap(dots: readonly ArmDots[]): { rows: string[]; columns: string[]; at: (row: string, column: string) => ArmDots | undefined } {
  const split = dots.map((one) => ({ one, parts: one.name.split("/") }));
  return {
    rows: unique(split.map(({ parts }) => parts[0] ?? "")),
    columns: unique(split.map(({ parts }) => parts[1] ?? "")),
    at: (row, column) => split.find(({ parts }) => (parts[0] ?? "") === row && (parts[1] ?? "") === column)?.one,
  };
}
