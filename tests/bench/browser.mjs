// Benchmarks of the built site in Chromium, on the CPU backend, beside other runtimes where they compute the same.
// node browser.mjs [NAME] [--json] [--samples=N]   with SITE_URL and CHROMIUM set, as `cargo xtask bench` does
import os from "node:os";
import { chromium } from "@playwright/test";
import { compute } from "./compute.mjs";
import { firstLoss, firstPrediction, frames } from "./page.mjs";
import { servePeers } from "./peers.mjs";

const flag = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.split("=")[1];
const samples = Number(flag("samples") ?? 15);
const engine = (kind, batch) => Object.assign((browser, site, peers) => compute(browser, site, peers, { kind, batch, samples }), { peers: true });
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

const summary = (times) => ({ samples: times.length, median: quantile(times, 0.5), fastest: Math.min(...times), percentile95: quantile(times, 0.95) });
const ms = (label, value) => `${label} ${value.toFixed(1).padStart(7)} ms`;

const peers = cases.some(({ measure }) => measure.peers) ? await servePeers() : null;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
const rows = [];
try {
  for (const { name, what, measure } of cases) {
    const { times, first, wasmBytes, busy, peers: others = [] } = await measure(browser, process.env.SITE_URL, peers);
    const row = { name, what, ...summary(times), first, wasmBytes, busy };
    row.peers = others.map(({ name, version, times, first, agreement }) => {
      const peer = { name, version, ...summary(times), first, agreement };
      return { ...peer, ratio: row.median / peer.median };
    });
    rows.push(row);
    if (!json) print(row);
  }
} finally {
  await peers?.close();
}
const version = browser.version();
await browser.close();
const machine = { processor: os.cpus()[0]?.model ?? "unknown", processors: os.cpus().length };
if (json) console.log(JSON.stringify({ browser: `Chromium ${version}`, backend: "cpu", threads: 1, unit: "milliseconds", ...machine, rows }, null, 1));

function print({ name, what, median, fastest, percentile95, first, wasmBytes, busy, peers }) {
  const figures = [ms("median", median), ms("fastest", fastest), ms("95 %", percentile95)];
  if (first !== undefined) figures.push(ms("first", first), `${(wasmBytes / 1e6).toFixed(0).padStart(4)} MB`);
  console.log(`${name.padEnd(21)} ${figures.join("  ")}  ${what}`);
  for (const peer of peers) {
    const theirs = [ms("median", peer.median), ms("fastest", peer.fastest), ms("95 %", peer.percentile95), ms("first", peer.first)];
    console.log(`  ${peer.name.padEnd(19)} ${theirs.join("  ")}  ${peer.version}: ours takes ${peer.ratio.toFixed(2)} times as long; logits within ${peer.agreement.toExponential(0)}`);
  }
  if (busy !== undefined) console.log(`  others at work        ${busy.toFixed(1)} of ${os.cpus().length} processors while the bench waited${busy > 0.3 ? ": trust the ratios, not the milliseconds" : ""}`);
}
