/**
 * The page's sentences in the visitor's language.
 *
 * `t.train.start()` gives a sentence and follows a change of language wherever a component or an effect reads it. A
 * namespace must be loaded before it is read: the shell loads those of a view before it shows the view.
 */
import loaders from "virtual:messages";
import { InternalError } from "../errors/internal";
import { isMessage, setTranslator, type Message } from "../errors/message";
import type { Catalogue, Namespace } from "../generated/messages";
import { LOCALES, type Language } from "./languages";

type Functions = Record<string, (params: Record<string, unknown>) => string>;

const current = $state<{ language: Language; loaded: number }>({ language: "en", loaded: 0 });
/** What has arrived, by language and namespace. */
const catalogues = new Map<string, Functions>();
/** Namespaces that some view has asked for: another language needs them too. */
const wanted = new Set<Namespace>();

/** The language on show. */
export const language = (): Language => current.language;

/** Its name for `Intl`. */
export const locale = (): string => LOCALES[current.language];

async function fetchMessages(language: Language, namespaces: Iterable<Namespace>): Promise<void> {
  const missing = [...namespaces].filter((namespace) => !catalogues.has(`${language}/${namespace}`));
  await Promise.all(
    missing.map(async (namespace) => {
      const load = loaders[language]?.[namespace];
      if (!load) throw new InternalError(`There is no file messages/${language}/${namespace}.json.`);
      catalogues.set(`${language}/${namespace}`, (await load()).default);
    }),
  );
}

/** Loads namespaces of the language on show. Rejects where a file cannot be had. */
export async function loadMessages(...namespaces: Namespace[]): Promise<void> {
  for (const namespace of namespaces) wanted.add(namespace);
  await fetchMessages(current.language, namespaces);
  current.loaded++;
}

/** Number of the latest choice of a language. */
let choice = 0;

/** Shows another language, once all that is on show has arrived in it; where a file cannot be had, the old one stays. */
export async function setLanguage(next: Language): Promise<void> {
  const mine = ++choice;
  await fetchMessages(next, wanted);
  // Another one was chosen while this one was on its way.
  if (mine !== choice) return;
  current.language = next;
  if (typeof document !== "undefined") document.documentElement.lang = LOCALES[next];
}

/** Whether a namespace can be read in the language on show. */
export const isLoaded = (namespace: Namespace): boolean => (void current.loaded, catalogues.has(`${current.language}/${namespace}`));

function functions(namespace: Namespace): Functions {
  const found = catalogues.get(`${current.language}/${namespace}`);
  if (!found) throw new InternalError(`The messages “${namespace}” are not loaded in “${current.language}”.`);
  return found;
}

/** All messages: `t.namespace.key(params)`. */
export const t = new Proxy({} as Catalogue, {
  get: (_, namespace) => functions(namespace as Namespace),
});

/** A message by a key that is only known at run time, undefined where there is none. */
export function lookUp(namespace: Namespace, key: string, params: Record<string, unknown> = {}): string | undefined {
  return functions(namespace)[key]?.(params);
}

/** Stands for the full stop of an inserted sentence until it is known whether text follows. */
const STOP = "\u0001";

/** A parameter as it is inserted. */
function inserted(value: unknown): unknown {
  if (Array.isArray(value)) return new Intl.ListFormat(locale()).format(value.map((item) => String(inserted(item))));
  return isMessage(value) ? translate(value).replace(/[.。]$/, STOP) : value;
}

/** A message's sentence. A sentence that is inserted loses its full stop where more text follows. */
function translate({ code, params }: Message): string {
  const [namespace = "", key = ""] = code.split(".");
  const values = Object.entries(params).map(([name, value]) => [name, inserted(value)]);
  const text = lookUp(namespace as Namespace, key, Object.fromEntries(values));
  if (text === undefined) throw new InternalError(`There is no message “${code}”.`);
  const stop = current.language === "zh" ? "。" : ".";
  return text.replaceAll(new RegExp(`${STOP}+$`, "g"), stop).replaceAll(STOP, "");
}

setTranslator(translate);
