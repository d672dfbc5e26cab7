/** Your own pictures: what is kept, lost storage, taking away and bringing back. */
import type { Page } from "@playwright/test";
import { beforeWorker, downloaded, expect, message, open, test } from "./support/lab";
import { BLUE, file, jpeg, plain, RED } from "./support/pictures";
import { accuracy, counts, dismiss, done, filled, guess, one, things, trainAndPause } from "./support/studio";

test("a tab closed in the middle of a run goes on where it was", async ({ page }) => {
  await filled(page, 12, 200);
  await page.evaluate(() => window.lab.fineTune.on("step", ({ metrics }) => sessionStorage.setItem("steps", `${sessionStorage.getItem("steps") ?? ""}${metrics.step}:${Date.now()} `)));
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(5);
  await page.waitForFunction(() => /:(\d+) $/.exec(sessionStorage.getItem("steps") ?? "") !== null && Number(/(\d+):\d+ $/.exec(sessionStorage.getItem("steps") ?? "")?.[1]) > 8);
  const closed = Date.now();
  await page.reload();
  const again = page.getByTestId("studio-go-on");
  await expect(again).toBeVisible();
  const saved = Number(/step (\d+)/.exec((await again.textContent()) ?? "")?.[1]);
  const steps = await page.evaluate(() => (sessionStorage.getItem("steps") ?? "").trim().split(" ").map((one) => one.split(":").map(Number)));
  // A second of work at most, and another for a machine that is busy.
  const safe = Math.max(0, ...steps.filter(([, at = 0]) => at < closed - 2000).map(([step = 0]) => step));
  expect(saved).toBeGreaterThanOrEqual(safe);
  expect(saved).toBeGreaterThan(0);
  expect(Number(await page.getByTestId("studio-loss-chart").getAttribute("data-points"))).toBeGreaterThan(0);
  await again.click();
  await done(page);
  expect(await accuracy(page)).toBeGreaterThan(0.9);
});

test("a class renamed in the middle of a run: the run goes on, and its network knows the new name", async ({ page }) => {
  await filled(page, 12, 60);
  await trainAndPause(page, 5);
  const name = one(page, "rose").getByTestId("studio-class-name");
  await name.fill("Tulip");
  await name.press("Enter");
  await counts(page, { leaf: 12, Tulip: 12, sky: 12 });
  await page.reload();
  await page.getByTestId("studio-go-on").click();
  await done(page);
  await expect(page.locator('[data-testid="studio-class-accuracy"][data-label="Tulip"]')).toBeVisible();
  const red = file("red.jpg", jpeg(plain(RED)));
  expect((await guess(page, red)).label).toBe("Tulip");
  // Renamed once more after it was trained.
  const again = one(page, "Tulip").getByTestId("studio-class-name");
  await again.fill("Poppy");
  await again.press("Enter");
  await expect(page.locator('[data-testid="studio-class-accuracy"][data-label="Poppy"]')).toBeVisible();
  expect((await guess(page, red)).label).toBe("Poppy");
  await page.getByTestId("studio-find-nearest").click();
  await expect(page.getByTestId("studio-neighbour").first()).toHaveAttribute("data-label", "Poppy");
  const bytes = await downloaded(page, "studio-export-safetensors");
  expect(bytes.subarray(8, 4000).toString()).toContain('{\\"id\\":\\"Poppy\\",\\"name\\":\\"Poppy\\"}');
  // With a class less the network still answers, and what has no sense any more is not offered.
  await one(page, "sky").getByRole("button", { name: "Remove the class sky" }).click();
  await page.getByTestId("studio-remove-class").click();
  await expect(page.getByText("The classes have changed since this training")).toBeVisible();
  expect((await guess(page, red)).label).toBe("Poppy");
  await expect(page.getByTestId("studio-nearest")).toHaveCount(0);
});

