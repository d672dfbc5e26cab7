// What a visitor waits for, measured on the built site: each measure takes a browser and the site's address and
// returns samples of one figure.

const FIRST_PREDICTION_RUNS = 5;
const FIRST_LOSS_RUNS = 5;
const LATENCY_MS = 40;
/** A run of the page's own default size, which keeps the worker's core busy. */
const TRAINING = { view: "train", backend: "cpu" };

const address = (site, parameters) => new URL(`?${new URLSearchParams(parameters)}`, site).href;

/** A browser that knows nothing yet, optionally behind a slow line. */
async function visitor(browser, megabitsPerSecond) {
  const context = await browser.newContext();
  const page = await context.newPage();
  // The worker's requests do not pass through the page's own throttling: each answer waits here for its share.
  if (megabitsPerSecond) {
    let free = 0;
    await context.route("**/*", async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      free = Math.max(free, performance.now()) + (body.length * 8) / (megabitsPerSecond * 1000);
      await new Promise((arrived) => setTimeout(arrived, free - performance.now() + LATENCY_MS));
      await route.fulfill({ response, body });
    });
  }
  return { page, close: () => context.close() };
}

/** Milliseconds from opening the page to a sample's top-5, nothing cached; at once, or over a slow line. */
export async function firstPrediction(browser, site, megabitsPerSecond) {
  const times = [];
  for (let i = 0; i < FIRST_PREDICTION_RUNS; i++) {
    const { page, close } = await visitor(browser, megabitsPerSecond);
    const start = performance.now();
    await page.goto(address(site, { view: "classify", backend: "cpu" }), { waitUntil: "commit" });
    await page.getByTestId("sample").first().click();
    await page.getByTestId("prediction").nth(4).waitFor();
    times.push(performance.now() - start);
    await close();
  }
  return times;
}

/** Milliseconds from pressing Start, on a page whose engine runs, to the first loss; nothing cached before. */
export async function firstLoss(browser, site) {
  const times = [];
  for (let i = 0; i < FIRST_LOSS_RUNS; i++) {
    const { page, close } = await visitor(browser);
    await page.goto(address(site, TRAINING));
    await page.waitForFunction(() => document.querySelector("[data-testid=backend]")?.hasAttribute("data-backend"));
    const start = performance.now();
    await page.getByTestId("start").click();
    await page.waitForFunction(() => Number(document.querySelector("[data-testid=loss]")?.getAttribute("data-value")) > 0);
    times.push(performance.now() - start);
    await close();
  }
  return times;
}

/** Milliseconds between two drawn frames while the page scrolls up and down and a run trains. */
export async function frames(browser, site) {
  const { page, close } = await visitor(browser);
  await page.goto(address(site, TRAINING));
  await page.getByTestId("start").click();
  await page.waitForFunction(() => Number(document.querySelector("[data-testid=steps]")?.getAttribute("data-value")) > 20);
  const intervals = await page.evaluate(() => new Promise((resolve) => {
    const seen = [];
    let last = performance.now();
    const begin = last;
    const range = document.documentElement.scrollHeight - innerHeight;
    const tick = (now) => {
      seen.push(now - last);
      last = now;
      // Down and up once in four seconds.
      scrollTo({ top: range * 0.5 * (1 - Math.cos((now - begin) / 4000 * 2 * Math.PI)), behavior: "instant" });
      if (now - begin < 10_000) requestAnimationFrame(tick);
      else resolve(seen.slice(1));
    };
    requestAnimationFrame(tick);
  }));
  await close();
  return intervals;
}
