/** The page in four languages: which one it speaks, and that all of it does. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, message, open, pageUrl, test } from "./support/lab";
import { file } from "./support/pictures";

const LANGUAGES = { en: "en", de: "de", es: "es", zh: "zh-Hans" } as const;
type Language = keyof typeof LANGUAGES;
const OTHERS = ["de", "es", "zh"] as const;
const VIEWS = ["classify", "studio", "train", "learn", "models"] as const;
const NAMESPACES = ["ui", "engine", "model", "options", "classify", "studio", "train", "learn", "models"] as const;

const catalogue = (language: Language, namespace: string) =>
  JSON.parse(readFileSync(new URL(`../../web/messages/${language}/${namespace}.json`, import.meta.url), "utf8")) as Record<string, string>;
/** A message of the catalogue without parameters. */
const said = (language: Language, namespace: string, key: string): string => (catalogue(language, namespace)[key] ?? "").replaceAll("''", "'");
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Waits until the page speaks a language: its frame and the document's `lang`. */
async function speaks(page: Page, language: Language): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("lang", LANGUAGES[language]);
  await expect(page.getByTestId("view-studio")).toHaveText(said(language, "ui", "viewStudio"));
  await expect(page.getByTestId("language")).toHaveValue(language);
}

/** Everything that can be read or heard on the page. */
const words = (page: Page) =>
  page.evaluate(() => {
    const attributes = ["aria-label", "title", "alt", "placeholder"];
    const heard = [...document.querySelectorAll(attributes.map((name) => `[${name}]`).join())].flatMap((element) => attributes.map((name) => element.getAttribute(name) ?? ""));
    return [document.title, document.body.textContent ?? "", ...heard].join("\n");
  });

/** English messages that are sentences or several words, have no parameters, and read otherwise in a language. */
function english(language: Language): string[] {
  return NAMESPACES.flatMap((namespace) => {
    const translated = catalogue(language, namespace);
    return Object.entries(catalogue("en", namespace))
      .filter(([key, text]) => !/[{<]/.test(text) && /\p{L} \p{L}/u.test(text) && translated[key] !== text)
      .map(([, text]) => text.replaceAll("''", "'"));
  });
}

for (const [locale, language] of [["de-AT", "de"], ["es-MX", "es"], ["zh-CN", "zh"], ["en-GB", "en"], ["fr-FR", "en"]] as const) {
  test.describe(`a browser in ${locale}`, () => {
    test.use({ locale });
    test(`gets the page in ${language}`, async ({ page }) => {
      await open(page);
      await speaks(page, language);
    });
  });
}

test("the address names the language, before the browser and before an earlier choice", async ({ page }) => {
  await open(page, { lang: "es" });
  await speaks(page, "es");
  await page.getByTestId("view-train").click();
  await expect(page).toHaveURL(/lang=es/);
  await open(page);
  await speaks(page, "en");
});

test("the switch changes what is on show at once, and the choice stays", async ({ page }) => {
  await open(page);
  await page.getByTestId("view-models").click();
  await expect(page).toHaveTitle(/^Models/);
  await page.getByTestId("language").selectOption("de");
  await speaks(page, "de");
  await expect(page).toHaveTitle(new RegExp(`^${said("de", "ui", "viewModels")}`));
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveText("Models");
  await page.reload();
  await speaks(page, "de");
  await page.getByTestId("language").selectOption("en");
  await speaks(page, "en");
});

for (const language of OTHERS) {
  test(`nothing is left in English: ${language}`, async ({ page }) => {
    await open(page, { lang: language });
    await speaks(page, language);
    const sentences = english(language);
    expect(sentences.length).toBeGreaterThan(100);
    for (const view of VIEWS) {
      await page.getByTestId(`view-${view}`).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    }
    const shown = await words(page);
    expect(shown).toContain(said(language, "ui", "skipToContent"));
    expect(sentences.filter((text) => shown.includes(text))).toEqual([]);
  });
}

test("only the messages of the language and the view on show are downloaded", async ({ page }) => {
  const scripts: Promise<string>[] = [];
  page.on("response", (response) => {
    if (response.url().endsWith(".js")) scripts.push(response.text());
  });
  await open(page, { lang: "de" });
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  const before = (await Promise.all(scripts)).join("\n");
  expect(before).toContain(said("de", "ui", "skipToContent"));
  expect(before).not.toContain(said("en", "ui", "skipToContent"));
  expect(before).not.toContain(said("es", "ui", "skipToContent"));
  const [learn = ""] = Object.values(catalogue("de", "learn")).filter((text) => text.length > 40 && /^[\p{L} .,:]+$/u.test(text));
  expect(learn).not.toBe("");
  expect(before).not.toContain(learn);
  await page.getByTestId("view-learn").click();
  await expect.poll(async () => (await Promise.all(scripts)).join("\n").includes(learn)).toBe(true);
});

test.describe("an error in German", () => {
  test.use({ locale: "de-DE", allowed: /status of 404/ });

  test("said by Rust, on the page and to scripts", async ({ page }) => {
    await open(page);
    const empty = said("de", "rust", "dataEmpty");
    expect(empty).not.toBe("");
    await page.getByTestId("photo-input").setInputFiles(file("leer.jpg", Buffer.alloc(0)));
    await expect(message(page, new RegExp(escaped(empty)))).toHaveAttribute("role", "alert");
    expect(await page.evaluate(() => window.lab.classify(new Blob()).catch((error: Error) => error.message))).toBe(empty);
  });

  test("said by the worker, and in the language on show when that changes", async ({ page }) => {
    await page.goto(pageUrl({ backend: "cpu", model: "nope.safetensors" }));
    await expect(message(page, /^Das Modell ist nicht da: Der Server antwortete mit .*nope\.safetensors\.$/)).toBeVisible();
    await page.getByTestId("language").selectOption("en");
    await expect(message(page, /^The model is not there: the server answered with .*nope\.safetensors\.$/)).toBeVisible();
  });

  test("said by the table of options", async ({ page }) => {
    await open(page, { dropout: 2 });
    await expect(message(page, /Dropout.* kann nicht 2 sein: eine Zahl von 0 bis 0,95 angeben \(in der Adresse der Seite\)\.$/)).toBeVisible();
  });
});
