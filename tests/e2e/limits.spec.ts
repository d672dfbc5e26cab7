/** Browsers and hosts that lack something: the page says what, and what to do. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, open, SMALL, test } from "./support/lab";
import { SITE } from "./support/host";

const NOT_RUNNING = "AlexNet Lab is not running yet.";

test.describe("where scripts do not run", () => {
  test.use({ javaScriptEnabled: false });
  test("the page says so", async ({ page }) => {
    await page.goto("./");
    await expect(page.locator(".not-running")).toContainText(NOT_RUNNING);
    await expect(page.locator(".not-running")).toBeVisible();
  });
});

test.describe("opened by a double click", () => {
  test.use({ allowed: /./ });
  test("the page says that it needs a server", async ({ page }) => {
    await page.goto(pathToFileURL(`${fileURLToPath(new URL(`${SITE}/`, "file:"))}index.html`).href);
    await expect(page.locator(".not-running")).toBeVisible();
    await expect(page.locator(".not-running")).toContainText("web server");
  });
});

test.describe("without WebAssembly", () => {
  test.use({ allowed: /WebAssembly/ });
  test("the page names what is switched off", async ({ page }) => {
    await page.route(/assets\/worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `self.WebAssembly = undefined;${await response.text()}` });
    });
    await page.goto("./?backend=cpu");
    await expect(page.getByTestId("message").filter({ hasText: "WebAssembly is switched off" })).toBeVisible();
  });
});

test("at 400 % zoom nothing sticks out and the header does not stay", async ({ page }) => {
  // 1280 × 1024 pixels at 400 %.
  await page.setViewportSize({ width: 320, height: 256 });
  await open(page, { ...SMALL, lang: "es" });
  for (const view of ["classify", "studio", "train", "learn", "models"]) {
    await page.getByTestId(`view-${view}`).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(320);
  }
  await page.evaluate(() => scrollTo(0, 400));
  await expect(page.getByTestId("view-train")).not.toBeInViewport();
});

test("forced colours still tell the current view and whether the engine runs", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await open(page, { view: "classify" });
  const current = page.getByTestId("view-classify");
  await expect(current).toHaveCSS("outline-style", "solid");
  await expect(page.getByTestId("view-train")).not.toHaveCSS("outline-style", "solid");
  const dot = page.locator(".dot");
  await expect(dot).toHaveClass(/\bon\b/);
  const colours = await dot.evaluate((element) => [getComputedStyle(element).backgroundColor, getComputedStyle(document.body).backgroundColor]);
  expect(colours[0]).not.toBe(colours[1]);
});

test("the policy of the header is in the page too, for hosts that send none", async ({ page, request }) => {
  const header = (await request.get("./")).headers()["content-security-policy"] ?? "";
  await page.goto("./");
  const meta = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
  expect(`${meta}; frame-ancestors 'none'`).toBe(header);
});
