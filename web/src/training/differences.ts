import { choiceName, titleOf } from "../i18n/options";
import { language, t } from "../i18n/index.svelte";
import { plain } from "../i18n/format";
import { OPTIONS, type OptionSpec, type RunOptions } from "../generated/protocol";

/** A value of an option. */
export type Value = RunOptions[keyof RunOptions];

/** Any field of a run's options, by its name in the option table. */
export function valueOf(options: RunOptions, name: string): Value {
  return options[name as keyof RunOptions];
}

/** The rows of the table in which two configurations differ. */
export function differences(a: RunOptions, b: RunOptions): OptionSpec[] {
  return OPTIONS.filter(({ name }) => valueOf(a, name) !== valueOf(b, name));
}

/** Whether going from one to the other needs new weights. */
export function needsReset(a: RunOptions, b: RunOptions): boolean {
  return differences(a, b).some(({ when }) => when === "reset");
}

/** `from` with the values of `to` for everything that can change during a run. */
export function withLive(from: RunOptions, to: RunOptions): RunOptions {
  const live = OPTIONS.filter(({ when }) => when === "live").map(({ name }) => [name, valueOf(to, name)]);
  return { ...from, ...Object.fromEntries(live) };
}

/** An option's title in the middle of a sentence. German nouns keep their capital, names (CutMix) theirs. */
function termOf(name: string): string {
  const title = titleOf(name);
  return language() === "de" || /[A-Z]/.test(title.slice(1)) ? title : title.toLowerCase();
}

/** One option's value in words short enough for a legend: `tanh`, `dropout 0`, `mirror on`. */
export function describeOption({ name, kind }: OptionSpec, value: Value): string {
  const option = termOf(name);
  if (typeof value === "boolean") return value ? t.train.optionOn({ option }) : t.train.optionOff({ option });
  if (name === "trainImages") return value === 0 ? t.train.allTrainingImages() : t.train.trainingImages({ count: Number(value) });
  if (name === "normalization") return value === "none" ? t.train.noNormalization() : t.train.batchNormalization();
  if (name === "responseNorm" && value === "none") return t.train.noResponseNorm();
  if (name === "freeze") return value === "none" ? t.train.nothingFrozen() : t.train.convFrozen();
  if (name === "dataset" || (kind.type === "choice" && name !== "schedule" && name !== "responseNorm")) return choiceName(String(value));
  return t.train.optionValue({ option, value: typeof value === "number" ? plain(Number(value.toPrecision(4))) : choiceName(String(value)) });
}

/** Phrases in a row, as a legend has them. */
export const inRow = (phrases: readonly string[]): string => phrases.reduce((first, rest) => t.train.separator({ first, rest }));

const describeOptions = (specs: readonly OptionSpec[], options: RunOptions): string =>
  specs.length === 0 ? "" : inRow(specs.map((spec) => describeOption(spec, valueOf(options, spec.name))));

/**
 * Names for the run in the foreground (first) and the others: each of the others by what differs from it, and
 * the first by its own values of the same options, so that one reads "ReLU" against "tanh".
 */
export function nameRuns(current: RunOptions, others: readonly RunOptions[]): [string, ...string[]] {
  const differing = new Set(others.flatMap((other) => differences(current, other)));
  const own = OPTIONS.filter((spec) => differing.has(spec));
  const first = own.length === 0 || own.length > 3 ? t.train.thisRun() : describeOptions(own, current);
  const taken = new Map<string, number>([[first, 1]]);
  const rest = others.map((other) => {
    const name = describeOptions(differences(current, other), other) || t.train.sameOptions();
    const times = (taken.get(name) ?? 0) + 1;
    taken.set(name, times);
    return times === 1 ? name : t.train.numbered({ name, times });
  });
  return [first, ...rest];
}
