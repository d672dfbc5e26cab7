// Benchmarks of the built site in Chromium, through the page's own `window.lab.bench`.
// node browser.mjs [NAME] [--json]   with SITE_URL and CHROMIUM set, as `cargo xtask bench` does
import { chromium } from "@playwright/test";

const SAMPLES = 15;
const CASES = [
  { name: "infer-1", kind: "infer", batch: 1, what: "alexnet-224, one image, logits read back" },
  { name: "infer-8", kind: "infer", batch: 8, what: "alexnet-224, eight images" },
  { name: "train-64", kind: "trainStep", batch: 64, what: "alexnet-32, one SGD step of 64 images" },
];

const json = process.argv.includes("--json");
const name = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const cases = CASES.filter((each) => !name || each.name === name);
if (cases.length === 0) {
  console.error(`error: there is no benchmark “${name}”: use one of ${CASES.map((each) => each.name).join(", ")}`);
  process.exit(2);
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const rows = [];
for (const each of cases) {
  // A fresh page: another network's memory must not count.
  const page = await browser.newPage();
  await page.goto(new URL("?backend=cpu&view=train", process.env.SITE_URL).href);
  await page.waitForFunction(() => window.lab?.bench);
  const measured = await page.evaluate(async ({ kind, batch, samples }) => {
    const { bench } = window.lab;
    await bench.prepare(kind, batch);
    const first = await bench[kind](batch);
    await bench[kind](batch);
    const times = [];
    for (let i = 0; i < samples; i++) times.push(await bench[kind](batch));
    return { first, times, ...(await bench.memory()) };
  }, { kind: each.kind, batch: each.batch, samples: SAMPLES });
  rows.push({
    name: each.name, what: each.what, first: measured.first, median: median(measured.times),
    fastest: Math.min(...measured.times), samples: SAMPLES, wasmBytes: measured.wasmBytes,
  });
  await page.close();
  if (!json) {
    const row = rows.at(-1);
    const ms = (value) => `${value.toFixed(1)} ms`.padStart(11);
    console.log(`${row.name.padEnd(10)} median${ms(row.median)}  fastest${ms(row.fastest)}  first${ms(row.first)}  ${(row.wasmBytes / 1e6).toFixed(0).padStart(5)} MB  ${row.what}`);
  }
}
const version = browser.version();
await browser.close();
if (json) console.log(JSON.stringify({ browser: `Chromium ${version}`, backend: "cpu", unit: "milliseconds", rows }, null, 1));