test("the network from before stays until the next one is whole", async ({ page }) => {
  await filled(page, 12, 3);
  await page.getByTestId("studio-train").click();
  await done(page);
  const red = file("red.jpg", jpeg(plain(RED)));
  const before = await guess(page, red);
  await page.getByTestId("studio-head-epochs").fill("60");
  await page.getByTestId("studio-head-epochs").press("Tab");
  await trainAndPause(page, 20);
  await expect(page.getByTestId("studio-older")).toBeVisible();
  expect(await guess(page, red)).toEqual(before);
  // Also after a reload.
  await page.reload();
  await expect(page.getByTestId("studio-go-on")).toBeVisible();
  expect(await guess(page, red)).toEqual(before);
  await page.getByTestId("studio-give-up").click();
  await expect(page.getByTestId("studio-go-on")).toHaveCount(0);
  await expect(page.getByTestId("studio-older")).toHaveCount(0);
  expect(await guess(page, red)).toEqual(before);
});

test("a disk too full for the network: it is trained, tried and taken away all the same", async ({ page }) => {
  await beforeWorker(page, `FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException("No room.", "QuotaExceededError"); }`);
  await filled(page, 12, 4);
  await page.getByTestId("studio-train").click();
  await done(page);
  await expect(message(page, /^Your network is ready, but this browser has no room to save it: download it below/)).toBeVisible();
  expect((await guess(page, file("red.jpg", jpeg(plain(RED))))).label).toBe("rose");
  await dismiss(page);
  for (const id of ["studio-export-safetensors", "studio-export"]) {
    const bytes = await downloaded(page, id);
    expect(bytes.byteLength).toBeGreaterThan(1_000_000);
  }
});

test("storage that is cleared in the middle of a run: it goes on, and its network is there to try and to take away", async ({ page }) => {
  await filled(page, 12, 200);
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(4);
  const browser = await page.context().newCDPSession(page);
  await browser.send("Storage.clearDataForOrigin", { origin: new URL(page.url()).origin, storageTypes: "all" });
  await done(page);
  await expect(message(page, /^What this page had stored in the browser was deleted: the pictures are gone/)).toBeVisible();
  await counts(page, { leaf: 0, rose: 0, sky: 0 });
  expect(await accuracy(page)).toBeGreaterThan(0.9);
  expect((await guess(page, file("red.jpg", jpeg(plain(RED))))).label).toBe("rose");
  await dismiss(page);
  const bytes = await downloaded(page, "studio-export-safetensors");
  expect(bytes.subarray(8, 4000).toString()).toContain('{\\"id\\":\\"rose\\",\\"name\\":\\"rose\\"}');
});

