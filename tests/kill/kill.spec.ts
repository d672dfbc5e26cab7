/** After the tab, the worker, the GPU process or the browser is killed at any moment, the page opens and at most a second of work is missing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type Page } from "@playwright/test";
import { expect } from "../e2e/support/lab";
import { start, type Running } from "./browser";
import { holds, live, watch, type Restored, type Snapshot } from "./story";

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 200);
const SITE = process.env["SITE_URL"] ?? "http://127.0.0.1:8080/";
const SEED = Number(process.env["KILL_SEED"] ?? 1);
/** The kill comes within this time after the page is there, or after the training has begun. */
const LONGEST_MS = Number(process.env["KILL_WITHIN_MS"] ?? 20_000);
/** Work that may be missing. */
const MAY_MISS_MS = 1000;

const KINDS = ["tab", "renderer", "worker", "gpu", "browser"] as const;
type Kind = (typeof KINDS)[number];

/** mulberry32: the same seed kills at the same moments. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every other GPU process is killed while the page computes on it. */
const address = (kind: Kind, round: number) => `${SITE}?view=studio&backend=${kind === "gpu" && round % 2 === 0 ? "webgpu" : "cpu"}`;

async function opened(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByTestId("backend")).toHaveAttribute("data-status", "ready");
  await expect(page.getByTestId("studio-class").first()).toBeVisible();
}

/** Kills; resolves when it is done. */
async function kill(kind: Kind, { context, browser, process }: Running, page: Page): Promise<void> {
  switch (kind) {
    case "tab":
      return page.close();
    case "worker": {
      const worker = page.workers().find((one) => /worker-/.test(one.url()));
      await worker?.evaluate(() => void setTimeout(() => { throw new Error("killed by the test"); }));
      return;
    }
    case "renderer": {
      const crashed = page.waitForEvent("crash");
      const session = await context.newCDPSession(page);
      // A killed process answers no command.
      void session.send("Page.crash").catch(() => undefined);
      await crashed;
      return page.close();
    }
    case "gpu": {
      const session = await browser.newBrowserCDPSession();
      await session.send("Browser.crashGpuProcess");
      return;
    }
    case "browser": {
      const closed = new Promise((done) => browser.once("disconnected", done));
      process.kill("SIGKILL");
      await closed;
    }
  }
}

/** What the open page holds; goes on with a saved run, to see that it can. */
async function restored(page: Page): Promise<Restored> {
  await expect(page.getByTestId("studio-follows"), "the dead tab's lock").toHaveCount(0);
  const cards = page.getByTestId("studio-class");
  const names = await cards.evaluateAll((all) => all.map((card) => (card as HTMLElement).dataset["name"] ?? ""));
  const counts = await cards.evaluateAll((all) => all.map((card) => Number((card as HTMLElement).dataset["count"])));
  const broken = await page.getByTestId("studio-thumb").evaluateAll(async (all) => {
    const loaded = await Promise.all(all.map((image) => (image as HTMLImageElement).decode().then(() => true, () => false)));
    return loaded.filter((good) => !good).length;
  });
  expect(broken, "thumbnails that cannot be shown").toBe(0);
  const resume = page.getByTestId("studio-go-on");
  if ((await resume.count()) === 0) return { names, counts, step: (await page.getByTestId("studio-accuracy").count()) > 0 ? Infinity : 0 };
  const step = Number(/\d[\d,]*/.exec((await resume.textContent()) ?? "")?.[0]?.replaceAll(",", ""));
  await resume.click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step")), { message: "the run goes on" }).toBeGreaterThan(step);
  return { names, counts, step };
}

interface Result { round: number; kind: Kind; after: number; missing: number; step: number; problem: string }

async function round(number: number, kind: Kind, after: number, inTraining: boolean): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "alexnet-kill-"));
  let running = await start(folder);
  const seen: Snapshot[] = [];
  const result: Result = { round: number, kind, after, missing: 0, step: 0, problem: "" };
  try {
    let page = await running.context.newPage();
    await watch(page, (snapshot) => seen.push(snapshot));
    await opened(page, address(kind, number));
    // It ends with the page.
    const story = live(page).catch((error: unknown) => error);
    const sleep = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
    // Half of the kills are aimed at the training, which a slow machine reaches late.
    const wait = async () => {
      while (inTraining && !seen.some(({ step }) => step > 0)) await sleep(50);
      await sleep(after);
    };
    const ended = await Promise.race([story, wait()]);
    if (ended instanceof Error) throw ended;
    const killed = Date.now();
    await kill(kind, running, page);
    if (kind === "worker" || kind === "gpu") {
      // The page itself goes on with another worker.
      await expect(page.getByTestId("backend")).toHaveAttribute("data-status", "ready", { timeout: 120_000 });
      await page.close();
    }
    await story;
    if (kind === "browser") running = await start(folder);
    page = await running.context.newPage();
    await opened(page, address(kind, number));
    const found = await restored(page);
    const work = seen.filter(({ at }) => at < killed);
    const first = work.find((snapshot) => !holds(found, snapshot));
    result.missing = first ? killed - first.at : 0;
    result.step = work.at(-1)?.step ?? 0;
    if (result.missing > MAY_MISS_MS) result.problem = `missing: ${JSON.stringify({ first, found })}`;
  } catch (error) {
    result.problem = error instanceof Error ? error.message : String(error);
  } finally {
    await running.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return result;
}

test(`${ROUNDS} kills at random moments lose at most a second of work`, async () => {
  const next = random(SEED);
  const results: Result[] = [];
  for (let number = 0; number < ROUNDS; number++) {
    const kind = KINDS[number % KINDS.length] ?? "tab";
    const inTraining = next() < 0.5;
    const result = await round(number, kind, Math.round(next() * LONGEST_MS), inTraining);
    results.push(result);
    console.log(JSON.stringify(result));
  }
  for (const kind of KINDS) {
    const own = results.filter((result) => result.kind === kind);
    console.log(`${kind}: ${own.length} rounds, ${own.filter(({ step }) => step > 0).length} of them in training, most missing ${Math.max(0, ...own.map(({ missing }) => missing))} ms`);
  }
  expect(results.filter(({ problem }) => problem !== "")).toEqual([]);
});
