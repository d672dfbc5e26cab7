// Benchmarks of the built site in Chromium, on the CPU backend.
// node browser.mjs [NAME] [--json]   with SITE_URL and CHROMIUM set, as `cargo xtask bench` does
import { chromium } from "@playwright/test";
import { compute } from "./compute.mjs";
import { firstLoss, firstPrediction, frames } from "./page.mjs";

const SAMPLES = 15;
const engine = (kind, batch) => (browser, site) => compute(browser, site, { kind, batch, samples: SAMPLES });
const waited = (measure) => async (browser, site) => ({ times: await measure(browser, site) });

const CASES = [
  { name: "infer-1", what: "alexnet-224, one image, logits read back", measure: engine("infer", 1) },
  { name: "infer-8", what: "alexnet-224, eight images", measure: engine("infer", 8) },
  { name: "train-64", what: "alexnet-32, one SGD step of 64 images", measure: engine("trainStep", 64) },
  { name: "first-prediction", what: "opening the page and pressing a sample, to its top-5, nothing cached", measure: waited(firstPrediction) },
  { name: "first-prediction-slow", what: "the same over a line of 20 Mbit/s, files as they lie in the site", measure: waited((...to) => firstPrediction(...to, 20)) },
  { name: "first-loss", what: "pressing Start on a fresh page, to the first loss", measure: waited(firstLoss) },
  { name: "frames", what: "between two frames while the page scrolls and a run trains", measure: waited(frames) },
];

const json = process.argv.includes("--json");
const name = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const cases = CASES.filter((each) => !name || each.name === name);
if (cases.length === 0) {
  console.error(`error: there is no benchmark “${name}”: use one of ${CASES.map((each) => each.name).join(", ")}`);
  process.exit(2);
}

/** The value that this share of the values does not exceed. */
const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
const rows = [];
for (const { name, what, measure } of cases) {
  const { times, first, wasmBytes } = await measure(browser, process.env.SITE_URL);
  const row = {
    name, what, samples: times.length, median: quantile(times, 0.5), fastest: Math.min(...times),
    percentile95: quantile(times, 0.95), first, wasmBytes,
  };
  rows.push(row);
  if (!json) {
    const ms = (label, value) => `${label} ${value.toFixed(1).padStart(7)} ms`;
    const figures = [ms("median", row.median), ms("fastest", row.fastest), ms("95 %", row.percentile95)];
    if (first !== undefined) figures.push(ms("first", first), `${(wasmBytes / 1e6).toFixed(0).padStart(4)} MB`);
    console.log(`${name.padEnd(21)} ${figures.join("  ")}  ${what}`);
  }
}
const version = browser.version();
await browser.close();
if (json) console.log(JSON.stringify({ browser: `Chromium ${version}`, backend: "cpu", unit: "milliseconds", rows }, null, 1));
