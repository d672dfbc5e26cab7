import { afterEach, expect, it, vi } from "vitest";
import { language, loadMessages, setLanguage } from "./index.svelte";

afterEach(async () => setLanguage("en"));

it("shows the language that was chosen last, in whatever order their messages arrive", async () => {
  await loadMessages("ui");
  const german = setLanguage("de");
  // Nothing is missing for English, so that it is there at once.
  const english = setLanguage("en");
  await Promise.all([german, english]);
  expect(language()).toBe("en");
  await setLanguage("es");
  expect(language()).toBe("es");
  vi.restoreAllMocks();
});
