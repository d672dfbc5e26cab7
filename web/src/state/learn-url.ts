/**
 * What the address says about Learn: `experiment`, `path`, `set.NAME=VALUE`, `seeds`, `images`. The table of experiments
 * belongs to the view, so names and values are checked there.
 */
import { message, type Message } from "../errors/message";

/** Seeds in a row. */
export interface Seeds { first: number; count: number }

export interface LearnConfiguration {
  /** The experiment on show, "" for the list. */
  experiment: string;
  /** The path through the experiments that is followed, "" for none. */
  path: string;
  /** Settings that differ from the first preset's. */
  settings: Record<string, string>;
  /** null for as many as the experiment declares, from 1 on. */
  seeds: Seeds | null;
  /** The data set, "" for Fashion-MNIST. */
  images: string;
}

export const NO_LEARN: LearnConfiguration = { experiment: "", path: "", settings: {}, seeds: null, images: "" };

/** Most seeds of an experiment. */
export const MOST_SEEDS = 20;
const LARGEST_SEED = 4_294_967_295;
const PREFIX = "set.";

/** Whether a parameter is one of Learn's. */
export const isLearnParameter = (name: string): boolean => ["experiment", "path", "seeds", "images"].includes(name) || name.startsWith(PREFIX);

/** `5` (from 1 to 5), `7-11`; null where it is neither. */
export function parseSeeds(text: string): Seeds | null {
  const [, from, to] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  if (from === undefined) return null;
  const [first, last] = to === undefined ? [1, Number(from)] : [Number(from), Number(to)];
  const count = last - first + 1;
  return count >= 1 && count <= MOST_SEEDS && last <= LARGEST_SEED ? { first, count } : null;
}

export const formatSeeds = ({ first, count }: Seeds): string => (first === 1 ? String(count) : `${first}-${first + count - 1}`);

/** The seeds after these, as many. They begin anew where they would be too large. */
export const nextSeeds = ({ first, count }: Seeds): Seeds => ({ first: first + 2 * count - 1 > LARGEST_SEED ? 1 : first + count, count });

export const seedList = ({ first, count }: Seeds): number[] => Array.from({ length: count }, (_, i) => first + i);

export function parseLearn(params: URLSearchParams, problems: Message[]): LearnConfiguration {
  const settings = Object.fromEntries([...params].filter(([name]) => name.startsWith(PREFIX)).map(([name, value]) => [name.slice(PREFIX.length), value]));
  const text = params.get("seeds");
  const seeds = text === null ? null : parseSeeds(text);
  if (text !== null && !seeds) problems.push(message("engine.addressChoice", { name: "seeds", value: text, allowed: `1, 2, … ${MOST_SEEDS}, 11-15` }));
  return { experiment: params.get("experiment") ?? "", path: params.get("path") ?? "", settings, seeds, images: params.get("images") ?? "" };
}

export function writeLearn(params: URLSearchParams, { experiment, path, settings, seeds, images }: LearnConfiguration): void {
  if (path !== "") params.set("path", path);
  if (experiment === "") return;
  params.set("experiment", experiment);
  for (const [name, value] of Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))) params.set(PREFIX + name, value);
  if (seeds) params.set("seeds", formatSeeds(seeds));
  if (images !== "") params.set("images", images);
}
