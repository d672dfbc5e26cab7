/** Weights from elsewhere: fetched once, gone on with after a break, checked, kept on this device; and what goes wrong. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { pageUrl, engine, expect, message, test } from "./support/lab";
import { Host, SITE } from "./support/host";
import { ALEXNET, described, inBytes, legacyPth, mixed, pth, safetensors } from "./support/weights";

const host = new Host();
/** Another origin. */
const abroad = new Host();
const network = readFileSync(`${SITE}/models/alexnet-64.safetensors`);

test.beforeAll(() => Promise.all([host.start(), abroad.start()]));
test.afterAll(() => Promise.all([host.stop(), abroad.stop()]));
test.beforeEach(() => {
  for (const { files, asked } of [host, abroad]) {
    files.clear();
    asked.length = 0;
  }
});

async function models(page: Page): Promise<void> {
  await page.goto(new URL(pageUrl({ backend: "cpu", view: "models" }), host.url).href);
  await engine(page);
  await expect(page.getByTestId("export-onnx")).toBeEnabled();
}

async function fetchFrom(page: Page, url: string): Promise<void> {
  await page.getByTestId("model-address").fill(url);
  await page.getByTestId("model-fetch").click();
}

test.describe("a file from an address", () => {
  test.use({ allowed: /net::ERR_|status of 404/ });

  test("is fetched by one press where it is in the list", async ({ page }) => {
    const url = host.at("listed.safetensors");
    host.files.set("listed.safetensors", { body: network });
    const sha256 = createHash("sha256").update(network).digest("hex");
    const row = { name: "A listed network", url, bytes: network.length, sha256, dataset: "Tests", classes: 200, top1: 0.4, top5: 0.7, publisher: "the test", licence: "None", origin: "The test." };
    await page.route("**/generated/weights.json", (route) => route.fulfill({ json: [row] }));
    await models(page);
    await page.getByTestId("published").getByRole("button", { name: /^Download and use/ }).click();
    await expect(message(page, /^Classify now uses “A listed network”: alexnet-64, 200 classes\.$/)).toBeVisible();
    expect(host.asked).toHaveLength(1);
    await expect(page.getByTestId("published").getByRole("button", { name: /from this device/ })).toBeVisible();
  });

  test("goes on where it broke off, is kept, comes from this device next time, and can be removed", async ({ page }) => {
    await models(page);
    host.files.set("net.safetensors", { body: network, stalls: [1_000_000, 500_000] });
    const url = host.at("net.safetensors");
    await fetchFrom(page, url);
    for (const share of ["32", "49"]) {
      await expect(page.getByRole("progressbar", { name: "Loading net.safetensors" })).toHaveAttribute("aria-valuenow", share);
      host.cut();
    }
    await expect(message(page, /^Classify now uses “net\.safetensors”: alexnet-64, 200 classes\.$/)).toBeVisible();
    expect(host.asked).toEqual([[undefined, undefined], ["bytes=1000000-", '"1"'], ["bytes=1500000-", '"1"']]);
    await expect(page.getByTestId("storage-used")).toHaveAttribute("data-bytes", String(network.length));

    host.files.clear();
    await page.reload();
    await expect(page.getByTestId("from-device")).toHaveText("Loaded from this device. Nothing was downloaded.");
    expect(new URL(page.url()).searchParams.get("model"), "the address names the model").toBe(url);
    expect(host.asked).toHaveLength(3);

    await expect(page.getByRole("button", { name: "In use: net.safetensors" })).toBeDisabled();
    await page.getByRole("button", { name: "Remove net.safetensors from this device" }).click();
    await expect(page.getByTestId("storage-used")).toHaveText("No downloaded model is stored in this browser.");
    await expect(page.getByTestId("model-facts")).toContainText("net.safetensors");
    await expect.poll(() => new URL(page.url()).searchParams.get("model"), "nor is its address").toBeNull();
    await page.reload();
    await expect(page.getByTestId("model-facts").getByRole("heading")).toHaveText("AlexNet 64, 200 classes");
    expect(host.asked, "nothing is fetched again").toHaveLength(3);
    await fetchFrom(page, url);
    await expect(message(page, /^The model is not there: the server answered with status 404 for \/files\/net\.safetensors\.$/)).toBeVisible();
  });

  test("can be stopped, shows how far it is, and goes on later", async ({ page }) => {
    await models(page);
    host.files.set("net.safetensors", { body: network, stalls: [1_500_000] });
    await fetchFrom(page, host.at("net.safetensors"));
    await expect(page.getByRole("progressbar", { name: "Loading net.safetensors" })).toHaveAttribute("aria-valuenow", "49");
    await page.getByTestId("stop-download").click();
    await expect(message(page, /^The download of “net\.safetensors” was stopped at 1\.5 MB of 3\.1 MB: start it again to continue from there\.$/)).toHaveAttribute("role", "status");
    const stored = page.getByTestId("stored-file");
    await expect(stored).toContainText("1.5 MB of 3.1 MB");
    host.files.set("net.safetensors", { body: network, stalls: [500_000] });
    await page.getByRole("button", { name: "Continue the download of net.safetensors" }).click();
    await expect(stored.getByRole("progressbar", { name: "Loading net.safetensors" })).toHaveAttribute("aria-valuenow", "65");
    await stored.getByTestId("stop-download").click();
    await expect(message(page, /was stopped at 2\.0 MB of 3\.1 MB/)).toBeVisible();
    await page.getByRole("button", { name: "Continue the download of net.safetensors" }).click();
    await expect(message(page, /^Classify now uses /)).toBeVisible();
    expect(host.asked.map(([range]) => range)).toEqual([undefined, "bytes=1500000-", "bytes=2000000-"]);
  });

  test("that is kept is used again by one press, without the network", async ({ page, context }) => {
    await models(page);
    host.files.set("net.safetensors", { body: network });
    await fetchFrom(page, host.at("net.safetensors"));
    await expect(message(page, /^Classify now uses /)).toBeVisible();
    await page.getByTestId("use-shipped").click();
    await expect(page.getByTestId("use-shipped")).toHaveCount(0);
    await expect.poll(() => new URL(page.url()).searchParams.get("model")).toBeNull();
    await context.setOffline(true);
    const use = page.getByRole("button", { name: "Use net.safetensors from this device" });
    await use.focus();
    await page.keyboard.press("Enter");
    await expect(message(page, /^Classify now uses “net\.safetensors” from this device: alexnet-64, 200 classes\.$/)).toBeVisible();
    await expect.poll(() => new URL(page.url()).searchParams.get("model")).toBe(host.at("net.safetensors"));
    await expect(use).toHaveCount(0);
    expect(host.asked).toHaveLength(1);
    await context.setOffline(false);
    // Going back changes the view, not the model in use, so neither what the address says of it.
    await page.getByTestId("view-learn").click();
    await page.getByTestId("view-models").click();
    await page.getByTestId("use-shipped").click();
    await expect(page.getByTestId("use-shipped")).toHaveCount(0);
    await page.goBack();
    await expect(page.getByTestId("view-learn")).toHaveAttribute("aria-current", "page");
    await expect.poll(() => new URL(page.url()).searchParams.get("model")).toBeNull();
  });

  test("of a published one brings its origin, under any address and from the disk", async ({ page }) => {
    // As if somebody else's: it does not tell where its weights come from.
    const foreign = described(network, ({ origin: _, ...rest }) => rest);
    host.files.set("copy.safetensors", { body: foreign });
    const sha256 = createHash("sha256").update(foreign).digest("hex");
    const row = { name: "A listed network", url: host.at("listed.safetensors"), bytes: foreign.length, sha256, dataset: "Tests", classes: 200, top1: 0.4, top5: 0.7, publisher: "the test", licence: "None", origin: "Published by the test." };
    await page.route("**/generated/weights.json", (route) => route.fulfill({ json: [row] }));
    await models(page);
    await fetchFrom(page, host.at("copy.safetensors"));
    await expect(message(page, /^Classify now uses “copy\.safetensors”/)).toBeVisible();
    await expect(page.getByTestId("model-facts")).toContainText("Published by the test.");
    await page.getByTestId("use-shipped").click();
    await expect(page.getByTestId("model-facts")).not.toContainText("Published by the test.");
    await page.getByTestId("model-input").setInputFiles({ name: "disk.safetensors", mimeType: "application/octet-stream", buffer: foreign });
    await expect(message(page, /^Classify now uses “disk\.safetensors”/)).toBeVisible();
    await expect(page.getByTestId("model-facts")).toContainText("Published by the test.");
  });

  test("comes from another server that lets pages read it", async ({ page }) => {
    await models(page);
    abroad.files.set("net.safetensors", { body: network, cors: true, stalls: [1_000_000] });
    await fetchFrom(page, abroad.at("net.safetensors"));
    await expect(page.getByRole("progressbar", { name: "Loading net.safetensors" })).toHaveAttribute("aria-valuenow", "32");
    abroad.cut();
    await expect(message(page, /^Classify now uses /)).toBeVisible();
    expect(abroad.asked, "a condition would need leave").toEqual([[undefined, undefined], ["bytes=1000000-", undefined]]);
  });

  test("that cannot be used is told in a sentence, and the model in use stays", async ({ page, context }) => {
    await models(page);
    const facts = await page.getByTestId("model-facts").innerText();
    const serve = (name: string, body: Buffer | string, more = {}) => {
      host.files.set(name, { body: Buffer.from(body), ...more });
      return host.at(name);
    };
    abroad.files.set("net.safetensors", { body: network });
    const header = (text: string) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([length, Buffer.from(text)]);
    };
    const one = (shape: string, end: string) => header(`{"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,${end}]}}`);
    const cases: [string, RegExp][] = [
      [host.at("nowhere.pth"), /^The model is not there: the server answered with status 404 for \/files\/nowhere\.pth\.$/],
      [serve("page.pth", "<html>Sign in</html>", { type: "text/html" }), /^The model is not there: the server answered with a web page for \/files\/page\.pth/],
      [serve("hidden.pth", "<!doctype html>Sign in"), /^This is not a model file but a web page/],
      [abroad.at("net.safetensors"), /^“net\.safetensors” could not be read from 127\.0\.0\.1:\d+: either it is not there, or that server does not let other pages read it \(no CORS\)/],
      [abroad.at("nowhere.safetensors"), /^“nowhere\.safetensors” could not be read from 127\.0\.0\.1:\d+: either it is not there, or that server does not let other pages read it \(no CORS\)/],
      ["http://127.0.0.1:9/net.safetensors", /^“net\.safetensors” could not be downloaded: 127\.0\.0\.1:9 did not answer/],
      ["ftp://example.org/net.safetensors", /^“ftp:\/\/example\.org\/net\.safetensors” is not the address of a file on the web/],
      [serve("short.safetensors", network.subarray(0, 2_000_000)), /^The model file is cut off \(2,000,000 of [\d,]+ bytes\)/],
      [serve("alexnet-owt-7be5be79.pth", network), /^“alexnet-owt-7be5be79\.pth” is not the published file \(its SHA-256 begins with [0-9a-f]{8}, not 7be5be79\), so it was deleted/],
      [serve("shape.pth", readFileSync(new URL("../fixtures/pth/zip.pth", import.meta.url))), /^Features\.0\.weight has the shape \[4, 3, 3, 3\] where alexnet-224 needs/],
      [serve("overflow.safetensors", one("[4611686018427387904,4]", "16")), /^The model file is damaged/],
      [serve("vast.safetensors", one("[1000000000]", "4000000000")), /^The model file is (cut off|damaged)/],
      [serve("nested.safetensors", header('{"a":'.repeat(100_000))), /^The model file is damaged/],
      [serve("crowd.safetensors", Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 0]), Buffer.from('{"a":')])), /^The model file is damaged/],
      [serve("call.pth", Buffer.from("\x80\x02cos\nsystem\nX\x07\0\0\0echo hi\x85R.", "latin1")), /calls the function “os\.system”, and no code in a file is run here/],
    ];
    for (const [url, words] of cases) {
      await fetchFrom(page, url);
      await expect(message(page, words), url).toHaveCount(1);
      expect(await page.getByTestId("model-facts").innerText(), url).toBe(facts);
      await page.getByRole("button", { name: /^Dismiss: / }).click();
    }

    await context.setOffline(true);
    await fetchFrom(page, host.at("net.safetensors"));
    await expect(message(page, /^“net\.safetensors” could not be downloaded: this device is offline\. Connect it and try again\.$/)).toHaveCount(1);
    await context.setOffline(false);

    const browser = await context.newCDPSession(page);
    await browser.send("Storage.overrideQuotaForOrigin", { origin: new URL(host.url).origin, quotaSize: 2_000_000 });
    serve("net.safetensors", network);
    await fetchFrom(page, host.at("net.safetensors"));
    await expect(message(page, /^There is no room for “net\.safetensors”.* in what this browser lets the page store: delete files under “On this device”/)).toHaveCount(1);
    await browser.send("Storage.overrideQuotaForOrigin", { origin: new URL(host.url).origin });

    expect(await page.getByTestId("model-facts").innerText()).toBe(facts);
    await page.getByTestId("view-classify").click();
    await page.getByTestId("sample").first().click();
    await expect(page.getByTestId("prediction")).toHaveCount(5);
  });
});

