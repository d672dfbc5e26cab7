/** The page's configuration as URL parameters, and back. Only what differs from the default is written. */
import { BACKENDS, DEFAULT_OPTIONS, OPTIONS, type Backend, type OptionSpec, type RunOptions } from "../generated/protocol";

export const VIEWS = ["classify", "studio", "train", "learn", "models"] as const;
export type View = (typeof VIEWS)[number];
export const VIEW_TITLES: Readonly<Record<View, string>> = { classify: "Classify", studio: "Your pictures", train: "Train", learn: "Learn", models: "Models" };

/** Everything that a link carries. */
export interface Configuration {
  view: View;
  backend: Backend;
  /** Address of another model than the shipped one, "" for the shipped one. */
  model: string;
  options: RunOptions;
  /** The second run of a race: its parameters stand behind `rival.`, where they differ from the run's. */
  rival: RunOptions | null;
}

type Value = OptionSpec["default"];
const RIVAL = "rival";

/** Reads an address. What is not understood keeps its default and gives a sentence. */
export function parseConfiguration(search: string): { configuration: Configuration; problems: string[] } {
  const params = new URLSearchParams(search);
  const problems: string[] = [];
  const options = readOptions(params, "", DEFAULT_OPTIONS, problems);
  const races = [...params.keys()].some((key) => key === RIVAL || key.startsWith(`${RIVAL}.`));
  const configuration = {
    view: oneOf("view", VIEWS, params.get("view"), "classify", problems),
    backend: oneOf("backend", BACKENDS, params.get("backend"), "auto", problems),
    model: params.get("model") ?? "",
    options,
    rival: races ? readOptions(params, `${RIVAL}.`, options, problems) : null,
  };
  return { configuration, problems };
}

/** Writes an address's query (with its `?`, or "" where nothing differs from the defaults). Parameters of others are kept. */
export function formatConfiguration({ view, backend, model, options, rival }: Configuration, search = ""): string {
  const own = new Set(["view", "backend", "model", RIVAL, ...OPTIONS.map((spec) => spec.name)]);
  const params = new URLSearchParams(
    [...new URLSearchParams(search)].filter(([key]) => !own.has(key) && !key.startsWith(`${RIVAL}.`)),
  );
  if (view !== "classify") params.set("view", view);
  if (backend !== "auto") params.set("backend", backend);
  if (model !== "") params.set("model", model);
  writeOptions(params, "", options, DEFAULT_OPTIONS);
  if (rival) {
    const before = params.size;
    writeOptions(params, `${RIVAL}.`, rival, options);
    if (params.size === before) params.set(RIVAL, "same");
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** Holds a value against its row of the option table: the value, or the sentence that says what is allowed. */
export function checkOption(spec: OptionSpec, value: unknown): { value: Value } | { problem: string } {
  const wrong = (allowed: string) => ({ problem: `${spec.title} cannot be ${JSON.stringify(value)}: ${allowed}.` });
  const { kind } = spec;
  switch (kind.type) {
    case "number": {
      const fits = typeof value === "number" && value >= kind.min && value <= kind.max && (!kind.integer || Number.isInteger(value));
      return fits ? { value } : wrong(`use a ${kind.integer ? "whole " : ""}number from ${kind.min} to ${kind.max}`);
    }
    case "choice":
      return typeof value === "string" && kind.values.includes(value) ? { value } : wrong(`use one of ${kind.values.join(", ")}`);
    case "switch":
      return typeof value === "boolean" ? { value } : wrong("use true or false");
    case "text":
      return typeof value === "string" ? { value } : wrong("use a text");
  }
}

/** `base` with `changes`, each held against the table. Throws the first sentence. */
export function withOptions(base: RunOptions, changes: Partial<RunOptions>): RunOptions {
  const options: Record<string, Value> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const spec = OPTIONS.find((row) => row.name === name);
    if (!spec) throw new Error(`There is no option “${name}”: use ${OPTIONS.map((row) => row.name).join(", ")}.`);
    const checked = checkOption(spec, value);
    if ("problem" in checked) throw new Error(checked.problem);
    options[name] = checked.value;
  }
  return options as unknown as RunOptions;
}

function readOptions(params: URLSearchParams, prefix: string, base: RunOptions, problems: string[]): RunOptions {
  const options: Record<string, Value> = { ...base };
  for (const spec of OPTIONS) {
    const text = params.get(prefix + spec.name);
    if (text === null) continue;
    const checked = checkOption(spec, fromText(spec, text));
    if ("problem" in checked) problems.push(`${checked.problem.slice(0, -1)} (in the page's address).`);
    else options[spec.name] = checked.value;
  }
  return options as unknown as RunOptions;
}

function writeOptions(params: URLSearchParams, prefix: string, options: RunOptions, base: RunOptions): void {
  const [values, defaults] = [options, base] as unknown as Record<string, Value>[];
  for (const { name } of OPTIONS) {
    const value = values?.[name];
    if (value !== undefined && value !== defaults?.[name]) params.set(prefix + name, String(value));
  }
}

/** A parameter's text as the option's type; text that is not one stays text, for the check to refuse. */
function fromText({ kind }: OptionSpec, text: string): Value {
  if (kind.type === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (kind.type === "switch" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function oneOf<T extends string>(name: string, allowed: readonly T[], text: string | null, fallback: T, problems: string[]): T {
  if (text === null) return fallback;
  const found = allowed.find((value) => value === text);
  if (!found) problems.push(`The page's address asks for ${name} “${text}”: use one of ${allowed.join(", ")}.`);
  return found ?? fallback;
}
