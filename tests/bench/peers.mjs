// The peers: other runtimes' pages, built and served, with the network that the page under test exports.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { build } from "vite";

const PAGES = { infer: ["onnxruntime.html", "tensorflow.html"], trainStep: ["tensorflow.html"] };
/** Two orders of summation in single precision differ by about 1e-6 of the largest logit. */
const MOST_DIFFERENCE = 1e-4;

const here = fileURLToPath(new URL("peers", import.meta.url));

/** Serves the peers' pages until `close`. */
export async function servePeers() {
  const folder = await mkdtemp(join(tmpdir(), "alexnet-peers-"));
  const pages = [...new Set(Object.values(PAGES).flat())];
  await build({
    root: here,
    base: "./",
    configFile: false,
    publicDir: false,
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true, assetsInlineLimit: 0, target: "esnext", chunkSizeWarningLimit: 1e5, rollupOptions: { input: pages.map((page) => join(here, page)) } },
  });
  // `dev`: the exported files come later than the server.
  const files = sirv(folder, { dev: true });
  const server = createServer((request, response) => files(request, response, () => response.writeHead(404).end()));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const exported = new Set();
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    /** Which pages can be asked for this. */
    pagesFor: (kind) => PAGES[kind],
    /** Lets the page under test export its network and the input of this batch, and returns the logits it computes. */
    async export(page, kind, batch) {
      const keep = async (name, give) => {
        const [download] = await Promise.all([page.waitForEvent("download"), page.evaluate(give)]);
        await download.saveAs(join(folder, "files", name));
      };
      for (const format of exported.has(kind) ? [] : ["onnx", "safetensors"]) await keep(`${kind}.${format}`, `(${saveModel})("${format}")`);
      exported.add(kind);
      await keep(`${kind}-${batch}.f32`, `(${saveInput})()`);
      return page.evaluate(() => window.expectedLogits);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// In the page under test; a download is how bytes leave a page whose policy lets it connect nowhere.
async function saveModel(format) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await window.lab.bench.model(format));
  link.download = "model";
  link.click();
}
async function saveInput() {
  const { pixels, logits } = await window.lab.bench.sample();
  window.expectedLogits = [...logits];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([pixels]));
  link.download = "input";
  link.click();
}

/** The largest difference of two networks' logits, relative to the largest logit; an error where they are two networks. */
export function agreement(expected, actual, name) {
  const scale = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)))) / scale;
  if (actual.length !== expected.length || !(difference < MOST_DIFFERENCE)) {
    throw new Error(`${name} computes something else: its ${actual.length} logits differ by ${difference} of the largest`);
  }
  return difference;
}
