/** The languages of the page. */

export const LANGUAGES = ["en", "de", "es", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language's name in itself, as people look for it in a list. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch", es: "Español", zh: "简体中文" };

/** What `lang` of the document and `Intl` take. */
export const LOCALES: Readonly<Record<Language, string>> = { en: "en", de: "de", es: "es", zh: "zh-Hans" };

export const isLanguage = (value: unknown): value is Language => LANGUAGES.some((language) => language === value);

/** The first of the browser's languages that the page speaks, else English. */
export function preferredLanguage(wanted: readonly string[]): Language {
  const primary = wanted.map((tag) => tag.toLowerCase().split("-")[0]);
  return primary.find(isLanguage) ?? "en";
}
