/** What the Train view shows of a run: curves, a race, masks, filters, watched images, confusion. */
import type { Page } from "@playwright/test";
import { expect, open, pause, reaches, SMALL, step, test } from "./support/lab";

const FULL = { view: "train", width: 1, batchSize: 32, trainImages: 1000, dropout: 0.5 };

/** Both layers' masks of the last step. */
const masks = (page: Page) =>
  page.evaluate(async () => {
    const both = [await window.lab.mask("fc6"), await window.lab.mask("fc7")];
    return both.map(({ batch, units, values }) => ({ batch, units, values: [...values] }));
  });

test("the masks of the last step are drawn unit by unit as the lab gives them", async ({ page }) => {
  await open(page, FULL);
  await step(page);
  const first = await masks(page);
  for (const [i, [layer, units]] of ([["fc6", 576], ["fc7", 256]] as const).entries()) {
    const drawn = page.getByTestId(`mask-${layer}`);
    await expect(drawn).toHaveAttribute("data-units", String(units));
    const mask = first[i];
    if (!mask) throw new Error("there is no mask");
    expect([mask.batch, mask.units, mask.values.length]).toEqual([32, units, 32 * units]);
    expect(mask.values.every((kept) => kept === 0 || kept === 1)).toBe(true);
    const kept = mask.values.reduce((sum, one) => sum + one, 0) / mask.values.length;
    expect(Math.abs(kept - 0.5)).toBeLessThan(0.03);
    expect(Number(await drawn.getAttribute("data-kept"))).toBeCloseTo(kept, 6);
    const rows = Array.from({ length: 32 }, (_, row) => mask.values.slice(row * units, (row + 1) * units).join(""));
    expect(new Set(rows).size, "every image has a mask of its own").toBe(32);
    const inFirst = mask.values.slice(0, units).reduce((sum, one) => sum + one, 0);
    await expect(drawn).toHaveAttribute("aria-label", new RegExp(`^Before ${layer}, image 1 of the batch: ${inFirst} of ${units} units kept`));
  }
  // One stream (seed, step, layer): the same step has the same mask, the next one another.
  await step(page);
  const second = await masks(page);
  expect(second[0]?.values).not.toEqual(first[0]?.values);
  await page.getByTestId("reset").click();
  await expect(page.getByTestId("steps")).toHaveAttribute("data-value", "0");
  await step(page);
  expect(await masks(page)).toEqual(first);
});

test("the kept fraction follows the dropout probability", async ({ page }) => {
  await open(page, { ...FULL, dropout: 0.8 });
  await step(page);
  for (const layer of ["fc6", "fc7"]) {
    await expect.poll(async () => Number(await page.getByTestId(`mask-${layer}`).getAttribute("data-kept"))).toBeGreaterThan(0);
    expect(Math.abs(Number(await page.getByTestId(`mask-${layer}`).getAttribute("data-kept")) - 0.2)).toBeLessThan(0.03);
  }
});

test("watched images, filters and confusion show and change as it learns", async ({ page }) => {
  await open(page, { ...SMALL, normalization: "batch", learningRate: 0.02 });
  await step(page);
  const watched = page.getByTestId("watched");
  await expect(watched).toHaveCount(6);
  await expect(watched.first().getByRole("listitem")).toHaveCount(5);
  await expect(page.getByTestId("filters")).toHaveAttribute("aria-label", /8 filters|filters/);
  const [guesses, filters] = [await watched.allInnerTexts(), await page.evaluate(async () => [...(await window.lab.engine.filters(0)).values])];
  await page.getByTestId("start").click();
  // The row changes while it trains.
  await expect.poll(() => watched.allInnerTexts()).not.toEqual(guesses);
  await expect(page.getByTestId("confusion")).toBeVisible();
  await pause(page);
  expect(await page.evaluate(async () => [...(await window.lab.engine.filters(0)).values])).not.toEqual(filters);
  // All of them: at the same step a smaller validation would not replace one of the run.
  const { images, confusion } = await page.evaluate(() => window.lab.validate(10_000));
  expect(images).toBe(10_000);
  expect(confusion.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  await expect(page.getByText("Measured on 10,000 validation images")).toBeVisible();
});

test("a race trains two configurations in alternation on one chart", async ({ page }) => {
  await open(page, SMALL);
  await page.getByTestId("race").selectOption("activation");
  await expect(page).toHaveURL(/rival\.activation=tanh/);
  await page.getByTestId("start").click();
  const rows = page.getByTestId("race-table").locator("tbody tr");
  await expect(rows).toHaveCount(2);
  await expect(rows.getByRole("rowheader")).toHaveText(["ReLU", "tanh"]);
  await expect.poll(() => page.evaluate(() => window.lab.run.last[1]?.step ?? 0)).toBeGreaterThanOrEqual(5);
  await pause(page);
  const [own, rival] = await page.evaluate(() => window.lab.run.last);
  expect(rival?.step).toBe(own?.step);
  expect(rival?.loss).not.toBe(own?.loss);
  for (const chart of ["Loss", "Accuracy"]) {
    const legend = page.getByRole("list", { name: `Legend of ${chart}` });
    await expect(legend).toContainText("ReLU, training");
    await expect(legend).toContainText("tanh, training");
  }
  await expect(page.getByTestId("loss-chart")).toHaveAttribute("aria-label", /ReLU.*tanh/);
});

test("an earlier run stays on the charts, named by what differed", async ({ page }) => {
  await open(page, { ...SMALL, dropout: 0.5 });
  await page.getByTestId("start").click();
  await reaches(page, "steps", 5);
  await pause(page);
  await page.evaluate(() => window.lab.configure({ width: 0.25, batchSize: 16, trainImages: 1000, dropout: 0, activation: "gelu" }));
  await step(page);
  const remove = page.getByRole("button", { name: /^Remove “.*” from the charts$/ });
  await expect(remove).toHaveAccessibleName(/dropout 0\.5/);
  await expect(remove).toHaveAccessibleName(/ReLU/);
  await expect(page.getByRole("list", { name: "Legend of Loss" })).toContainText(/GELU.*training/);
  await page.getByTestId("log-axis").check();
  await page.getByTestId("smoothing").fill("0.9");
  await expect(page.getByTestId("loss-chart").locator("canvas")).toBeVisible();
  await remove.click();
  await expect(remove).toHaveCount(0);
});

test("a training picture is its own nearest neighbour, as a file and as pixels", async ({ page }) => {
  await open(page, { ...SMALL, trainImages: 200 });
  const found = await page.evaluate(async () => {
    const { lab } = window;
    await lab.configure();
    await lab.step(2);
    const { size, rgba } = await lab.engine.trainImage(0, 17);
    const image = new ImageData(Uint8ClampedArray.from(rgba), size);
    const canvas = new OffscreenCanvas(size, size);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    const file = await lab.engine.nearestNeighbors(0, await canvas.convertToBlob(), 3);
    return { file, pixels: await lab.engine.nearestNeighborsOfPixels(0, image, 3), labels: lab.run.infos[0]?.labels ?? [] };
  });
  expect(found.pixels).toEqual(found.file);
  expect(found.file).toHaveLength(3);
  expect(found.file[0]?.index).toBe(17);
  expect(found.file[0]?.similarity).toBeCloseTo(1, 4);
  expect(found.labels).toContain(found.file[0]?.label);
});
