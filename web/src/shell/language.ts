/** Which language the page speaks: the address's, the one chosen earlier, or the browser's. */
import { preferredLanguage, isLanguage, type Language } from "../i18n/languages";
import { setLanguage } from "../i18n/index.svelte";
import { page } from "../state/page.svelte";
import { loadPreference, savePreference } from "../state/preferences";

const KEY = "alexnet-lab-language";

export function initialLanguage(): Language {
  if (page.lang !== "") return page.lang;
  const stored = loadPreference(KEY);
  return isLanguage(stored) ? stored : preferredLanguage(navigator.languages);
}

/** Changes the language and stores the choice. The address follows where it named a language. */
export async function chooseLanguage(language: Language): Promise<void> {
  await setLanguage(language);
  savePreference(KEY, language);
  if (page.lang !== "") page.lang = language;
}
