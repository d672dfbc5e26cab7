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

const SPELLINGS: Record<string, string> = {
  relu: "ReLU", gelu: "GELU", "leaky-relu": "leaky ReLU", sgd: "SGD", adamw: "AdamW",
  "alexnet-224": "AlexNet 224", "alexnet-64": "AlexNet 64", "alexnet-32": "AlexNet 32",
  "alexnet-2012": "AlexNet 2012", "alexnet-2012-32": "AlexNet 2012, 32 pixels",
  paper: "as in the paper", bvlc: "as in BVLC's AlexNet", caffenet: "as in CaffeNet",
};

/** A choice as the field spells it: `relu` is ReLU. */
export function displayName(value: string): string {
  return SPELLINGS[value] ?? value;
}

/** One option's value in words short enough for a legend: `tanh`, `dropout 0`, `mirror on`. */
export function describeOption({ name, title, kind }: OptionSpec, value: Value): string {
  const term = title.toLowerCase();
  if (typeof value === "boolean") return `${term} ${value ? "on" : "off"}`;
  if (name === "trainImages" && value === 0) return "all training images";
  if (name === "trainImages") return `${value} training images`;
  if (name === "dataset" || (kind.type === "choice" && name !== "schedule" && name !== "normalization" && name !== "responseNorm")) return displayName(String(value));
  if (name === "normalization" && value === "none") return "no normalisation";
  if (name === "responseNorm" && value === "none") return "no response normalisation";
  return `${term} ${typeof value === "number" ? Number(value.toPrecision(4)) : displayName(String(value))}`;
}

function words(specs: readonly OptionSpec[], options: RunOptions): string {
  return specs.map((spec) => describeOption(spec, valueOf(options, spec.name))).join(", ");
}

/**
 * Names for the run in the foreground (first) and the others: each of the others by what differs from it, and
 * the first by its own values of the same options, so that one reads "ReLU" against "tanh".
 */
export function nameRuns(current: RunOptions, others: readonly RunOptions[]): [string, ...string[]] {
  const differing = new Set(others.flatMap((other) => differences(current, other)));
  const own = OPTIONS.filter((spec) => differing.has(spec));
  const first = own.length === 0 || own.length > 3 ? "this run" : words(own, current);
  const taken = new Map<string, number>([[first, 1]]);
  const rest = others.map((other) => {
    const name = words(differences(current, other), other) || "same options";
    const times = (taken.get(name) ?? 0) + 1;
    taken.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
  return [first, ...rest];
}
