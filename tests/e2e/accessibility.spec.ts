import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { SITE } from "./support/host";
import { downloaded, expect, message, open, reaches, SMALL, step, test } from "./support/lab";
import { file, halves, jpeg, png, RED, BLUE, GREEN } from "./support/pictures";
import { described } from "./support/weights";

const VIEWS = ["classify", "studio", "train", "learn", "models"] as const;

/** What axe has to say, one line a finding. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} (${help}): ${target.join(" ")}`));
}

/** Shows a view with something in it. */
async function show(page: Page, view: (typeof VIEWS)[number]): Promise<void> {
  await page.getByTestId(`view-${view}`).click();
  await expect(page.getByTestId(`view-${view}`)).toHaveAttribute("aria-current", "page");
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  if (view === "train") await expect(page.getByTestId("start")).toBeVisible();
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in any view, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page, SMALL);
    await page.getByTestId("race").selectOption("activation");
    await step(page);
    await page.evaluate(() => window.lab.validate(64));
    await expect(page.getByTestId("watched")).toHaveCount(6);
    await expect(page.getByTestId("confusion")).toBeVisible();
    await page.getByText("More", { exact: true }).click();
    expect(await findings(page)).toEqual([]);

    await show(page, "classify");
    await page.getByTestId("photo-input").setInputFiles(file("one.png", png(halves(RED, BLUE))));
    await expect(page.getByTestId("prediction")).toHaveCount(5);
    await page.getByTestId("why").locator("summary").click();
    await expect(page.getByTestId("occlusion-map")).toHaveAttribute("data-done", "true");
    await page.getByTestId("prediction").first().getByRole("button").focus();
    await expect(page.getByTestId("similar")).toBeVisible();
    expect(await findings(page)).toEqual([]);
    await page.getByTestId("why-maps").click();
    await expect(page.getByTestId("feature-maps")).toBeVisible();
    await page.getByTestId("photo-input").setInputFiles(file("text.jpg", Buffer.from("text")));
    await expect(page.getByTestId("message")).toHaveCount(1);
    expect(await findings(page)).toEqual([]);
    await page.getByTestId("photo-input").setInputFiles([file("one.jpg", jpeg(halves(RED, GREEN))), file("text.jpg", Buffer.from("text"))]);
    await expect(page.getByText("2 photos classified.")).toBeVisible();
    expect(await findings(page)).toEqual([]);

    await show(page, "learn");
    expect(await findings(page)).toEqual([]);

    await show(page, "models");
    await expect(page.getByTestId("model-facts")).toBeVisible();
    expect(await findings(page)).toEqual([]);
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in Your pictures, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page, { view: "studio" });
    await page.getByTestId("studio-files").first().setInputFiles(file("one.png", png(halves(RED, BLUE))));
    await expect(page.getByTestId("studio-warning")).toHaveCount(2);
    await page.getByTestId("studio-projects").click();
    await page.getByText("How it trains").click();
    await expect(page.getByTestId("studio-storage")).toBeVisible();
    expect(await findings(page)).toEqual([]);
  });
}

test("the theme can be chosen, and stays", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await expect.poll(background).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("button", { name: "Use the light theme" })).toBeVisible();
  await expect.poll(background).not.toBe(light);
});

test("the keyboard alone trains", async ({ page }) => {
  await open(page, SMALL);
  await expect(page.getByTestId("start")).toBeVisible();
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset["testid"] ?? "");
  const tabTo = async (id: string) => {
    for (let presses = 0; presses < 40 && (await focused()) !== id; presses++) await page.keyboard.press("Tab");
    expect(await focused()).toBe(id);
  };
  await tabTo("start");
  await page.keyboard.press("Enter");
  await reaches(page, "steps", 2);
  await tabTo("pause");
  await page.keyboard.press("Space");
  await expect(page.getByTestId("pause")).toHaveAttribute("aria-disabled", "true");
  // Every control explains itself when it is reached.
  await tabTo("learning-rate");
  await expect(page.locator("#option-learning-rate-help")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("#option-learning-rate-help")).toBeHidden();
});

test("messages cover nothing for good, and one that only informs leaves by itself", async ({ page }) => {
  await page.clock.install();
  await page.setViewportSize({ width: 390, height: 640 });
  await open(page, { view: "models" });
  await page.getByTestId("model-input").setInputFiles(file("mine.alexnet", await downloaded(page, "export-alexnet")));
  await expect(message(page, /^Classify now uses /)).toBeVisible();
  await page.getByTestId("model-input").setInputFiles(file("photo.jpg", jpeg(halves(RED, BLUE))));
  await expect(page.getByTestId("message")).toHaveCount(2);
  // The last control of the page, once by scrolling and once by the keyboard.
  const last = page.getByRole("button", { name: /^Train / }).last();
  const clear = async () => {
    const [stack, button] = await Promise.all([page.locator(".message").first().boundingBox(), last.boundingBox()]);
    return (stack?.y ?? 0) - ((button?.y ?? 0) + (button?.height ?? Infinity));
  };
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect.poll(clear).toBeGreaterThan(0);
  await page.evaluate(() => scrollTo(0, 0));
  await last.focus();
  await expect.poll(clear).toBeGreaterThan(0);
  // Nobody points at a message, which would keep it.
  await page.mouse.move(0, 0);
  await page.clock.fastForward(60_000);
  await expect(page.getByTestId("message")).toHaveText(/^This is a picture, not a network/);
});

test("long names of classes break where they can, and push nothing out sideways", async ({ page }) => {
  const longest = described(readFileSync(`${SITE}/models/alexnet-64.safetensors`), (description) => ({
    ...description,
    labels: Array.from({ length: 200 }, (_, i) => ({ id: `${i}`, name: i % 2 ? `a_class_with_a_very_long_name_of_its_own_number_${i}` : `Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen${i}` })),
  }));
  await page.setViewportSize({ width: 390, height: 740 });
  await open(page, { view: "models" });
  await page.getByTestId("model-input").setInputFiles({ name: "long.safetensors", mimeType: "", buffer: longest });
  await expect(message(page, /^Classify now uses /)).toBeVisible();
  await page.getByText("200 classes", { exact: true }).click();
  const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(await sideways(), "models").toBeLessThanOrEqual(0);
  await page.getByTestId("view-classify").click();
  const photo = file("one.png", png(halves(RED, BLUE)));
  await page.getByTestId("photo-input").setInputFiles(photo);
  await expect(page.getByTestId("prediction")).toHaveCount(5);
  expect(await sideways(), "one photo").toBeLessThanOrEqual(0);
  await page.getByTestId("photo-input").setInputFiles([photo, photo]);
  await expect(page.getByText("2 photos classified.")).toBeVisible();
  expect(await sideways(), "two photos").toBeLessThanOrEqual(0);
});

for (const language of ["en", "de", "es", "zh"]) {
  test(`on a phone nothing sticks out sideways, ${language}`, async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(page, { ...SMALL, lang: language });
    await step(page);
    for (const view of VIEWS) {
      await show(page, view);
      // The name of the model in use is the longest text of a list, and comes with the model.
      if (view === "studio") await expect(page.locator('[data-testid="studio-start"] option[value="model"]')).toContainText(/[(（]/);
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(wide, view).toBeLessThanOrEqual(screen ?? 0);
    }
  });
}

test("a table that is wider than a phone scrolls in a frame of its own, and says so", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, { view: "learn" });
  await expect(page.getByText("Scroll the table sideways to see the rest.")).toBeVisible();
});
