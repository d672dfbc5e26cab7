/** The page's configuration as URL parameters, and back. Only what differs from the default is written. */
import { message, messageError, MessageError, type Message } from "../errors/message";
import { optionTitle } from "../i18n/options";
import { isLanguage, LANGUAGES, type Language } from "../i18n/languages";
import { isLearnParameter, NO_LEARN, parseLearn, writeLearn, type LearnConfiguration } from "./learn-url";
import { isClassroomParameter, NO_CLASSROOM, parseClassroom, writeClassroom, type Classroom } from "./classroom";
import { BACKENDS, DEFAULT_OPTIONS, OPTIONS, type Backend, type OptionSpec, type RunOptions } from "../generated/protocol";

export const VIEWS = ["classify", "studio", "train", "learn", "models"] as const;
export type View = (typeof VIEWS)[number];

/** Everything that a link carries. */
export interface Configuration {
  view: View;
  backend: Backend;
  /** The language that the address asks for, "" for the browser's. */
  lang: Language | "";
  /** Address of another model than the shipped one, "" for the shipped one. */
  model: string;
  options: RunOptions;
  /** The second run of a race: its parameters stand behind `rival.`, where they differ from the run's. */
  rival: RunOptions | null;
  /** Which experiment Learn shows. Written while Learn is shown. */
  learn: LearnConfiguration;
  /** What a teacher's link hides. */
  classroom: Classroom;
}

/** What an address needs: a link into another view says nothing about Learn. */
export type Addressed = Omit<Configuration, "learn" | "classroom"> & Partial<Pick<Configuration, "learn" | "classroom">>;

type Value = OptionSpec["default"];
const RIVAL = "rival";

/** Reads an address. What is not understood keeps its default and gives a message. */
export function parseConfiguration(search: string): { configuration: Configuration; problems: Message[] } {
  const params = new URLSearchParams(search);
  const problems: Message[] = [];
  const options = readOptions(params, "", DEFAULT_OPTIONS, problems);
  const races = [...params.keys()].some((key) => key === RIVAL || key.startsWith(`${RIVAL}.`));
  const lang = params.get("lang");
  if (lang !== null && !isLanguage(lang)) problems.push(message("engine.addressChoice", { name: "lang", value: lang, allowed: LANGUAGES.join(", ") }));
  const configuration = {
    view: oneOf("view", VIEWS, params.get("view"), "classify", problems),
    backend: oneOf("backend", BACKENDS, params.get("backend"), "auto", problems),
    lang: isLanguage(lang) ? lang : ("" as const),
    model: params.get("model") ?? "",
    options,
    rival: races ? readOptions(params, `${RIVAL}.`, options, problems) : null,
    learn: parseLearn(params, problems),
    classroom: parseClassroom(params, problems),
  };
  return { configuration, problems };
}

/** Writes an address's query (with its `?`, or "" where nothing differs from the defaults). Parameters of others are kept. */
export function formatConfiguration({ view, backend, lang, model, options, rival, learn = NO_LEARN, classroom = NO_CLASSROOM }: Addressed, search = ""): string {
  const own = new Set(["view", "backend", "lang", "model", RIVAL, ...OPTIONS.map((spec) => spec.name)]);
  const params = new URLSearchParams(
    [...new URLSearchParams(search)].filter(([key]) => !own.has(key) && !key.startsWith(`${RIVAL}.`) && !isLearnParameter(key) && !isClassroomParameter(key)),
  );
  if (view !== "classify") params.set("view", view);
  if (backend !== "auto") params.set("backend", backend);
  if (lang !== "") params.set("lang", lang);
  if (view === "learn") writeLearn(params, learn);
  writeClassroom(params, classroom);
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

/** Holds a value against its row of the option table: the value, or the message that says what is allowed. */
export function checkOption(spec: OptionSpec, value: unknown): { value: Value } | { problem: Message } {
  const { kind, name } = spec;
  const given = { option: optionTitle(name), value: JSON.stringify(value) ?? "" };
  switch (kind.type) {
    case "number": {
      const fits = typeof value === "number" && value >= kind.min && value <= kind.max && (!kind.integer || Number.isInteger(value));
      if (fits) return { value };
      const range = { ...given, min: kind.min, max: kind.max };
      return { problem: kind.integer ? message("engine.optionWholeNumber", range) : message("engine.optionNumber", range) };
    }
    case "choice":
      return typeof value === "string" && kind.values.includes(value) ? { value } : { problem: message("engine.optionChoice", { ...given, allowed: kind.values.join(", ") }) };
    case "switch":
      return typeof value === "boolean" ? { value } : { problem: message("engine.optionSwitch", given) };
    case "text":
      return typeof value === "string" ? { value } : { problem: message("engine.optionText", given) };
  }
}

/** `base` with `changes`, each held against the table. Throws the first problem. */
export function withOptions(base: RunOptions, changes: Partial<RunOptions>): RunOptions {
  const options: Record<string, Value> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const spec = OPTIONS.find((row) => row.name === name);
    if (!spec) throw messageError("engine.optionUnknown", { name, allowed: OPTIONS.map((row) => row.name).join(", ") });
    const checked = checkOption(spec, value);
    if ("problem" in checked) throw new MessageError(checked.problem);
    options[name] = checked.value;
  }
  return options as unknown as RunOptions;
}

function readOptions(params: URLSearchParams, prefix: string, base: RunOptions, problems: Message[]): RunOptions {
  const options: Record<string, Value> = { ...base };
  for (const spec of OPTIONS) {
    const text = params.get(prefix + spec.name);
    if (text === null) continue;
    const checked = checkOption(spec, fromText(spec, text));
    if ("problem" in checked) problems.push(message("engine.inAddress", { problem: checked.problem }));
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

function oneOf<T extends string>(name: string, allowed: readonly T[], text: string | null, fallback: T, problems: Message[]): T {
  if (text === null) return fallback;
  const found = allowed.find((value) => value === text);
  if (!found) problems.push(message("engine.addressChoice", { name, value: text, allowed: allowed.join(", ") }));
  return found ?? fallback;
}
