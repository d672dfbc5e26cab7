import { readFileSync } from "node:fs";
import type { APIRequestContext, Page } from "@playwright/test";
import { expect, message, open, test } from "./support/lab";
import { BLUE, file, gif, GREEN, halves, jpeg, paint, plain, png, png16, RED, turnedJpeg, type Colour, type InputFile } from "./support/pictures";

const fixture = (name: string) => readFileSync(new URL(`../../crate/data/tests/fixtures/${name}`, import.meta.url));

async function json<T>(request: APIRequestContext, path: string, missing: string): Promise<T> {
  const response = await request.get(path);
  expect(response.ok(), missing).toBe(true);
  return (await response.json()) as T;
}

/** Gives photos through the page's own file field. */
async function give(page: Page, ...photos: InputFile[]): Promise<void> {
  await page.getByTestId("photo-input").setInputFiles(photos);
}

/** Waits for the answer to a photo. */
async function answered(page: Page, name: string): Promise<void> {
  await expect(page.getByAltText(`The photo: ${name}`)).toBeVisible();
}

/** The colour at a place of what the network sees, as shares of its sides. */
async function seen(page: Page, across: number, down: number): Promise<number[]> {
  return page.getByTestId("crop").evaluate((canvas: HTMLCanvasElement, [x, y]) => {
    const data = canvas.getContext("2d")?.getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data;
    return [...(data ?? [])].slice(0, 3);
  }, [across, down] as const);
}

/** JPEG and scaling change a colour a little. */
function near(actual: number[], colour: Colour): void {
  for (const [i, value] of actual.entries()) expect(Math.abs(value - (colour[i] ?? 0)), `${actual} is near ${colour}`).toBeLessThan(24);
}

test("every sample is classified right by the network that ships", async ({ page, request }) => {
  const models = await json<{ file: string }[]>(request, "models/index.json", "the site ships no network: web/public/models/index.json is missing");
  const [shipped] = models;
  expect((await request.head(`models/${shipped?.file}`)).ok(), `the site lacks its network, models/${shipped?.file}`).toBe(true);
  const samples = await json<{ file: string; label: string; caption: string }[]>(request, "samples/index.json", "the site has no samples");
  expect(samples.length).toBeGreaterThan(0);

  await open(page);
  await expect(page.getByTestId("sample")).toHaveCount(samples.length);
  const answers: string[] = [];
  for (const [i, { caption }] of samples.entries()) {
    await page.getByTestId("sample").nth(i).click();
    await answered(page, caption);
    answers.push((await page.getByTestId("prediction").first().getAttribute("data-label")) ?? "");
  }
  expect(answers).toEqual(samples.map(({ label }) => label));
});

test("a photo gets five guesses, the time they took, and the crop that the network saw", async ({ page }) => {
  await open(page);
  await give(page, file("halves.png", png(halves(RED, BLUE))));
  await answered(page, "halves.png");

  const guesses = await page.getByTestId("top5").getByTestId("prediction").evaluateAll((rows) => rows.map((row) => ({ ...(row as HTMLElement).dataset })));
  expect(guesses).toHaveLength(5);
  const probabilities = guesses.map(({ probability }) => Number(probability));
  expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
  expect(probabilities.at(-1)).toBeGreaterThan(0);
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeLessThanOrEqual(1.000001);
  expect(new Set(guesses.map(({ index }) => index)).size).toBe(5);
  expect(Number(await page.getByTestId("classify-time").getAttribute("data-milliseconds"))).toBeGreaterThan(0);
  await expect(page.getByTestId("crop")).toHaveAttribute("width", "64");
  near(await seen(page, 0.2, 0.5), RED);
  near(await seen(page, 0.8, 0.5), BLUE);

  const direct = await page.evaluate(async (bytes) => window.lab.classify(new Blob([Uint8Array.from(bytes)]), { top: 5 }), [...png(halves(RED, BLUE))]);
  expect(direct.top.map(({ index, probability }) => [String(index), probability])).toEqual(guesses.map(({ index, probability }) => [index, Number(probability)]));
});

