// The engine's own speed, through the page's `window.lab.bench`, beside its peers'.
import os from "node:os";
import { agreement } from "./peers.mjs";

const ENGINE = "?backend=cpu&view=train";

/** A fresh page of the lab: another network's memory must not count. */
async function openLab(browser, site) {
  const page = await browser.newPage();
  await page.goto(new URL(ENGINE, site).href);
  await page.waitForFunction(() => window.lab?.bench);
  return { page, runner: "lab.bench", name: "AlexNet Lab", times: [] };
}

async function openPeer(browser, address) {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(`${address}: ${error.message}`));
  await page.goto(address);
  await page.waitForFunction(() => window.peer);
  const { name, version } = await page.evaluate(() => ({ name: window.peer.name, version: window.peer.version }));
  return { page, runner: "peer", name, version, times: [] };
}

/**
 * Milliseconds of calls after the first two: ours, a peer's, the next peer's, ours …, so that whatever else the machine
 * does meanwhile slows nobody more than the others. Every peer computes the same network on the same input, which is
 * checked before anything is measured.
 */
export async function compute(browser, site, peers, { kind, batch, samples }) {
  const exporter = await openLab(browser, site);
  await call(exporter, `prepare("${kind}", ${batch})`);
  const expected = await peers.export(exporter.page, kind, batch);
  await exporter.page.close();

  const busyBefore = await busyCores();
  const ours = await openLab(browser, site);
  const others = [];
  for (const page of peers.pagesFor(kind)) others.push(await openPeer(browser, new URL(page, peers.address).href));
  const runners = [ours, ...others];
  for (const runner of runners) {
    await call(runner, `prepare("${kind}", ${batch})`);
    if (runner !== ours) runner.agreement = agreement(expected, await call(runner, "logits()"), runner.name);
    runner.first = await call(runner, `${kind}(${batch})`);
    await call(runner, `${kind}(${batch})`);
  }
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < runners.length; j++) {
      // Each follows each of the others equally often.
      const runner = runners[(i + j) % runners.length];
      runner.times.push(await call(runner, `${kind}(${batch})`));
    }
  }
  const { wasmBytes } = await call(ours, "memory()");
  for (const { page } of runners) await page.close();
  const busy = Math.max(busyBefore, await busyCores());
  return { times: ours.times, first: ours.first, wasmBytes, peers: others, busy };
}

const call = ({ page, runner }, what) => page.evaluate(`window.${runner}.${what}`);

/** How many of this machine's processors are at work while the bench itself waits, over two seconds. */
async function busyCores() {
  const busy = () => os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const [before, start] = [busy(), performance.now()];
  await new Promise((over) => setTimeout(over, 2000));
  return (busy() - before) / (performance.now() - start);
}
