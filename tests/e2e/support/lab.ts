/** What every test of the page begins with. */
import { readFile } from "node:fs/promises";
import { expect, test as base, type Locator, type Page } from "@playwright/test";
import type { LabApi, LiveMetrics } from "../../../web/src/engine/page/api";
import type { Slot } from "../../../web/src/engine/shared/protocol";

export { expect };

declare global {
  interface Window {
    lab: LabApi;
    /** Filled from {@link recordSteps} on. */
    steps: ({ slot: Slot } & LiveMetrics)[];
  }
}

/** Tests that fail on any error in a console (page or worker), apart from those that `allowed` matches. */
export const test = base.extend<{ allowed: RegExp; quiet: undefined }>({
  allowed: [/^\b$/, { option: true }],
  quiet: [
    async ({ context, allowed }, use) => {
      const errors: string[] = [];
      context.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} (${message.location().url})`));
      context.on("weberror", (error) => errors.push(error.error().message));
      await use(undefined);
      expect(errors.filter((error) => !allowed.test(error)), "errors in the console").toEqual([]);
    },
    { auto: true },
  ],
});

export type Parameters = Record<string, string | number | boolean>;

/** A run so small that a step takes a few hundredths of a second on a processor. */
export const SMALL: Parameters = { view: "train", width: 0.25, batchSize: 16, trainImages: 1000 };

/** Opens the page, on the CPU unless told otherwise, and waits until its engine runs. */
export async function open(page: Page, parameters: Parameters = {}): Promise<void> {
  await page.goto(pageUrl({ backend: "cpu", ...parameters }));
  await engine(page);
}

export function pageUrl(parameters: Parameters): string {
  return `./?${new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]))}`;
}

/** Waits until the engine runs; the element that names it. */
export async function engine(page: Page, backend: RegExp | string = /cpu|webgpu/): Promise<Locator> {
  const chip = page.getByTestId("backend");
  await expect(chip).toHaveAttribute("data-backend", backend);
  return chip;
}

/** A read-out's number, NaN where it has none yet. */
export async function value(page: Page, id: string): Promise<number> {
  return Number((await page.getByTestId(id).getAttribute("data-value")) ?? Number.NaN);
}

/** Waits for a read-out's number to pass a bound. */
export async function reaches(page: Page, id: string, bound: number, timeout = 60_000): Promise<void> {
  await expect.poll(() => value(page, id), { message: id, timeout }).toBeGreaterThanOrEqual(bound);
}

/** Presses Step and waits for it. */
export async function step(page: Page): Promise<number> {
  const before = (await value(page, "steps")) || 0;
  await page.getByTestId("step").click();
  await expect(page.getByTestId("steps")).toHaveAttribute("data-value", String(before + 1));
  return value(page, "loss");
}

/** Presses Pause and waits until no step is in flight. */
export async function pause(page: Page): Promise<number> {
  // Forced, since a run that has just ended by itself leaves nothing to wait for: its button is disabled.
  await page.getByTestId("pause").click({ force: true });
  await expect.poll(() => page.evaluate(() => window.lab.run.phase)).not.toBe("running");
  return value(page, "steps");
}

/** Types a number into a control as a person would. */
export async function type(page: Page, id: string, text: string | number): Promise<void> {
  const control = page.getByTestId(id);
  await control.fill(String(text));
  await control.press("Tab");
}

/** Writes every reported step into `window.steps`. */
export async function recordSteps(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.steps = [];
    window.lab.run.on("step", ({ slot, metrics }) => window.steps.push({ slot, ...metrics }));
  });
}

/** The shown message that says this. */
export function message(page: Page, words: RegExp): Locator {
  return page.getByTestId("message").filter({ hasText: words, visible: true });
}

/** Runs a script at the beginning of the page's worker, before its own: what another browser would be like. */
export async function beforeWorker(page: Page, script: string): Promise<void> {
  await page.route(/\/assets\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${script};\n${await response.text()}` });
  });
}

/** The bytes that a button saves as a file. */
export async function downloaded(page: Page, testid: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId(testid).click()]);
  return readFile(await download.path());
}
