import type { Page } from "@playwright/test";
import { imageFolder, pictures, zip, type Files } from "./support/archives";
import { downloaded, expect, message, open, reaches, SMALL, step, test, type, value } from "./support/lab";
import { file, halves, hugePng, jpeg, plain, png, RED, BLUE, GREEN, type InputFile } from "./support/pictures";

test.describe("photos", () => {
  test("each bad one gets one sentence, and the last answer stays", async ({ page }) => {
    const good = file("good.jpg", jpeg(halves(RED, BLUE)));
    const cases: [InputFile, RegExp][] = [
      [file("notes.jpg", Buffer.from("Dear diary, this is no picture.")), /^“notes\.jpg”: This file is not an image but a text: choose a JPEG/],
      [file("half.jpg", jpeg(halves(RED, GREEN)).subarray(0, 900)), /^“half\.jpg”: The JPEG image is cut off: download or export it again\.$/],
      [file("half.png", png(halves(RED, GREEN)).subarray(0, 200)), /^“half\.png”: The PNG image is (cut off|damaged)/],
      [file("empty.jpg", Buffer.alloc(0)), /^“empty\.jpg”: The file is empty: choose a JPEG/],
      [file("packed.png", zip("packed.zip", { "a.txt": new Uint8Array(9) }).buffer), /^“packed\.png”: This file is not an image but a ZIP archive/],
      [file("net.safetensors", safetensors("features.0.weight", [2, 2])), /^“net\.safetensors”: This is a network's file, not a photo: drop it on Models\.$/],
      [zip("garden.zip", { "project.json": new Uint8Array(9) }), /^“garden\.zip”: This is an archive, not a photo: drop it on Your pictures/],
      [file("vast.png", hugePng(11_000, 11_000, 9)), /^“vast\.png”: The image has 11,000 × 11,000 pixels, which needs too much memory: scale it down to \d+ megapixels or less\.$/],
    ];
    await open(page);
    const input = page.getByTestId("photo-input");
    await input.setInputFiles(good);
    await expect(page.getByTestId("prediction")).toHaveCount(5);
    for (const [photo, words] of cases) {
      await input.setInputFiles(photo);
      await expect(message(page, words)).toHaveCount(1);
      await expect(message(page, words)).toHaveAttribute("role", "alert");
      await expect(page.getByAltText("The photo: good.jpg")).toBeVisible();
    }
    // More than half of a photo is used, and said.
    await input.setInputFiles(file("most.jpg", jpeg(halves(RED, GREEN)).subarray(0, 1200)));
    await expect(message(page, /^“most\.jpg”: the image is cut off; it is used as far as it goes\.$/)).toHaveCount(1);
    await expect(page.getByAltText("The photo: most.jpg")).toBeVisible();
    await input.setInputFiles(file("better.png", png(plain(GREEN))));
    await expect(page.getByAltText("The photo: better.png")).toBeVisible();
    await expect(message(page, /vast\.png/)).toHaveCount(0);
  });

  test("one of a hundred megapixels is classified", async ({ page }) => {
    await open(page);
    await page.getByTestId("photo-input").setInputFiles(file("hundred.png", hugePng(10_000, 10_000, 200)));
    await expect(page.getByAltText("The photo: hundred.png")).toBeVisible();
    const middle = await page.getByTestId("crop").evaluate((canvas: HTMLCanvasElement) => [...(canvas.getContext("2d")?.getImageData(32, 32, 1, 1).data ?? [])]);
    expect(middle).toEqual([200, 200, 200, 255]);
  });
});

test.describe("data sets", () => {
  test("each bad one gets one sentence, and the run goes on", async ({ page }) => {
    const one = (name: string): Files => ({ [name]: new Uint8Array(pictures(RED, 1)[0] ?? []) });
    const cases: [InputFile, RegExp][] = [
      [zip("lonely.zip", imageFolder(3, { cat: RED })), /^The data set has only one class, “cat”: add a folder/],
      [zip("single.zip", one("cat/1.jpg")), /^The data set has only one image: add more/],
      [zip("outside.zip", { ...imageFolder(2), ...one("../../etc/evil.jpg") }), /^The archive “outside\.zip” holds a file named “\.\.\/\.\.\/etc\/evil\.jpg”, which points outside the archive/],
      [zip("bomb.zip", { ...imageFolder(2), "cat/zeros.png": new Uint8Array(300 << 20) }), /^The archive “bomb\.zip” unpacks to far more data than images have/],
      [file("half.zip", zip("whole.zip", imageFolder(4)).buffer.subarray(0, 3000)), /^The archive “half\.zip” is damaged or cut off/],
      [file("text.zip", Buffer.from("not packed at all")), /^The archive “text\.zip” is damaged or cut off \(it is not a ZIP archive\)/],
      [zip("flat.zip", { ...one("1.jpg"), ...one("2.jpg") }), /^The images are not sorted into folders/],
      [zip("none.zip", { "readme.txt": new Uint8Array(20) }), /^There is no image in the data set/],
    ];
    await open(page, SMALL);
    await step(page);
    await page.getByTestId("dataset").selectOption("own…");
    for (const [data, words] of cases) {
      await page.getByTestId("data-input").setInputFiles(data);
      await expect(message(page, words)).toHaveCount(1);
    }
    await step(page);
    expect(await value(page, "steps")).toBe(2);
  });

  test("a broken image among good ones is left out and named", async ({ page }) => {
    await open(page, { ...SMALL, trainImages: 0, batchSize: 8 });
    await page.getByTestId("dataset").selectOption("own…");
    const files: Files = { ...imageFolder(8), "rose/broken.jpg": new Uint8Array(Buffer.from("no picture")), "leaf/empty.png": new Uint8Array() };
    await page.getByTestId("data-input").setInputFiles(zip("mine.zip", files));
    const skipped = page.getByTestId("skipped");
    await expect(skipped).toContainText("2 files were left out");
    await skipped.locator("summary").click();
    await expect(skipped.getByRole("listitem")).toHaveCount(2);
    await expect(skipped).toContainText("leaf/empty.png: The file is empty");
    await expect(skipped).toContainText("rose/broken.jpg: This file is not an image but a text");
    await step(page);
  });
});

test.describe("networks", () => {
  test.use({ allowed: /status of 404/ });

  test("a file that is none changes nothing", async ({ page }) => {
    await open(page, { view: "models" });
    await expect(page.getByTestId("model-facts")).toBeVisible();
    const whole = await downloaded(page, "export-safetensors");
    const facts = await page.getByTestId("model-facts").innerText();
    const cases: [InputFile, RegExp][] = [
      [file("half.safetensors", whole.subarray(0, whole.length / 2)), /^The model file is cut off \([\d,]+ of [\d,]+ bytes\): download or export it again\.$/],
      [file("empty.safetensors", Buffer.alloc(0)), /^The model file is empty/],
      [file("photo.safetensors", jpeg(plain(RED))), /^This is not a model file but an image/],
      [file("foreign.onnx", Buffer.from("\x08\x07\x12\x07pytorch")), /^This page writes ONNX files but does not read them: import the network as \.safetensors, \.pth \(PyTorch\) or \.alexnet\.$/],
      [zip("garden.zip", { "project.json": new Uint8Array(9) }), /^This is an archive, not a network\. Projects and pictures in folders belong on Your pictures/],
      [file("photo.jpg", jpeg(plain(RED))), /^This is a picture, not a network: drop it on Classify\.$/],
      [file("shape.safetensors", safetensors("features.0.weight", [2, 2])), /^The model file lacks the tensor “features\.0\.bias”/],
    ];
    for (const [model, words] of cases) {
      await page.getByTestId("model-input").setInputFiles(model);
      await expect(message(page, words)).toHaveCount(1);
      expect(await page.getByTestId("model-facts").innerText()).toBe(facts);
    }
    expect((await page.evaluate(() => window.lab.classify(new Blob()).catch((error: Error) => error.message)))).toMatch(/^The file is empty/);
  });

  test("an address without one is said, and the shipped one is a press away", async ({ page }) => {
    await open(page, { model: "nope.safetensors" });
    await expect(message(page, /^The model is not there: the server answered with (status 404|a web page) for .*nope\.safetensors\.$/)).toBeVisible();
    await page.getByRole("button", { name: "Use the shipped network" }).click();
    await expect(message(page, /./)).toHaveCount(0);
    await page.getByTestId("photo-input").setInputFiles(file("photo.jpg", jpeg(plain(RED))));
    await expect(page.getByTestId("prediction")).toHaveCount(5);
  });
});

test.describe("options", () => {
  test("a learning rate that makes the loss no number stops the run, and a better one starts it again", async ({ page }) => {
    await open(page, { ...SMALL, learningRate: 10 });
    await page.getByTestId("start").click();
    await expect(message(page, /^The loss is no longer a number: lower the learning rate and press Reset\.$/)).toBeVisible();
    await expect(page.getByTestId("pause")).toHaveAttribute("aria-disabled", "true");
    await type(page, "learning-rate", 0.01);
    await page.getByTestId("reset").click();
    await expect(page.getByTestId("steps")).toHaveAttribute("data-value", "0");
    await page.getByTestId("start").click();
    await reaches(page, "steps", 5);
    expect(await value(page, "loss")).toBeLessThan(10);
  });

  test("what the address or a control cannot mean is said, and the default holds", async ({ page }) => {
    await open(page, { ...SMALL, dropout: 2, activation: "cube" });
    await expect(message(page, /^Dropout cannot be 2: use a number from 0 to 0\.95/)).toBeVisible();
    await expect(message(page, /^Activation cannot be "cube": use one of relu/)).toBeVisible();
    await type(page, "batch-size", "-3");
    await expect(wrong(page)).toHaveText(/^Batch size cannot be -3: use a whole number from 1 to 1,024\.$/);
    expect(await page.evaluate(() => window.lab.configure({ width: 99 }).then(() => "", (error: Error) => error.message))).toMatch(/^Width cannot be 99: use a number/);
    await type(page, "batch-size", "16");
    await expect(wrong(page)).toHaveCount(0);
    await step(page);
  });
});

const wrong = (page: Page) => page.locator(".field [role=alert]");

/** A safetensors file of one tensor of zeros. */
function safetensors(name: string, shape: [number, number]): Buffer {
  const bytes = shape[0] * shape[1] * 4;
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: "F32", shape, data_offsets: [0, bytes] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(bytes)]);
}
