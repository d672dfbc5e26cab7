/** The network of 2012: its layers in numbers, its towers in two workers, and its way into other tools. */
import AxeBuilder from "@axe-core/playwright";
import * as native from "onnxruntime-node";
import { expect, open, test } from "./support/lab";

test("the explorer computes every layer, and says why 224 does not fit", async ({ page }) => {
  await open(page, { view: "learn" });
  const columns = page.getByTestId("sketch").getByRole("listitem");
  await expect(columns).toHaveCount(8);
  await expect(columns.first()).toContainText("11 × 11, stride 4, pooled");
  await expect(columns.last()).toContainText("1,000 units");
  const table = page.getByTestId("shape-table");
  await expect(page.getByTestId("shape-parameters")).toHaveText("60,965,224");
  await expect(table.locator("[data-layer=conv1] td")).toHaveText([/^3 × 227 × 227$/, "11 × 11", "4", "0", "1", "96 × 55 × 55", "34,944", "105,415,200", "1.2 MB + 140 kB", "picture"]);
  await expect(table.locator("[data-layer=conv2] td").last()).toHaveText("own tower");
  await expect(table.locator("[data-layer=conv3] td").last()).toHaveText("both");
  await expect(page.getByTestId("towers-figure").getByRole("img")).toHaveAccessibleName(/In conv2, conv4, and conv5 each tower reads only its own/);

  const verdict = page.getByTestId("input-verdict");
  await expect(verdict).toHaveText(/\(224 − 11\) \/ 4 \+ 1 = 54\.25: not a whole number/);
  await page.getByTestId("input-side").fill("227");
  await expect(verdict).toHaveText(/= 55: a whole number, and the same as in the figure/);
  expect((await new AxeBuilder({ page }).include("#shapes").analyze()).violations).toEqual([]);

  await page.getByTestId("shapes-network").selectOption("alexnet-224");
  await expect(page.getByTestId("shape-parameters")).toHaveText("61,100,840");
  await expect(page.getByTestId("towers-figure")).toBeHidden();

  await page.getByTestId("view-models").click();
  await page.getByTestId("layers-alexnet-32").click();
  await expect(page.getByTestId("shape-parameters")).toHaveText("383,146");
  await expect(page.getByRole("heading", { name: "Every layer in numbers" })).toBeInViewport();
});

test("a run of the two towers points to the two workers", async ({ page }) => {
  await open(page, { view: "train", network: "alexnet-2012-32" });
  await page.getByTestId("towers-link").click();
  await expect(page.getByRole("heading", { name: "Two workers, one network" })).toBeInViewport();
});

test("two workers train the towers to the bits of one, and say what they exchange", async ({ page }) => {
  await open(page, { view: "learn", batchSize: 4, trainImages: 400, width: 0.5 });
  await page.getByTestId("towers-train").click();
  await expect(page.getByTestId("towers-same")).toHaveAttribute("data-same", "true", { timeout: 60_000 });
  // Half of conv3's, fc6's, fc7's and fc8's input there and back, half of ten classes there; 4 bytes, 4 images, 10 steps.
  const numbers = 2 * (16 * 7 * 7 + 16 * 3 * 3 + 64 + 64) + 5;
  await expect(page.getByTestId("towers-bytes")).toHaveAttribute("data-bytes", String(numbers * 4 * 4 * 10));
  await expect(page.getByTestId("towers-status")).toHaveAttribute("data-steps", "10");
  expect((await new AxeBuilder({ page }).include("#towers").analyze()).violations).toEqual([]);
  await page.getByTestId("towers-end").click();
  await expect(page.getByTestId("towers-bytes")).toBeHidden();

  // The ordinary run of the same options has the same losses.
  const losses = await page.evaluate(async () => {
    const options = { network: "alexnet-2012-32" } as const;
    const pair = await window.lab.modelParallel(options);
    const two = [(await pair.step()).metrics.loss, (await pair.step()).metrics.loss];
    const { same } = await pair.compare();
    pair.end();
    await window.lab.configure(options);
    return { same, two, one: [(await window.lab.step()).loss, (await window.lab.step()).loss] };
  });
  expect(losses.same).toBe(true);
  expect(losses.two).toEqual(losses.one);
  const refused = page.evaluate(() => window.lab.modelParallel({ network: "alexnet-32" }));
  await expect(refused).rejects.toThrow(/alexnet-32 is in one piece/);
});

for (const responseNorm of ["paper", "caffenet"] as const) {
  test(`the towers leave as ONNX and as safetensors with the same answers, ${responseNorm}`, async ({ page }) => {
    await open(page, { view: "train", batchSize: 16, trainImages: 400, width: 0.5 });
    const found = await page.evaluate(async (responseNorm) => {
      const { lab } = window;
      await lab.configure({ network: "alexnet-2012-32", responseNorm });
      await lab.step(3);
      await lab.models.useRun(0);
      const image = await lab.engine.valImage(0, 0);
      const canvas = new OffscreenCanvas(image.size, image.size);
      canvas.getContext("2d")?.putImageData(new ImageData(Uint8ClampedArray.from(image.rgba), image.size), 0, 0);
      const photo = await canvas.convertToBlob();
      const answer = async () => (await lab.classify(photo, { top: 10 })).top.map(({ index, probability }) => ({ index, probability }));
      const before = await answer();
      const onnx = [...new Uint8Array(await (await lab.exportModel("onnx")).arrayBuffer())];
      const file = await lab.exportModel("safetensors");
      await lab.models.useShipped();
      const info = await lab.importModel(file);
      return { before, after: await answer(), onnx, config: info.config, preprocess: info.preprocess, rgba: [...image.rgba], size: image.size };
    }, responseNorm);
    expect(found.config).toMatchObject({ network: "alexnet-2012-32", responseNorm });
    expect(found.after).toEqual(found.before);

    const { size, rgba } = found;
    const { mean, std } = found.preprocess;
    const input = new Float32Array(3 * size * size);
    for (let channel = 0; channel < 3; channel++) {
      for (let at = 0; at < size * size; at++) input[channel * size * size + at] = ((rgba[4 * at + channel] ?? 0) / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    }
    const session = await native.InferenceSession.create(Uint8Array.from(found.onnx));
    // Two images, so that the towers' way through a batch is seen.
    const twice = Float32Array.of(...input, ...input);
    const { logits } = await session.run({ input: new native.Tensor("float32", twice, [2, 3, size, size]) });
    const values = [...(logits?.data as Float32Array)];
    expect(values).toHaveLength(20);
    for (const row of [values.slice(0, 10), values.slice(10)]) {
      const whole = row.reduce((sum, value) => sum + Math.exp(value), 0);
      for (const { index, probability } of found.before) {
        expect(Math.abs(Math.exp(row[index] ?? 0) / whole - probability) / probability).toBeLessThan(1e-4);
      }
    }
  });
}
