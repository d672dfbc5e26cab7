/** Paths through the experiments, each with an address of its own: `path=NAME`. */
import type { Experiment } from "../../../generated/protocol";
import { t } from "../../../i18n/index.svelte";

export interface Path {
  name: string;
  title: () => string;
  text: () => string;
  /** Names of experiments, null for all. */
  experiments: readonly string[] | null;
}

export const PATHS: readonly Path[] = [
  { name: "ten-minutes", title: () => t.learn.pathTenMinutes(), text: () => t.learn.pathTenMinutesText(), experiments: ["relu", "sixteen", "dropout"] },
  { name: "dropout-lesson", title: () => t.learn.pathDropout(), text: () => t.learn.pathDropoutText(), experiments: ["sixteen", "sampling", "dropout", "coadaptation"] },
  { name: "whole-paper", title: () => t.learn.pathPaper(), text: () => t.learn.pathPaperText(), experiments: null },
];

/** The experiments of a path that the table has, in the path's order. */
export const experimentsOf = ({ experiments }: Path, table: readonly Experiment[]): string[] =>
  experiments ? experiments.filter((name) => table.some((one) => one.name === name)) : table.map(({ name }) => name);

export const findPath = (name: string): Path | undefined => PATHS.find((path) => path.name === name);

/** The experiment after this one, undefined at the end. */
export function nextOf(path: Path, table: readonly Experiment[], name: string): string | undefined {
  const names = experimentsOf(path, table);
  const at = names.indexOf(name);
  return at < 0 ? names[0] : names[at + 1];
}
