/** Nothing is lost: pages that are hidden, closed, duplicated or frozen, and two tabs on one piece of work. */
import type { Page } from "@playwright/test";
import { engine, expect, open, pause, reaches, SMALL, step, test, value } from "./support/lab";

/** What a click on the page is to the browser: only a page that was used may ask before it is closed. */
const use = (page: Page) => page.locator("h1").filter({ visible: true }).click();

const savedStep = (page: Page) => page.evaluate(async () => (await window.lab.run.saved())?.step ?? 0);

test("a run is saved when its page is hidden, and a page asks before it is closed with steps in memory", async ({ page }) => {
  await open(page, SMALL);
  await use(page);
  await page.getByTestId("start").click();
  await reaches(page, "steps", 4);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const hidden = await value(page, "steps");
  await expect.poll(() => savedStep(page), { timeout: 4000 }).toBeGreaterThanOrEqual(hidden);
  // In training there is always something that is not saved yet.
  const asked = page.waitForEvent("dialog");
  const closing = page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.dismiss();
  await closing;
  const paused = await pause(page);
  await expect.poll(() => savedStep(page)).toBe(paused);
  expect(await page.evaluate(() => window.dispatchEvent(new Event("beforeunload", { cancelable: true })))).toBe(true);
});

test("a duplicated tab has its own run, and another tab's run is not offered while that tab is open", async ({ page, context }) => {
  await open(page, SMALL);
  await step(page);
  await expect.poll(() => savedStep(page)).toBe(1);
  const session = await page.evaluate(() => ({ ...sessionStorage }));
  const copy = await context.newPage();
  await copy.addInitScript((stored) => {
    if (sessionStorage.length === 0) for (const [key, text] of Object.entries(stored)) sessionStorage.setItem(key, text as string);
  }, session);
  await open(copy, SMALL);
  expect(await savedStep(copy)).toBe(0);
  await expect(copy.getByTestId("saved-run")).toHaveCount(0);
  await step(copy);
  await step(copy);
  await expect.poll(() => savedStep(copy)).toBe(2);
  await page.reload();
  await engine(page);
  await expect(page.getByTestId("saved-run")).toContainText("step 1");
  await page.close();
  await copy.evaluate(() => window.lab.run.discard());
  // The closed tab's run is nobody's now.
  await expect.poll(() => savedStep(copy)).toBe(1);
});
