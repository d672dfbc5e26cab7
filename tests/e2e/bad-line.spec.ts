/** A bad medium: files that change under a download, a site that is replaced, an engine that does not start, a browser that keeps nothing, a tab that sleeps. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Host, SITE } from "./support/host";
import { engine, expect, message, open, pageUrl, reaches, SMALL, step, test, value } from "./support/lab";
import { BLUE, RED } from "./support/pictures";
import { named, one, things } from "./support/studio";

test.describe("a download", () => {
  test.use({ allowed: /net::ERR_/ });
  test("that is cut at 40 % and changes meanwhile is the new file, whole", async ({ page }) => {
    const host = new Host();
    await host.start();
    const first = readFileSync(`${SITE}/models/alexnet-64.safetensors`);
    const second = Buffer.from(first);
    second[second.length - 1] = (second[second.length - 1] ?? 0) ^ 1;
    host.files.set("net.safetensors", { body: first, stalls: [Math.round(0.4 * first.length)] });
    await page.goto(new URL(pageUrl({ backend: "cpu", view: "models" }), host.url).href);
    await engine(page);
    await page.getByTestId("model-address").fill(host.at("net.safetensors"));
    await page.getByTestId("model-fetch").click();
    await expect(page.getByRole("progressbar", { name: "Loading net.safetensors" })).toHaveAttribute("aria-valuenow", "40");
    host.files.set("net.safetensors", { body: second, etag: '"2"' });
    host.cut();
    await expect(message(page, /^Classify now uses “net\.safetensors”/)).toBeVisible();
    const stored = await page.evaluate(async () => JSON.stringify(await window.lab.engine.storage()));
    expect(stored).toContain(createHash("sha256").update(second).digest("hex"));
    expect(host.asked.at(-1)).toEqual([`bytes=${Math.round(0.4 * first.length)}-`, '"1"']);
    await host.stop();
  });
});

test.describe("an engine that cannot be loaded", () => {
  test.use({ allowed: /net::ERR_|Failed to load/ });
  test("is started again by one press", async ({ page }) => {
    let broken = true;
    await page.route(/_bg[^/]*\.wasm/, (route) => (broken ? route.abort("connectionreset") : route.continue()));
    await page.goto(pageUrl({ ...SMALL, backend: "cpu" }));
    await expect(page.getByTestId("backend")).toHaveAttribute("data-status", "failed");
    const said = message(page, /could not be downloaded/);
    await expect(said).toBeVisible();
    broken = false;
    await said.locator("..").getByRole("button", { name: "Try again", exact: true }).click();
    await engine(page, "cpu");
    await step(page);
  });
});

test.describe("a site that was replaced by a newer build", () => {
  test.use({ allowed: /404|MIME type|Failed to load/ });
  for (const kind of ["is not there", "is the start page"] as const) {
    test(`says so where a part of the old one ${kind}, and the work stays`, async ({ page }) => {
      await named(page, 3);
      const html = (await (await page.request.get("./")).text()).replace(/assets\/index-[^".]*\.js/, "assets/index-newer000.js");
      expect(html).toContain("index-newer000");
      await page.route(/\/assets\/Learn-[^/]*\.js$/, (route) =>
        kind === "is not there" ? route.fulfill({ status: 404, body: "" }) : route.fulfill({ contentType: "text/html", body: html }));
      await page.route((url) => url.pathname.endsWith("/"), (route) => (route.request().isNavigationRequest() ? route.continue() : route.fulfill({ contentType: "text/html", body: html })));
      await page.getByTestId("view-learn").click();
      const said = message(page, /^A new version of this page is available: save your work, then reload\.$/);
      await expect(said).toBeVisible();
      await expect(message(page, /check the connection/)).toHaveCount(0);
      await page.getByTestId("view-studio").click();
      await one(page, "Apple").getByTestId("studio-files").setInputFiles(things("more", BLUE, 1));
      await expect(one(page, "Apple")).toHaveAttribute("data-count", "4");
      await page.unrouteAll();
      await said.locator("..").getByRole("button", { name: "Reload", exact: true }).click();
      await expect(one(page, "Apple")).toHaveAttribute("data-count", "4");
    });
  }
});

test("a browser that refuses to keep projects offers the export", async ({ page }) => {
  await page.addInitScript(() => {
    StorageManager.prototype.persist = () => Promise.resolve(false);
  });
  await named(page, 1);
  const hint = page.getByTestId("studio-not-persistent");
  await expect(hint).toContainText("Export the project to keep a copy");
  await expect(page.getByTestId("studio-export")).toBeEnabled();
});

test("a browser that keeps projects says nothing of it", async ({ page }) => {
  await page.addInitScript(() => {
    StorageManager.prototype.persist = () => Promise.resolve(true);
  });
  await named(page, 1);
  await expect(one(page, "Apple")).toHaveAttribute("data-count", "1");
  await expect(page.getByTestId("studio-not-persistent")).toHaveCount(0);
});

test("a tab that is frozen in the middle of a run has saved it, and goes on when it wakes", async ({ page }) => {
  await open(page, SMALL);
  const browser = await page.context().newCDPSession(page);
  await page.getByTestId("start").click();
  await reaches(page, "steps", 5);
  // A tab is hidden before the browser freezes it.
  const hidden = await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return window.lab.run.last[0]?.step ?? 0;
  });
  await browser.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((done) => setTimeout(done, 3000));
  await browser.send("Page.setWebLifecycleState", { state: "active" });
  await expect.poll(() => page.evaluate(async () => (await window.lab.run.saved())?.step ?? 0), { timeout: 4500 }).toBeGreaterThanOrEqual(hidden);
  const before = await value(page, "steps");
  await reaches(page, "steps", before + 3);
});

test("a frozen tab loses its project to the tab that is used, and follows when it wakes", async ({ page, context }) => {
  await named(page, 2);
  const browser = await context.newCDPSession(page);
  const other = await context.newPage();
  await open(other, { view: "studio" });
  await expect(other.getByTestId("studio-follows")).toBeVisible();
  await browser.send("Page.setWebLifecycleState", { state: "frozen" });
  await other.getByTestId("studio-edit-here").click();
  await expect(other.getByTestId("studio-follows")).toHaveCount(0);
  await one(other, "Apple").getByTestId("studio-files").setInputFiles(things("more", RED, 1).map((each) => ({ ...each, name: "more.jpg" })).concat(things("blue", BLUE, 1)));
  await expect(one(other, "Apple")).toHaveAttribute("data-count", "3");
  await browser.send("Page.setWebLifecycleState", { state: "active" });
  await expect(page.getByTestId("studio-follows")).toBeVisible();
  await expect(one(page, "Apple")).toHaveAttribute("data-count", "3");
});
