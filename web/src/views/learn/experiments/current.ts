/** The experiment that the address names, with settings, seeds and images that are checked against its declaration. */
import { message, type Message } from "../../../errors/message";
import type { Experiment } from "../../../generated/protocol";
import type { Job } from "../../../engine/page/experiments/api";
import { seedList, type LearnConfiguration, type Seeds } from "../../../state/learn-url";

/** The data set that experiments use unless another one is chosen. */
export const IMAGES = "fashion-mnist";

export const findExperiment = (table: readonly Experiment[], name: string): Experiment | undefined => table.find((one) => one.name === name);

/** The first preset's values, or the first choice of a setting that it does not name. */
export function defaultSettings({ settings, presets }: Pick<Experiment, "settings" | "presets">): Record<string, string> {
  const preset = new Map(presets[0]?.values ?? []);
  return Object.fromEntries(settings.map(({ name, choices }) => [name, preset.get(name) ?? choices[0]?.name ?? ""]));
}

/** All settings, the chosen ones and the defaults. What the experiment does not have is left out. */
export function wholeSettings(experiment: Experiment, chosen: Readonly<Record<string, string>>): Record<string, string> {
  const defaults = defaultSettings(experiment);
  return Object.fromEntries(
    experiment.settings.map(({ name, choices }) => {
      const value = chosen[name];
      return [name, choices.some((choice) => choice.name === value) ? (value ?? "") : (defaults[name] ?? "")];
    }),
  );
}

/** The settings that differ from the defaults: those that the address carries. */
export function changedSettings(experiment: Experiment, settings: Readonly<Record<string, string>>): Record<string, string> {
  const defaults = defaultSettings(experiment);
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== defaults[name]));
}

export const seedsOf = (experiment: Experiment, { seeds }: Pick<LearnConfiguration, "seeds">): Seeds => seeds ?? { first: 1, count: experiment.seeds };

/** The job that the address describes. */
export function jobOf(experiment: Experiment, learn: LearnConfiguration): Job {
  return {
    name: experiment.name,
    settings: wholeSettings(experiment, learn.settings),
    seeds: seedList(seedsOf(experiment, learn)),
    images: experiment.data === "none" ? "" : learn.images || IMAGES,
  };
}

/** What of the address does not exist. */
export function problemsOf(table: readonly Experiment[], learn: LearnConfiguration): Message[] {
  if (learn.experiment === "") return [];
  const experiment = findExperiment(table, learn.experiment);
  if (!experiment) return [message("engine.addressChoice", { name: "experiment", value: learn.experiment, allowed: table.map(({ name }) => name).join(", ") })];
  return Object.entries(learn.settings).flatMap(([name, value]) => {
    const setting = experiment.settings.find((one) => one.name === name);
    const allowed = setting ? setting.choices.map((choice) => choice.name) : experiment.settings.map((one) => `set.${one.name}`);
    return setting && allowed.includes(value) ? [] : [message("engine.addressChoice", { name: `set.${name}`, value, allowed: allowed.join(", ") || "–" })];
  });
}
