import { engine, expect, message, open, pause, reaches, recordSteps, SMALL, step, test, type, value } from "./support/lab";
import { file, jpeg, plain, RED } from "./support/pictures";

test("training on the shipped photographs beats chance clearly on images never trained on", async ({ page }) => {
  await open(page, { view: "train", width: 0.5, trainImages: 5000, learningRate: 0.02, dropout: 0.2 });
  await recordSteps(page);
  await page.getByTestId("start").click();
  // Chance is 0.1.
  await reaches(page, "val-accuracy", 0.5, 150_000);
  await pause(page);
  const losses = await page.evaluate(() => window.steps.map(({ loss }) => loss));
  const mean = (values: number[]) => values.reduce((sum, loss) => sum + loss, 0) / values.length;
  expect(Math.abs(mean(losses.slice(0, 3)) - Math.log(10))).toBeLessThan(0.3);
  expect(mean(losses.slice(-5))).toBeLessThan(0.8 * mean(losses.slice(0, 5)));
  expect(await value(page, "images-per-second")).toBeGreaterThan(0);
  expect(await value(page, "epoch")).toBeGreaterThan(0);
  const judged = await page.evaluate(() => window.lab.validate(1000));
  expect(judged.top1).toBeGreaterThan(0.45);
  expect(judged.top5).toBeGreaterThan(judged.top1);
  await expect(page.getByTestId("val-accuracy")).toHaveAttribute("data-value", String(judged.top1));

  await page.getByTestId("use-run").click();
  await message(page, /Classify now uses the network/).locator("..").getByRole("button", { name: "Open Classify" }).click();
  await page.getByTestId("photo-input").setInputFiles(file("red.jpg", jpeg(plain(RED))));
  await expect(page.getByTestId("prediction")).toHaveCount(5);
  await expect(page.getByTestId("top5")).toContainText(/Trouser|Dress|Coat|Bag|Shirt|Sandal|Sneaker|Pullover|T-shirt\/top|Ankle boot/);
});

test("pause, step, reset and new seed do what they say", async ({ page }) => {
  await open(page, SMALL);
  const first = await step(page);
  await page.getByTestId("start").click();
  await reaches(page, "steps", 4);
  const paused = await pause(page);
  await expect(page.getByText(`Paused at step ${paused}.`)).toBeVisible();
  // The worker answers one call after another: once it answers, no step is left.
  await page.evaluate(() => window.lab.bench.memory());
  expect(await value(page, "steps")).toBe(paused);
  await step(page);
  expect(await value(page, "steps")).toBe(paused + 1);

  await page.getByTestId("reset").click();
  await expect(page.getByTestId("steps")).toHaveAttribute("data-value", "0");
  expect(await step(page)).toBe(first);

  await page.getByTestId("new-seed").click();
  await expect(page).toHaveURL(/[?&]seed=\d+/);
  await expect(page.getByTestId("steps")).toHaveAttribute("data-value", "0");
  expect(await step(page)).not.toBe(first);
});

test("options that can change during a run do, the others wait for a new run", async ({ page }) => {
  await open(page, SMALL);
  await page.getByTestId("start").click();
  await reaches(page, "steps", 2);
  await type(page, "learning-rate", 0.003);
  await expect.poll(() => page.evaluate(() => window.lab.run.last[0]?.learningRate)).toBeCloseTo(0.003, 7);
  await type(page, "dropout", 0);
  await expect(page.getByTestId("mask-fc6")).toHaveAttribute("data-kept", "1");
  await type(page, "batch-size", 8);
  await expect(page.getByText("Batch size 8: this starts a new run.")).toBeVisible();
  const before = await value(page, "steps");
  await reaches(page, "steps", before + 2);
  expect(await page.evaluate(() => window.lab.run.last[0]?.images)).toBe(16);
  await pause(page);
  await page.getByTestId("start").click();
  await expect.poll(() => page.evaluate(() => window.lab.run.last[0]?.images)).toBe(8);
  expect(await value(page, "steps")).toBeLessThan(before);
});

test("the address holds the configuration: opened elsewhere it gives the same run", async ({ page, context }) => {
  await open(page, { ...SMALL, seed: 7 });
  await page.getByTestId("activation").selectOption("tanh");
  await page.getByTestId("optimizer").selectOption("adamw");
  await type(page, "batch-size", 8);
  await type(page, "dropout", 0.25);
  await type(page, "learning-rate", 0.004);
  await expect(page).toHaveURL(/activation=tanh/);
  const losses = [await step(page), await step(page)];

  const other = await context.newPage();
  await other.goto(page.url());
  await engine(other);
  for (const [id, expected] of [["activation", "tanh"], ["optimizer", "adamw"], ["batch-size", "8"], ["dropout", "0.25"], ["learning-rate", "0.004"], ["width", "0.25"]] as const) {
    await expect(other.getByTestId(id)).toHaveValue(expected);
  }
  expect([await step(other), await step(other)]).toEqual(losses);
});

test("a reload in the middle of a run offers to go on, and the run goes on to the bit", async ({ page }) => {
  await open(page, SMALL);
  await page.getByTestId("start").click();
  await expect.poll(() => page.evaluate(async () => (await window.lab.run.saved())?.step ?? 0), { timeout: 90_000 }).toBeGreaterThan(0);
  const paused = await pause(page);
  const curve = Number(await page.getByTestId("loss-chart").getAttribute("data-points"));
  // The next step, made behind the run's back so that it is not saved.
  const next = await page.evaluate(() => window.lab.engine.step(0, 1));

  await page.reload();
  const offer = page.getByTestId("saved-run");
  await expect(offer).toContainText(/Continue the run at step \d+\?/);
  await page.getByTestId("resume").click();
  await expect(offer).toHaveCount(0);
  const resumed = await value(page, "steps");
  // Nothing that was trained before the pause is missing.
  expect(resumed).toBe(paused);
  const points = Number(await page.getByTestId("loss-chart").getAttribute("data-points"));
  expect(points).toBeGreaterThan(0);
  expect(points).toBeLessThanOrEqual(curve);
  await expect(page.getByTestId("watched")).toHaveCount(6);
  await expect(page.getByTestId("message")).toHaveCount(0);
  const again = await page.evaluate(() => window.lab.step(1));
  expect([again.step, again.loss]).toEqual([next.step, next.loss]);
});

test("a run goes on while other views are open, the window changes and the tab is hidden", async ({ page }) => {
  await open(page, SMALL);
  await page.getByTestId("start").click();
  await reaches(page, "steps", 2);
  await page.getByTestId("view-classify").click();
  await page.getByTestId("photo-input").setInputFiles(file("red.jpg", jpeg(plain(RED))));
  await expect(page.getByTestId("prediction")).toHaveCount(5);
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goBack();
  const before = await value(page, "steps");
  await reaches(page, "steps", before + 2);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.getByTestId("loss-chart").locator("canvas")).toBeVisible();
  const shows = (state: DocumentVisibilityState) =>
    page.evaluate((now) => {
      Object.defineProperty(document, "visibilityState", { value: now, configurable: true });
      Object.defineProperty(document, "hidden", { value: now === "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await shows("hidden");
  const away = await value(page, "steps");
  await reaches(page, "steps", away + 5);
  await shows("visible");
  await pause(page);
  await expect(page.getByTestId("watched")).toHaveCount(6);
});