test("a project that trains in one tab is left alone by another", async ({ page, context }) => {
  await filled(page, 12, 400);
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(2);
  const other = await context.newPage();
  await open(other, { view: "studio" });
  await expect(other.getByTestId("studio-follows")).toBeVisible();
  const refused = await other.evaluate(() => window.lab.fineTune.open(document.location.hash).then(() => "opened", (error: Error) => error.message));
  expect(refused).not.toBe("opened");
  await page.close();
  await expect(other.getByTestId("studio-follows")).toHaveCount(0);
  await other.getByTestId("studio-go-on").click();
  await expect.poll(async () => Number(await other.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(2);
});

test.describe("a worker that dies", () => {
  test.use({ allowed: /killed by the test/ });
  test("leaves the run to its successor", async ({ page }) => {
    await beforeWorker(page, `new BroadcastChannel("kill").onmessage = () => { throw new Error("killed by the test"); }`);
    await filled(page, 12, 200);
    await page.getByTestId("studio-train").click();
    await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(4);
    await page.evaluate(() => new BroadcastChannel("kill").postMessage("now"));
    await expect(message(page, /The program that computes stopped .*the run continues from step \d+/)).toBeVisible();
    await done(page);
    expect(await accuracy(page)).toBeGreaterThan(0.9);
  });
});

test("an exported project comes back with the same pictures and the same answers to the bit", async ({ page }) => {
  await filled(page, 8, 3);
  await page.getByTestId("studio-project-name").fill("Garden");
  await page.getByTestId("studio-project-name").press("Enter");
  await page.getByTestId("studio-train").click();
  await done(page);
  const odd = file("odd.jpg", jpeg(plain([120, 110, 100])));
  const before = await guess(page, odd);
  const found = async () => ({
    accuracy: await accuracy(page),
    classes: await page.getByTestId("studio-class-accuracy").allInnerTexts(),
    points: await page.getByTestId("studio-loss-chart").getAttribute("data-points"),
    thumbs: await one(page, "rose").getByTestId("studio-thumb").evaluateAll((all) => all.map((each) => (each as HTMLImageElement).alt)),
  });
  const was = await found();
  expect(was.thumbs).toHaveLength(8);
  const exported = async (id: string) => {
    await dismiss(page);
    return downloaded(page, id);
  };
  const network = await exported("studio-export-safetensors");
  const archive = await exported("studio-export");

  await page.getByTestId("studio-projects").click();
  await page.getByRole("button", { name: "Delete Garden" }).click();
  await page.getByTestId("studio-delete-sure").click();
  await expect(page.getByTestId("studio-project")).toHaveCount(0);
  await page.getByTestId("studio-zip").setInputFiles(file("garden.zip", archive));
  await expect(message(page, /“Garden” was imported: 3 classes, 24 pictures and the trained network/)).toBeVisible();
  await counts(page, { leaf: 8, rose: 8, sky: 8 });
  expect(await guess(page, odd)).toEqual(before);
  expect((await exported("studio-export-safetensors")).equals(network)).toBe(true);
  // What was known of it came too, and what it goes by can be shown.
  const known = async () => {
    expect(await found()).toEqual(was);
    await expect(page.getByTestId("studio-neighbour")).toHaveCount(6);
  };
  // Once asked for, each photo gets its own.
  await page.getByTestId("studio-find-nearest").click();
  await known();
  // A copy has its own life, and its bytes are counted.
  await page.getByRole("button", { name: "Duplicate Garden" }).click();
  await expect(page.getByTestId("studio-project")).toHaveCount(2);
  await expect(page.getByTestId("studio-project-name")).toHaveValue("Garden, copy");
  expect(await guess(page, odd)).toEqual(before);
  await known();
  const size = (name: string) => page.locator(`[data-testid="studio-project"][data-name="${name}"]`).innerText().then((text) => /[\d.]+ MB/.exec(text)?.[0]);
  await expect.poll(async () => (await size("Garden, copy")) === (await size("Garden"))).toBe(true);
  await expect(page.getByTestId("studio-storage")).toContainText(/This page stores [\d.,]+ MB in this browser/);
});

/** A disk that has no room for pictures once it is told so by `fill`, until the session's storage is cleared. */
async function canFill(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...args: Parameters<typeof put>) {
      if (sessionStorage.getItem("full") && this.name === "files") throw new DOMException("No room.", "QuotaExceededError");
      return put.apply(this, args);
    };
  });
}

const fill = (page: Page) => page.evaluate(() => sessionStorage.setItem("full", "yes"));

test("an archive that finds no room leaves no half project behind", async ({ page }) => {
  await canFill(page);
  await filled(page, 4);
  const archive = await downloaded(page, "studio-export");
  await fill(page);
  await page.getByTestId("studio-zip").setInputFiles(file("mine.zip", archive));
  await expect(message(page, /^“My pictures 2” was not imported\. The browser's storage is full/)).toBeVisible();
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  await expect(page.getByTestId("studio-project-name")).toHaveValue("My pictures");
  await expect(page.getByTestId("studio-projects")).toHaveText("All projects (1)");
});

test("a full disk is one sentence, and nothing is lost", async ({ page }) => {
  await canFill(page);
  await open(page, { view: "studio" });
  await one(page, "Class 1").getByTestId("studio-files").setInputFiles(things("apple", RED, 3));
  await counts(page, { "Class 1": 3, "Class 2": 0 });
  await fill(page);
  await one(page, "Class 1").getByTestId("studio-files").setInputFiles(things("berry", BLUE, 3));
  await expect(message(page, /^The browser's storage is full\. What was there stays: delete a project or free space/)).toBeVisible();
  await counts(page, { "Class 1": 3, "Class 2": 0 });
  await page.evaluate(() => sessionStorage.clear());
  await one(page, "Class 2").getByTestId("studio-files").setInputFiles(things("berry", BLUE, 3));
  await counts(page, { "Class 1": 3, "Class 2": 3 });
  await page.reload();
  await counts(page, { "Class 1": 3, "Class 2": 3 });
});
