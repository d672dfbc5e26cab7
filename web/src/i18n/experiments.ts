/** Texts of the experiments. Their English is in crate/protocol/src/experiments. */
import { lookUp } from "./index.svelte";

/** The key of a text in the catalogue: `responseNormAnswerWorse`, as `Experiment::key` makes it. */
export function experimentKey(name: string, ...parts: string[]): string {
  const words = [name, ...parts].flatMap((part) => part.split(/[-=./ ]/)).filter((word) => word !== "");
  return words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
}

/** A text of an experiment in the language on show. The namespace `experiments` must be loaded. */
export const experimentText = (name: string, ...parts: string[]): string => lookUp("experiments", experimentKey(name, ...parts)) ?? parts.at(-1) ?? name;
