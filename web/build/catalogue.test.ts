import { describe, expect, it } from "vitest";
import { parse, type Token } from "@messageformat/parser";
import { LANGUAGES, LOCALES } from "../src/i18n/languages";
import { cases, compile, languages, namespaces, parameters, read } from "./catalogue.mjs";

/** Plural categories that a message names, by parameter: `count one other`. */
function plurals(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const visit = (tokens: readonly Token[]) => {
    for (const token of tokens) {
      if (!("cases" in token)) continue;
      if (token.type === "plural") found.set(token.arg, new Set(token.cases.map(({ key }) => key).filter((key) => !key.startsWith("="))));
      for (const one of token.cases) visit(one.tokens);
    }
  };
  visit(parse(text));
  return found;
}

it("is there in every language of the page, and in no other", () => {
  expect(languages().sort()).toEqual([...LANGUAGES].sort());
});

const rest = languages().filter((language) => language !== "en");

describe.each(namespaces())("%s", (namespace) => {
  const english = read("en", namespace);

  it.each(languages())("compiles in %s, and no message is empty", (language) => {
    expect(() => compile(language, namespace)).not.toThrow();
    const empty = Object.entries(read(language, namespace)).filter(([, text]) => text.trim() === "").map(([key]) => key);
    expect(empty).toEqual([]);
  });

  it.each(rest)("has the same messages in %s, with the same parameters and cases", (language) => {
    const other = read(language, namespace);
    expect(Object.keys(other).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(other)) {
      const original = english[key] ?? "";
      expect([...parameters(text).keys()].sort(), `parameters of ${key}`).toEqual([...parameters(original).keys()].sort());
      expect(cases(text), `cases of ${key}`).toEqual(cases(original));
    }
  });

  it.each(languages())("names the plural forms that %s has", (language) => {
    const forms = new Intl.PluralRules(LOCALES[language as keyof typeof LOCALES]).resolvedOptions().pluralCategories;
    for (const [key, text] of Object.entries(read(language, namespace))) {
      for (const [parameter, named] of plurals(text)) {
        // Spanish has a form for millions, which reads like the general one here.
        const missing = forms.filter((form) => form !== "many" && !named.has(form));
        expect(missing, `${key}: ${parameter}`).toEqual([]);
      }
    }
  });
});
