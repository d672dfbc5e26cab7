import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inSvelte, inTypeScript, readsLikeText, type Finding } from "./literals";

const folder = new URL("../src/", import.meta.url);

/** Files whose texts are not for visitors. */
const SKIPPED = /^generated\/|\.test\.ts$|^views\/train\/fake-engine\.ts$|\.d\.ts$/;

/** Texts that stay in the code, by file. */
const EXCEPTIONS: Record<string, string[]> = {
};

/** Files that still have texts. */
const PENDING = new Set<string>([]);

const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/")).filter((file) => /\.(ts|svelte)$/.test(file) && !SKIPPED.test(file)).sort();

function findings(file: string): Finding[] {
  const source = readFileSync(new URL(file, folder), "utf8");
  const all = file.endsWith(".svelte") ? inSvelte(source) : inTypeScript(source);
  return all.filter(({ text }) => !EXCEPTIONS[file]?.includes(text));
}

describe("texts outside of the catalogue", () => {
  it.each(files.filter((file) => !PENDING.has(file)))("are not in %s", (file) => {
    expect(findings(file).map(({ line, text }) => `${file}:${line}: ${text}`)).toEqual([]);
  });
});