test("every kind of picture is read as it looks", async ({ page }) => {
  await open(page);
  const grey: Colour = [128, 128, 128];
  const cases: [name: string, buffer: Buffer, left: Colour, right: Colour][] = [
    ["photo.jpg", jpeg(halves(RED, BLUE)), RED, BLUE],
    ["deep.png", png16(halves(GREEN, RED), 2), GREEN, RED],
    ["grey16.png", png16(plain(grey), 0), grey, grey],
    ["grey.png", png(plain(grey), { colorType: 0 }), grey, grey],
    ["see-through.png", png(halves([0, 0, 0, 0], BLUE)), [255, 255, 255], BLUE],
    ["moving.gif", gif([RED, BLUE, GREEN]), RED, RED],
    // Turned by 90° clockwise as it asks for, its left half is on top.
    ["turned.jpg", turnedJpeg(paint(90, 120, (_, y) => (y < 60 ? BLUE : RED)), 6), RED, BLUE],
  ];
  for (const [name, buffer, left, right] of cases) {
    await give(page, file(name, buffer));
    await answered(page, name);
    await test.step(name, async () => {
      near(await seen(page, 0.2, 0.5), left);
      near(await seen(page, 0.8, 0.5), right);
    });
  }
  // Made by a browser, as a phone's photo is; and CMYK beside the same picture in RGB.
  const [webp, cmyk, rgb] = await page.evaluate(async ([cmyk, rgb]) => {
    const canvas = new OffscreenCanvas(80, 60);
    const context = canvas.getContext("2d");
    context?.fillRect(0, 0, 80, 60);
    const photos = [await canvas.convertToBlob({ type: "image/webp" }), ...[cmyk, rgb].map((bytes) => new Blob([Uint8Array.from(bytes ?? [])]))];
    return Promise.all(photos.map((photo) => window.lab.classify(photo, { top: 1 }))).then((all) => all.map(({ top, crop }) => ({ best: top[0]?.label, rgba: [...crop.rgba] })));
  }, [[...fixture("cmyk.jpg")], [...fixture("cmyk.png")]]);
  expect(webp?.rgba.slice(0, 3).every((channel) => channel < 8)).toBe(true);
  const difference = (cmyk?.rgba ?? []).reduce((sum, channel, i) => sum + Math.abs(channel - (rgb?.rgba[i] ?? 0)), 0);
  expect(difference / (64 * 64 * 3)).toBeLessThan(4);
});

test("photos are taken from the clipboard, from a drop and from the camera", async ({ page }) => {
  await open(page);
  for (const [kind, name] of [["paste", "pasted.png"], ["drop", "dropped.png"]] as const) {
    await page.evaluate(([kind, name, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
      const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true }) : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
    }, [kind, name, [...png(halves(GREEN, BLUE))]] as const);
    await answered(page, name);
  }
  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.getByRole("button", { name: "Take the photo" }).click();
  await answered(page, "Photo");
  await expect(page.getByTestId("prediction")).toHaveCount(5);
});

test("the camera goes out with the view, and stays out", async ({ page }) => {
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    const cameras: MediaStreamTrack[] = [];
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      cameras.push(...stream.getTracks());
      return stream;
    };
    Object.assign(window, { cameras: () => cameras.map(({ readyState }) => readyState) });
  });
  const cameras = () => page.evaluate(() => (window as unknown as { cameras(): string[] }).cameras());
  await open(page);
  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.getByRole("button", { name: "Live" }).click();
  await expect(page.getByTestId("prediction")).toHaveCount(5);
  expect(await cameras()).toEqual(["live"]);
  await page.getByTestId("view-learn").click();
  await expect.poll(cameras).toEqual(["ended"]);
  await page.getByTestId("view-classify").click();
  await expect(page.getByRole("button", { name: "Use the camera" })).toBeVisible();
  expect(await cameras()).toEqual(["ended"]);
});

test("several photos give a table, in which a broken one costs only its own row", async ({ page }) => {
  await open(page);
  await give(page, file("one.png", png(plain(RED))), file("text.jpg", Buffer.from("no picture at all")), file("two.jpg", jpeg(plain(BLUE))));
  const rows = page.getByTestId("photo-row");
  await expect(rows).toHaveCount(3);
  await expect(page.getByText("3 photos classified.")).toBeVisible();
  await expect(rows.nth(1)).toContainText("This file is not an image but a text");
  await expect(page.getByTestId("top5")).toHaveCount(0);
  await rows.nth(2).getByRole("button").click();
  await answered(page, "two.jpg");
  await expect(page.getByTestId("prediction")).toHaveCount(5);
  await expect(message(page, /./)).toHaveCount(0);
});

