/** Every message of the catalogue is used. That none is missing is checked by the types. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { namespaces, read } from "./catalogue.mjs";

const folder = new URL("../src/", import.meta.url);
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(ts|svelte)$/.test(file) && !file.startsWith("generated") && !file.endsWith(".test.ts"))
  .map((file) => readFileSync(new URL(file, folder), "utf8"))
  .join("\n");

/** Namespaces whose keys are made at run time: from option names, class ids, and the codes of Rust. */
const DYNAMIC = new Set(["options", "classes", "rust", "experiments"]);

it.each(namespaces().filter((namespace) => !DYNAMIC.has(namespace)))("%s has no message that nobody uses", (namespace) => {
  // `t.ns.key`, and `"ns.key"` as a code.
  const used = new Set([...sources.matchAll(new RegExp(`(?:\\bt\\.${namespace}\\.|["'\`]${namespace}\\.)(\\w+)`, "g"))].map(([, key]) => key));
  expect(Object.keys(read("en", namespace)).filter((key) => !used.has(key))).toEqual([]);
});
