/** Your pictures, as a visitor fills, trains and asks them. */
import type { Page } from "@playwright/test";
import { imageFolder, pictures, zip } from "./archives";
import { expect, open } from "./lab";
import { BLUE, file, RED, type InputFile } from "./pictures";

export const things = (name: string, colour: typeof RED, count: number): InputFile[] => pictures(colour, count).map((bytes, i) => file(`${name} ${i}.jpg`, bytes));
export const one = (page: Page, name: string) => page.locator(`[data-testid="studio-class"][data-name="${name}"]`);
export const counts = (page: Page, expected: Record<string, number>) =>
  expect
    .poll(() => page.getByTestId("studio-class").evaluateAll((cards) => Object.fromEntries(cards.map((card) => [(card as HTMLElement).dataset["name"], Number((card as HTMLElement).dataset["count"])]))))
    .toEqual(expected);

export async function epochs(page: Page, count: number): Promise<void> {
  await page.getByText("How it trains").click();
  await page.getByTestId("studio-head-epochs").fill(String(count));
  await page.getByTestId("studio-head-epochs").press("Tab");
}

/** Opens the view with three classes of drawn pictures, few epochs planned. */
export async function filled(page: Page, count = 12, planned = 4): Promise<void> {
  await open(page, { view: "studio" });
  await page.getByTestId("studio-zip").setInputFiles(zip("drawn.zip", imageFolder(count)));
  await counts(page, { leaf: count, rose: count, sky: count });
  await expect(page.getByTestId("studio-intake")).toHaveCount(0);
  await epochs(page, planned);
}

/** Opens the view with two classes made by name, so many pictures in each: red apples and blue berries. */
export async function named(page: Page, count: number): Promise<void> {
  await open(page, { view: "studio" });
  for (const [place, name, colour] of [[0, "Apple", RED], [1, "Berry", BLUE]] as const) {
    const input = page.getByTestId("studio-class-name").nth(place);
    await input.fill(name);
    await input.press("Enter");
    await one(page, name).getByTestId("studio-files").setInputFiles(things(name, colour, count));
  }
}

export const done = (page: Page) => expect(page.getByTestId("studio-accuracy")).toBeVisible({ timeout: 120_000 });
export const accuracy = async (page: Page) => Number(await page.getByTestId("studio-accuracy").getAttribute("data-value"));

export async function guess(page: Page, picture: InputFile): Promise<{ label: string | null; probability: string | null }> {
  const answer = page.getByTestId("studio-answer");
  const answered = Number(await answer.getAttribute("data-answered"));
  await page.getByTestId("studio-try-input").setInputFiles(picture);
  await expect(answer).toHaveAttribute("data-answered", `${answered + 1}`);
  return { label: await answer.getAttribute("data-label"), probability: await answer.getAttribute("data-probability") };
}

/** Takes the messages away, which may lie over what is at the bottom. */
export async function dismiss(page: Page): Promise<void> {
  const close = page.getByRole("button", { name: /^Dismiss/ });
  while ((await close.count()) > 0) await close.first().click();
}

/** Trains, and presses Pause as soon as more than `steps` are done: a fast machine would be through before a test could. */
export async function trainAndPause(page: Page, steps: number): Promise<void> {
  await page.evaluate((steps) => {
    const off = window.lab.fineTune.on("step", ({ metrics }) => {
      const pause = document.querySelector<HTMLButtonElement>('[data-testid="studio-pause"]');
      if (metrics.step <= steps || !pause) return;
      off();
      pause.click();
    });
  }, steps);
  await page.getByTestId("studio-train").click();
  await expect(page.getByTestId("studio-go-on")).toBeVisible();
}
