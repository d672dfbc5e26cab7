/** Files of other tools: what goes out computes there what it computes here, what comes in is understood or refused in words. */
import { readFileSync } from "node:fs";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { expect, message, open, test } from "./support/lab";

const pth = (name: string) => new URL(`../fixtures/pth/${name}`, import.meta.url).pathname;

test("an exported ONNX file gives onnxruntime's two builds the page's own probabilities", async ({ page }) => {
  await open(page);
  await page.getByTestId("sample").first().click();
  const predictions = page.getByTestId("prediction");
  await expect(predictions).toHaveCount(5);
  const here = await predictions.evaluateAll((all) => all.map((one) => ({ index: Number((one as HTMLElement).dataset.index), probability: Number((one as HTMLElement).dataset.probability) })));
  const crop = await page.getByTestId("crop").evaluate((canvas: HTMLCanvasElement) => {
    const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height);
    return { side: canvas.width, rgba: [...(pixels?.data ?? [])] };
  });

  await page.getByTestId("view-models").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("export-onnx").click()]);
  expect(download.suggestedFilename()).toBe("alexnet-64-200-classes.onnx");
  const file = readFileSync(await download.path());
  // How pixels go in travels inside the file, for whoever has nothing else.
  const preprocess = /\{"resize":\d+,"crop":\d+,"mean":\[[^\]]+\],"std":\[[^\]]+\]\}/.exec(file.toString("latin1"))?.[0] ?? "";
  const { mean, std } = JSON.parse(preprocess) as { mean: number[]; std: number[] };

  const { side, rgba } = crop;
  const input = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < side * side; at++) {
      input[channel * side * side + at] = ((rgba[4 * at + channel] ?? 0) / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    }
  }
  web.env.wasm.numThreads = 1;
  for (const runtime of [native, web]) {
    const session = await runtime.InferenceSession.create(new Uint8Array(file));
    const { logits } = await session.run({ input: new runtime.Tensor("float32", input, [1, 3, side, side]) });
    const values = [...(logits?.data as Float32Array)];
    expect(values).toHaveLength(200);
    const whole = values.reduce((sum, value) => sum + Math.exp(value), 0);
    const order = values.map((value, index) => ({ index, probability: Math.exp(value) / whole })).sort((a, b) => b.probability - a.probability);
    expect(order.slice(0, 5).map(({ index }) => index)).toEqual(here.map(({ index }) => index));
    for (const [place, { probability }] of here.entries()) {
      const there = order[place]?.probability ?? 0;
      // Relative: 1e-4 in a logit is as much in a probability.
      expect(Math.abs(there - probability) / probability).toBeLessThan(1e-4);
    }
  }
});

test("PyTorch files that are not the network are refused in a sentence, and the model in use stays", async ({ page }) => {
  await open(page, { view: "models" });
  await expect(page.getByTestId("export-onnx")).toBeEnabled();
  for (const [name, sentence] of [
    ["zip.pth", /features\.0\.weight has the shape \[4, 3, 3, 3\] where alexnet-224 needs \[64, 3, 11, 11\]/i],
    ["billion.pth", /The model file is damaged/],
  ] as const) {
    await page.getByTestId("model-input").setInputFiles(pth(name));
    await expect(message(page, sentence)).toBeVisible();
  }
  await page.getByTestId("model-input").setInputFiles({ name: "call.pth", mimeType: "application/octet-stream", buffer: Buffer.from("\x80\x02cos\nsystem\nX\x07\0\0\0echo hi\x85R.", "latin1") });
  await expect(message(page, /calls the function “os\.system”, and no code in a file is run here/)).toBeVisible();
  await page.getByTestId("view-classify").click();
  await page.getByTestId("sample").first().click();
  await expect(page.getByTestId("prediction")).toHaveCount(5);
});
