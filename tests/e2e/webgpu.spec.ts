/** WebGPU on SwiftShader, which every Chromium brings: slow, but the same numbers as a GPU. */
import type { Page } from "@playwright/test";
import { pageUrl, beforeWorker, engine, expect, message, open, reaches, test, value } from "./support/lab";

/** SwiftShader compiles a pipeline for every shape; the first step takes some tens of seconds. */
const PATIENCE = 240_000;
const TINY = { view: "train", width: 0.125, batchSize: 1, trainImages: 1000 };
test.setTimeout(2 * PATIENCE);

/** Losses of some steps, one by one. */
const losses = (page: Page, steps: number) =>
  page.evaluate(async (n) => {
    const all: number[] = [];
    for (let i = 0; i < n; i++) all.push((await window.lab.step(1)).loss);
    return all;
  }, steps);

test("there is an adapter", async ({ page }) => {
  await page.goto(pageUrl({}));
  const adapter = await page.evaluate(async () => {
    const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<{ info: { architecture: string } } | null> } };
    return (await gpu?.requestAdapter())?.info.architecture ?? null;
  });
  expect(adapter, "this browser has no WebGPU adapter, so nothing here would test WebGPU: it needs a Chromium with SwiftShader").toBe("swiftshader");
});

test("logits and gradients are those of the CPU", async ({ page }) => {
  await open(page, { backend: "webgpu" });
  await engine(page, "webgpu");
  // The second has groups and response normalisation, the third is the published network at its own size.
  for (const [network, images] of [["alexnet-32", 2], ["alexnet-2012-32", 2], ["alexnet-224", 1]] as const) {
    const { logits, gradients, loss } = await page.evaluate(([name, images]) => window.lab.bench.parity(images, name), [network, images] as const);
    expect(logits, network).toBeLessThan(1e-3);
    expect(gradients, network).toBeLessThan(1e-3);
    expect(loss, network).toBeLessThan(1e-3);
  }
});

test("training gives the losses and masks of the CPU", async ({ page, context }) => {
  const options = { view: "train", width: 0.5, batchSize: 2, trainImages: 1000, dropout: 0.5, seed: 3 };
  await open(page, { ...options, backend: "webgpu" });
  await expect(await engine(page, "webgpu")).toContainText(/WebGPU.*swiftshader/i);
  const gpu = await losses(page, 2);
  const mask = (where: Page) => where.evaluate(async () => [...(await window.lab.mask("fc6")).values]);
  const cpuPage = await context.newPage();
  await open(cpuPage, options);
  const cpu = await losses(cpuPage, 2);
  for (const [i, loss] of gpu.entries()) expect(Math.abs(loss / (cpu[i] ?? 0) - 1), `${gpu} beside ${cpu}`).toBeLessThan(1e-3);
  expect(await mask(page)).toEqual(await mask(cpuPage));
  await expect(page.getByTestId("steps")).toHaveAttribute("data-value", "2");
});

test("kept features and the nearest training pictures are those of the CPU", async ({ page, context }) => {
  const options = { ...TINY, freeze: "conv", batchSize: 2, trainImages: 6, flip: true };
  const learn = (where: Page) =>
    where.evaluate(async () => {
      const { lab } = window;
      await lab.configure();
      const losses: number[] = [];
      // Twice over all pictures: the second time from what was kept.
      for (let i = 0; i < 6; i++) losses.push((await lab.step(1)).loss);
      const { size, rgba } = await lab.engine.trainImage(0, 4);
      return { losses, nearest: await lab.engine.nearestNeighborsOfPixels(0, new ImageData(Uint8ClampedArray.from(rgba), size), 3) };
    });
  await open(page, { ...options, backend: "webgpu" });
  const cpuPage = await context.newPage();
  await open(cpuPage, options);
  const [gpu, cpu] = [await learn(page), await learn(cpuPage)];
  for (const [i, loss] of gpu.losses.entries()) expect(Math.abs(loss / (cpu.losses[i] ?? 0) - 1), `${gpu.losses} beside ${cpu.losses}`).toBeLessThan(1e-3);
  expect(gpu.nearest[0]?.index).toBe(4);
  expect(gpu.nearest.map(({ index }) => index)).toEqual(cpu.nearest.map(({ index }) => index));
  for (const [i, { similarity }] of gpu.nearest.entries()) expect(similarity).toBeCloseTo(cpu.nearest[i]?.similarity ?? 0, 3);
});

test("a photo is classified as on the CPU", async ({ page, context }) => {
  await open(page, { backend: "webgpu" });
  const cpuPage = await context.newPage();
  await open(cpuPage);
  const [gpu, cpu] = await Promise.all([page, cpuPage].map((where) =>
    where.evaluate(async () => {
      const samples = (await (await fetch("samples/index.json")).json()) as { file: string }[];
      const photo = await (await fetch(`samples/${samples[0]?.file}`)).blob();
      return (await window.lab.classify(photo)).top;
    })));
  expect(gpu?.[0]?.label).toBe(cpu?.[0]?.label);
  for (const guess of gpu ?? []) {
    const same = cpu?.find(({ index }) => index === guess.index);
    expect(Math.abs((same?.probability ?? 0) - guess.probability)).toBeLessThan(1e-3);
  }
});

test("an adapter without timestamp queries trains all the same", async ({ page }) => {
  await beforeWorker(page, `{
    const features = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, "features").get;
    Object.defineProperty(GPUAdapter.prototype, "features", { get() { return new Set([...features.call(this)].filter((name) => name !== "timestamp-query")); } });
  }`);
  await open(page, { ...TINY, backend: "webgpu" });
  const { backend, features } = await page.evaluate(() => window.lab.info());
  expect(backend).toBe("webgpu");
  expect(features).not.toContain("timestamp-query");
  expect((await losses(page, 1))[0]).toBeGreaterThan(0);
  const device = () => [...(globalThis as unknown as { device: { features: Set<string> } }).device.features];
  expect(await page.workers()[0]?.evaluate(device)).not.toContain("timestamp-query");
});

for (const [when, milliseconds] of [["at once", 0], ["late, as by a busy GPU process", 2000]] as const) {
  test(`a GPU lost in mid-training is replaced by the CPU, and the run goes on: the loss is told ${when}`, async ({ page }) => {
    await beforeWorker(page, `{
      const lost = Object.getOwnPropertyDescriptor(GPUDevice.prototype, "lost").get;
      const late = (told) => new Promise((tell) => setTimeout(tell, ${milliseconds}, told));
      Object.defineProperty(GPUDevice.prototype, "lost", { get() { return lost.call(this).then(late); } });
    }`);
    await open(page, { ...TINY, backend: "webgpu" });
    await page.getByTestId("start").click();
    await reaches(page, "steps", 1, PATIENCE);
    const [worker] = page.workers();
    await worker?.evaluate(() => (globalThis as unknown as { device: { destroy(): void } }).device.destroy());
    await expect(message(page, /^WebGPU stopped \(the GPU was lost: .+\)\. The page now computes on the CPU, and the run (starts again from its initial weights: no step was saved yet|continues from step \d+, the last saved step)\.$/)).toBeVisible();
    await engine(page, "cpu");
    expect((await page.evaluate(() => window.lab.info())).reason).toMatch(/^WebGPU stopped \(the GPU was lost: .+\), so the page computes on the CPU\.$/);
    await reaches(page, "steps", 20);
    expect(await value(page, "loss")).toBeGreaterThan(0);
    await expect(page.getByTestId("message"), "nothing else is said").toHaveCount(1);
    await page.getByTestId("pause").click();
  });
}