test.describe("torchvision's network at full size", () => {
  const DESCRIPTION = {
    version: 1,
    format: "safetensors",
    network: { network: "alexnet-224", classes: 1000, width: 1, activation: "relu", normalization: "none", dropout: 0.5 },
    labels: Array.from({ length: 1000 }, (_, i) => ({ id: String(i), name: `class ${i}` })),
    preprocess: { resize: 224, crop: 224, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  };

  /** The formula's picture, as `generate_reference.py` has it. */
  function picture(): { width: number; height: number; rgba: number[] } {
    const side = 224;
    const bytes = mixed("images", 3 * side * side).map((x) => x >>> 24);
    const rgba = Array.from({ length: 4 * side * side }, (_, i) => (i % 4 === 3 ? 255 : (bytes[(i % 4) * side * side + (i >> 2)] ?? 0)));
    return { width: side, height: side, rgba };
  }

  /** A tensor of the references. */
  function reference(name: string): number[] {
    const file = readFileSync(new URL("../fixtures/alexnet-224.safetensors", import.meta.url));
    const header = Number(file.readBigUInt64LE(0));
    const { data_offsets: [from, to] } = JSON.parse(file.toString("utf8", 8, 8 + header))[name] as { data_offsets: [number, number] };
    return [...new Float32Array(file.buffer.slice(file.byteOffset + 8 + header + from, file.byteOffset + 8 + header + to))];
  }

  test("gives PyTorch's logits, and its weights are in memory once", async ({ page }) => {
    await models(page);
    const before = await page.evaluate(() => window.lab.engine.memory());
    host.files.set("formula.safetensors", { body: safetensors(ALEXNET, DESCRIPTION) });
    await fetchFrom(page, host.at("formula.safetensors"));
    await expect(message(page, /^Classify now uses .*: alexnet-224, 1,000 classes\.$/)).toBeVisible();
    const memory = await page.evaluate(() => window.lab.engine.memory());
    expect(memory - before, "bytes more than the 244 MB of the weights").toBeLessThan(1.2 * 244_403_360);

    const top = await page.evaluate(async ({ width, height, rgba }) => {
      const pixels = new ImageData(Uint8ClampedArray.from(rgba), width, height);
      return (await window.lab.engine.classifyPixels(pixels, 1000)).top;
    }, picture());
    const logits = reference("logits");
    expect(logits).toHaveLength(1000);
    // Probabilities tell logits up to a constant, which the best class fixes.
    const best = top[0];
    const scale = Math.max(...logits.map(Math.abs));
    for (const { index, probability } of top) {
      const here = Math.log(probability / (best?.probability ?? 1));
      const there = (logits[index] ?? 0) - (logits[best?.index ?? 0] ?? 0);
      expect(Math.abs(here - there) / scale, `class ${index}`).toBeLessThan(1e-4);
    }
  });

  test("in bytes it stays in bytes, and answers as in single precision", async ({ page }) => {
    const { int8, widened } = inBytes(ALEXNET, DESCRIPTION);
    host.files.set("int8.safetensors", { body: int8 });
    host.files.set("widened.safetensors", { body: widened });
    await models(page);
    const answers: number[][] = [];
    for (const name of ["int8", "widened"]) {
      const before = await page.evaluate(() => window.lab.engine.memory());
      await fetchFrom(page, host.at(`${name}.safetensors`));
      await expect(message(page, new RegExp(`^Classify now uses “${name}\\.safetensors”`))).toBeVisible();
      const grown = (await page.evaluate(() => window.lab.engine.memory())) - before;
      if (name === "int8") expect(grown, "bytes more for a file of 61 MB").toBeLessThan(2 * 61_104_000);
      answers.push(await page.evaluate(async ({ width, height, rgba }) => {
        const pixels = new ImageData(Uint8ClampedArray.from(rgba), width, height);
        const { top } = await window.lab.engine.classifyPixels(pixels, 1000);
        return top.sort((a, b) => a.index - b.index).map(({ probability }) => Math.log(probability));
      }, picture()));
    }
    const [bytes = [], floats = []] = answers;
    expect(bytes).toHaveLength(1000);
    const furthest = Math.max(...bytes.map((value, i) => Math.abs(value - (floats[i] ?? Number.NaN))));
    expect(furthest / Math.max(...floats.map(Math.abs)), "relative to the largest").toBeLessThan(1e-4);
  });

  for (const [layout, write] of [["ZIP", pth], ["legacy", legacyPth]] as const) test(`comes as a .pth too (${layout}), and ImageNet's classes with it`, async ({ page }) => {
    await models(page);
    const before = await page.evaluate(() => window.lab.engine.memory());
    host.files.set("alexnet.pth", { body: write(ALEXNET) });
    await fetchFrom(page, host.at("alexnet.pth"));
    await expect(message(page, /^Classify now uses .*: alexnet-224, 1,000 classes\.$/)).toBeVisible();
    const memory = await page.evaluate(() => window.lab.engine.memory());
    // One storage at a time is there twice: as it was fetched, and as the tensor it becomes.
    expect(memory - before, "bytes more than the 244 MB of the weights").toBeLessThan(1.4 * 244_403_360);
    const { ids, labels } = await page.evaluate(async () => (await window.lab.engine.modelInfo()) as { ids: string[]; labels: string[] });
    expect([ids[7], labels[7]]).toEqual(["n01514668", "cock"]);
    await page.getByTestId("view-classify").click();
    await page.getByTestId("sample").first().click();
    await expect(page.getByTestId("prediction")).toHaveCount(5);
  });
});