test("a network is taken out as a file and brought back", async ({ page }) => {
  await open(page, { view: "models" });
  const photo = [...png(halves(GREEN, RED))];
  const ask = () => page.evaluate(async (bytes) => (await window.lab.classify(new Blob([Uint8Array.from(bytes)]))).top, photo);
  const before = await ask();
  let widened: typeof before | undefined;
  for (const format of ["safetensors", "alexnet"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId(`export-${format}`).click()]);
    const saved = test.info().outputPath(download.suggestedFilename());
    await download.saveAs(saved);
    await page.getByTestId("model-input").setInputFiles(saved);
    await expect(message(page, new RegExp(`^Classify now uses “.*\\.${format}”`))).toBeVisible();
    // The shipped network's bytes are widened in these files, which rounds its sums otherwise.
    const after = await ask();
    expect(after.map(({ label }) => label)).toEqual(before.map(({ label }) => label));
    after.forEach(({ probability }, i) => expect(probability).toBeCloseTo(before[i]?.probability ?? Number.NaN, 5));
    // Between them there is no difference.
    expect(after).toEqual((widened ??= after));
  }
  await page.getByTestId("use-shipped").click();
  await expect(page.getByTestId("use-shipped")).toHaveCount(0);
});

test("an answer averages as many views as one wants, here and by the lab's own method", async ({ page }) => {
  await open(page, {});
  await page.getByTestId("photo-input").setInputFiles(file("halves.png", png(halves(RED, BLUE))));
  const best = page.getByTestId("prediction").first();
  await expect(best).toBeVisible();
  const shown = () => page.getByTestId("prediction").evaluateAll((all) => all.map((each) => Number((each as HTMLElement).dataset["probability"])));
  const asked = (views: "one" | "mirrored" | "ten") =>
    page.evaluate(async ([bytes, views]) => (await window.lab.classify(new Blob([Uint8Array.from(bytes)]), { views })).top.map(({ probability }) => probability), [[...png(halves(RED, BLUE))], views] as const);
  const once = await asked("one");
  expect(await shown()).toEqual(once);
  for (const [name, views] of [["Ten crops", "ten"], ["Mirrored too", "mirrored"], ["One", "one"]] as const) {
    const expected = await asked(views);
    if (views !== "one") expect(expected).not.toEqual(once);
    await page.getByTestId("views").getByLabel(name).check();
    await expect.poll(shown).toEqual(expected);
  }
});

test("the page says what the network knows, and how often it was right", async ({ page, request }) => {
  const [shipped] = await json<{ measured: { images: number; top1: number; top5: number } }[]>(request, "models/index.json", "the site ships no network");
  await open(page);
  const knowledge = page.getByTestId("knowledge");
  await expect(knowledge).toHaveAttribute("data-classes", "200");
  const rounded = (share = Number.NaN) => `${Math.round(100 * share)}%`;
  await expect(knowledge).toContainText(`right for ${rounded(shipped?.measured.top1)} of 6,000 test pictures`);
  await expect(knowledge).toContainText(`For ${rounded(shipped?.measured.top5)} the right answer`);
  const names = page.getByTestId("knowledge-list").getByRole("listitem");
  await expect(names.first()).toBeHidden();
  await knowledge.locator("summary").click();
  await expect(names).toHaveCount(200);
  await page.getByTestId("knowledge-search").fill("gold");
  await expect(names).toHaveText(["golden retriever", "goldfish"]);
  await page.getByTestId("knowledge-search").fill("selfie");
  await expect(knowledge.getByRole("status")).toHaveText("No name matches “selfie”.");
});

test("classes have names in the visitor's language and keep their English labels", async ({ page }) => {
  await open(page, { lang: "de" });
  await page.locator('[data-testid="sample"][data-label="goldfish"]').click();
  await expect(page.getByTestId("verdict")).toContainText("Sieht aus wie Goldfisch");
  await expect(page.getByTestId("prediction").first()).toHaveAttribute("data-label", "goldfish");
  await expect(page.getByTestId("prediction").first()).toContainText("Goldfisch");
});

test("a photo unlike those of training is told as such, the samples are not", async ({ page }) => {
  let seed = 1;
  const level = () => ((seed = (seed * 48271) % 2147483647) % 256);
  await open(page);
  for (const [name, picture] of [["noise.png", paint(96, 96, () => [level(), level(), level()])], ["plain.png", plain(BLUE)]] as const) {
    await give(page, file(name, png(picture)));
    await answered(page, name);
    await expect(page.getByTestId("unknown")).toContainText("This photo may show something the network does not know.");
    await expect(page.getByTestId("verdict")).toHaveAttribute("data-sure", "false");
  }
  await page.getByRole("button", { name: "See what it knows" }).click();
  await expect(page.getByTestId("knowledge-list").getByRole("listitem").first()).toBeInViewport();
  const samples = page.getByTestId("sample");
  for (let i = 0; i < (await samples.count()); i++) {
    await samples.nth(i).click();
    await answered(page, (await samples.nth(i).getAttribute("title")) ?? "");
    await expect(page.getByTestId("verdict")).toBeVisible();
    await expect(page.getByTestId("unknown")).toHaveCount(0);
  }
});
