/**
 * The message catalogue: `messages/<language>/<namespace>.json`, in ICU MessageFormat.
 *
 * A Vite plugin compiles each file into a module of functions, one chunk for each language and namespace, so that a
 * view loads the sentences of its language alone. The types of all messages and their parameters are written to
 * `src/generated/messages.ts` from the English files. A message that does not parse stops the build.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import MessageFormat from "@messageformat/core";
import compileModule from "@messageformat/core/compile-module.js";
import { parse } from "@messageformat/parser";

const web = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(web, "messages");
const typesFile = join(web, "src/generated/messages.ts");
const INDEX = "virtual:messages";

/** Languages by their folders, English first. */
export const languages = () => ["en", ...readdirSync(folder).filter((name) => name !== "en").sort()];

/** Names of the catalogue's files, from the English folder. */
export const namespaces = () => readdirSync(join(folder, "en")).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).sort();

/** Messages of a namespace in a language. */
export function read(language, namespace) {
  const file = join(folder, language, `${namespace}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

const NUMBERS = new Set(["plural", "selectordinal"]);
const NUMBER_FUNCTIONS = new Set(["number"]);

/** Parameters of a message with their TypeScript types. */
export function parameters(text, found = new Map()) {
  const visit = (tokens) => {
    for (const token of tokens) {
      if (token.type === "argument") add(token.arg, "string");
      else if (token.type === "function") add(token.arg, NUMBER_FUNCTIONS.has(token.key) ? "number" : "string");
      else if (NUMBERS.has(token.type)) add(token.arg, "number");
      else if (token.type === "select") add(token.arg, token.cases.map(({ key }) => JSON.stringify(key)).join(" | "));
      for (const one of token.cases ?? []) visit(one.tokens);
    }
  };
  const add = (name, type) => {
    if (!found.has(name) || found.get(name) === "string") found.set(name, type);
  };
  visit(parse(text, { strict: false }));
  return found;
}

/** The plural and select cases of a message, as `parameter:case`, sorted. */
export function cases(text) {
  const found = [];
  const visit = (tokens) => {
    for (const token of tokens) {
      for (const one of token.cases ?? []) {
        if (token.type === "select") found.push(`${token.arg}:${one.key}`);
        visit(one.tokens);
      }
    }
  };
  visit(parse(text, { strict: false }));
  return [...new Set(found)].sort();
}

/** TypeScript types of the catalogue. */
function types() {
  const lines = [
    "// Written from web/messages/en by web/build/catalogue.mjs: change it there.",
    'import type { Message } from "../errors/message";',
    "",
    "/** A parameter that is text. A message is translated before it is inserted; several become a list: “a, b and c”. */",
    "export type Text = string | Message | readonly (string | Message)[];",
  ];
  const all = namespaces().map((namespace) => {
    const messages = Object.entries(read("en", namespace)).map(([key, text]) => {
      const params = [...parameters(text)];
      return { key, params };
    });
    return { namespace, messages };
  });
  lines.push("", "/** Every message as a function of its parameters. */", "export interface Catalogue {");
  for (const { namespace, messages } of all) {
    lines.push(`  ${namespace}: {`);
    for (const { key, params } of messages) {
      const list = params.map(([name, type]) => `${name}: ${type}`).join("; ");
      lines.push(`    ${key}(${list === "" ? "" : `params: { ${list} }`}): string;`);
    }
    lines.push("  };");
  }
  lines.push("}", "", "/** The parameters of each message, by its code. */", "export interface MessageParams {");
  for (const { namespace, messages } of all) {
    for (const { key, params } of messages) {
      const list = params.map(([name, type]) => `${name}: ${type === "string" ? "Text" : type}`).join("; ");
      lines.push(`  "${namespace}.${key}": ${list === "" ? "Record<never, never>" : `{ ${list} }`};`);
    }
  }
  lines.push("}", "", "/** A file of the catalogue. */", "export type Namespace = keyof Catalogue;", "");
  return lines.join("\n");
}

/** Writes the types where they changed. */
export function writeTypes() {
  const text = types();
  if (existsSync(typesFile) && readFileSync(typesFile, "utf8") === text) return;
  mkdirSync(dirname(typesFile), { recursive: true });
  writeFileSync(typesFile, text);
}

/** A namespace as a module of functions, compiled; nothing of MessageFormat's parser is left in it. */
export function compile(language, namespace) {
  const format = new MessageFormat(language, { strict: false });
  const messages = read(language, namespace);
  if (Object.keys(messages).length === 0) return "export default {};";
  try {
    return compileModule(format, messages);
  } catch (error) {
    for (const [key, text] of Object.entries(messages)) {
      try {
        format.compile(text);
      } catch (cause) {
        throw new Error(`messages/${language}/${namespace}.json: ${key}: ${cause.message}`, { cause });
      }
    }
    throw error;
  }
}

/** The module that loads all others on demand. */
function index() {
  const rows = languages().map((language) => {
    const loaders = namespaces().map((namespace) => `    ${namespace}: () => import("${INDEX}/${language}/${namespace}"),`);
    return `  ${language}: {\n${loaders.join("\n")}\n  },`;
  });
  return `export default {\n${rows.join("\n")}\n};\n`;
}

/** The Vite plugin. */
export function catalogue() {
  return {
    name: "message-catalogue",
    buildStart: writeTypes,
    resolveId: (id) => (id === INDEX || id.startsWith(`${INDEX}/`) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${INDEX}`)) return undefined;
      if (id === `\0${INDEX}`) return index();
      const [, language, namespace] = id.split("/");
      this.addWatchFile?.(join(folder, language, `${namespace}.json`));
      return compile(language, namespace);
    },
    hotUpdate({ file, server }) {
      if (!file.startsWith(folder)) return undefined;
      writeTypes();
      const changed = [...server.moduleGraph.idToModuleMap.values()].filter(({ id }) => id?.startsWith(`\0${INDEX}`));
      for (const module of changed) server.moduleGraph.invalidateModule(module);
      server.hot.send({ type: "full-reload" });
      return [];
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeTypes();
