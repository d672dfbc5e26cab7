/** The experiments of Learn, on the built site. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { downloaded, expect, message, open, pageUrl, test, type Parameters } from "./support/lab";

/** One seed takes about a second. */
const SIXTEEN: Parameters = { view: "learn", experiment: "sixteen", seeds: "1" };

const state = (page: Page) => page.getByTestId("experiment-state");
const predict = (page: Page, answer: string) => page.locator(`[data-testid="experiment-predict"][data-answer="${answer}"]`).click();

/** Opens an experiment and waits until it is planned. */
async function show(page: Page, parameters: Parameters): Promise<void> {
  await page.goto(pageUrl({ backend: "cpu", ...parameters }));
  await expect(page.getByTestId("experiment")).toHaveAttribute("data-name", String(parameters["experiment"]));
}

/** Runs it to its end; the measured figure. */
async function run(page: Page): Promise<string> {
  await page.getByTestId("experiment-run").click();
  await expect(state(page)).toHaveAttribute("data-phase", "done");
  return (await page.getByTestId("experiment-result").getAttribute("data-value")) ?? "";
}

test("an experiment is predicted, run, and held against the published figure", async ({ page }) => {
  await open(page, { view: "learn" });
  await page.locator('[data-testid="experiment"][data-name="sixteen"]').click();
  await expect(page).toHaveURL(/experiment=sixteen/);
  await expect(page.getByTestId("experiment-published")).toHaveAttribute("data-value", "0");

  // Nothing runs before a prediction, and the page says why.
  await expect(page.getByTestId("experiment-run")).toBeDisabled();
  await expect(state(page)).toHaveText("Choose your prediction above first.");
  await page.getByTestId("experiment-run").click({ force: true });
  await expect(state(page)).toHaveAttribute("data-phase", "idle");
  await predict(page, "few");
  await expect(page.getByTestId("experiment-run")).toBeEnabled();
  await expect(state(page)).toHaveText(/^5 runs, about \d+ (sec|min) on this device\.$/);

  const value = Number(await run(page));
  expect(value).toBeGreaterThan(0.001);
  expect(value).toBeLessThan(0.2);
  await expect(page.getByTestId("experiment-predicted")).toHaveText("less than half of them");
  await expect(page.getByTestId("experiment-answer")).toHaveAttribute("data-answer", "most");
  await expect(page.getByTestId("experiment-published")).toBeVisible();
  // All sixteen masks, each once, with the one that keeps no unit.
  const masks = await page.locator("[data-mask]").evaluateAll((networks) => networks.map((network) => (network as HTMLElement).dataset["mask"]));
  expect(new Set(masks).size).toBe(16);
  expect(masks).toContain("00 00");
  await expect(page.locator('[data-mask="00 00"]')).toContainText("no unit left");
  await expect(page.locator('[data-mask="11 00"]')).toContainText("no path");

  // The explanation waits for what the visitor saw.
  await expect(page.getByTestId("experiment-explanation")).toBeHidden();
  await page.getByText("Something else").click();
  await expect(page.getByTestId("experiment-explanation")).toContainText("one of the 16 networks");

  const rows = (await downloaded(page, "experiment-csv")).toString().trim().split("\n");
  expect(rows[0]).toBe("arm,seed,stage,learning_rate,curve,x,y");
  expect(rows.length).toBeGreaterThan(5 * 3 * 50);
  const saved = JSON.parse((await downloaded(page, "experiment-json")).toString()) as { seeds: number[]; predicted: string; result: { value: number } };
  expect(saved).toMatchObject({ seeds: [1, 2, 3, 4, 5], predicted: "few", result: { value } });
  expect((await downloaded(page, "experiment-svg")).toString()).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);

  // The card remembers, and a reload does too.
  await page.getByTestId("experiment-list").click();
  await expect(page.getByTestId("path-progress")).toContainText("1 of ");
  await page.reload();
  await expect(page.getByTestId("path-progress")).toContainText("1 of ");
});

test("the same link gives the same figure, and so do the same weights again; other seeds do not", async ({ page, browser }) => {
  const link = { ...SIXTEEN, "set.shape": "moons", seeds: "3-4" };
  await show(page, link);
  await predict(page, "most");
  const first = await run(page);
  await page.getByTestId("experiment-again").click();
  await expect(state(page)).toHaveAttribute("data-phase", "running");
  await expect(state(page)).toHaveAttribute("data-phase", "done");
  await expect(page.getByTestId("experiment-result")).toHaveAttribute("data-value", first);
  await page.getByTestId("experiment-new-seed").click();
  await expect(page).toHaveURL(/seeds=5-6/);
  await expect(state(page)).toHaveAttribute("data-phase", "done");
  await expect(page.getByTestId("experiment-result")).not.toHaveAttribute("data-value", first);

  // Another visitor, who predicts something else.
  const other = await (await browser.newContext()).newPage();
  await show(other, link);
  await expect(other.getByTestId("experiment-predict").locator("input:checked")).toHaveCount(0);
  await predict(other, "all");
  expect(await run(other)).toBe(first);
  await other.context().close();
});

test("a run can be paused, goes on in another view, and can be stopped and continued", async ({ page }) => {
  await show(page, { ...SIXTEEN, seeds: "20" });
  await predict(page, "most");
  await page.getByTestId("experiment-run").click();
  await expect(page.getByTestId("experiment-pictures")).toBeVisible();
  await page.getByTestId("experiment-pause").click();
  await expect(state(page)).toHaveText("Paused.");
  const bar = page.getByRole("progressbar", { name: "Share of the runs that is done" });
  const share = async () => Number(await bar.getAttribute("aria-valuenow"));
  const paused = await share();
  await page.getByTestId("experiment-pause").click();
  await expect(state(page)).toHaveAttribute("data-phase", "running");
  await page.getByTestId("view-models").click();
  await expect(page.getByTestId("model-facts")).toBeVisible();
  await page.getByTestId("view-learn").click();
  await expect.poll(share).toBeGreaterThan(paused);
  await page.getByTestId("experiment-stop").click();
  await expect(state(page)).toHaveAttribute("data-phase", "stopped");
  await expect(page.getByTestId("experiment-run")).toHaveText("Continue");
});

test("what the address asks for and does not exist is said", async ({ page }) => {
  await open(page, { view: "learn", experiment: "alchemy" });
  await expect(message(page, /^The page's address asks for experiment “alchemy”: use one of .*sixteen/)).toBeVisible();
  await expect(page.getByTestId("experiment").first()).toBeVisible();
  await open(page, { ...SIXTEEN, "set.p": "7" });
  await expect(message(page, /set\.p “7”: use one of 0\.2, 0\.5, 0\.8/)).toBeVisible();
  await expect(page.locator('[data-setting="p"]')).toHaveValue("0.5");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing on an experiment, and a phone scrolls down only, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width: 360, height: 740 });
    await show(page, SIXTEEN);
    const findings = async () => (await new AxeBuilder({ page }).analyze()).violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
    expect(await findings()).toEqual([]);
    await predict(page, "most");
    await run(page);
    await page.getByText("What I predicted").click();
    expect(await findings()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
}

test("a class predicts, and the teacher's page counts the codes", async ({ page }) => {
  await show(page, SIXTEEN);
  await predict(page, "few");
  await run(page);
  const code = (await page.getByTestId("experiment-code").textContent()) ?? "";
  await open(page, { view: "learn" });
  await page.getByText("For a class").click();
  await page.getByTestId("tally-codes").fill(`${code} ${code.toLowerCase()} AAAAA`);
  const table = page.getByTestId("tally");
  await expect(table).toHaveAttribute("data-total", "2");
  await expect(table.locator('[data-predicted="few"]')).toHaveText("2");
  await expect(table.locator('[data-measured="most"]')).toHaveText("2");
  await expect(page.getByText("These are not codes of this page, or they were mistyped: AAAAA.")).toBeVisible();
});

test("a teacher's link hides controls, never a reading, and is a file too", async ({ page }) => {
  await open(page, { view: "learn" });
  await page.getByText("For a class").click();
  await page.getByTestId("classroom-target").selectOption("experiment:sixteen");
  await page.locator('[data-control="experiment-seeds"]').check();
  await page.locator('[data-control="view-models"]').check();
  const link = (await page.getByTestId("classroom-link").getAttribute("href")) ?? "";
  expect(link).toBe("?view=learn&experiment=sixteen&hide=view-models%2Cexperiment-seeds");
  const file = await downloaded(page, "classroom-save");
  const hides = async () => {
    await expect(page.getByTestId("experiment-predict").first()).toBeVisible();
    await expect(page.getByTestId("experiment-seeds")).toBeHidden();
    await expect(page.getByTestId("view-models")).toBeHidden();
    await expect(page.getByTestId("view-train")).toBeVisible();
  };
  await page.getByTestId("classroom-open").setInputFiles({ name: "link.json", mimeType: "application/json", buffer: file });
  await hides();
  await page.goto(`./${link}`);
  await hides();
  // The link stays a teacher's link in every view.
  await page.getByTestId("view-train").click();
  await expect(page).toHaveURL(/hide=view-models/);

  await open(page, { view: "train", hide: "learning-rate,loss" });
  await expect(page.getByTestId("learning-rate")).toBeHidden();
  await expect(page.locator('label[for="option-learning-rate"]')).toBeHidden();
  await expect(page.getByTestId("loss")).toBeVisible();
  await expect(message(page, /hide “loss”: use one of /)).toBeVisible();
  await open(page, { view: "train", only: "start,pause" });
  await expect(page.getByTestId("start")).toBeVisible();
  for (const id of ["step", "reset", "learning-rate", "view-learn"]) await expect(page.getByTestId(id)).toBeHidden();
  for (const id of ["steps", "loss", "backend"]) await expect(page.getByTestId(id)).toBeVisible();
});

test("a path leads from one experiment to the next, and its worksheet is printed alone", async ({ page }) => {
  await page.addInitScript(() => (window.print = () => undefined));
  await open(page, { view: "learn", path: "dropout-lesson" });
  await expect(page.locator('[data-testid="path"][data-name="dropout-lesson"]')).toHaveAttribute("aria-current", "true");
  await expect(page.locator('[data-testid="experiment"]').first()).toHaveAttribute("data-name", "sixteen");
  await page.getByTestId("path-start").click();
  await expect(page).toHaveURL(/path=dropout-lesson&experiment=sixteen/);
  await page.getByTestId("path-next").click();
  await expect(page).toHaveURL(/path=dropout-lesson&experiment=sampling/);
  await page.getByTestId("experiment-list").click();
  await page.getByText("For a class").click();
  await page.getByTestId("worksheet").click();
  await expect(page.getByTestId("sheet")).toBeHidden();
  await page.emulateMedia({ media: "print" });
  await expect(page.getByTestId("sheet")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(0);
  await expect(page.getByTestId("sheet")).toContainText("Sixteen networks in one");
  await expect(page.getByTestId("sheet")).not.toContainText("each step trains one of the 16 networks");
  await page.emulateMedia({ media: "screen" });
  await page.getByTestId("answer-sheet").click();
  await page.emulateMedia({ media: "print" });
  await expect(page.getByTestId("sheet")).toContainText("published");
});

test("where storage is blocked everything runs, and the page says that nothing is kept", async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("blocked", "SecurityError"); } }));
  await show(page, SIXTEEN);
  await expect(page.getByText("nothing is kept after this visit").first()).toBeVisible();
  await predict(page, "most");
  expect(Number(await run(page))).toBeGreaterThan(0);
});

test("every experiment says how long it takes, and draws something soon after Run", async ({ page }) => {
  test.setTimeout(600_000);
  await open(page, { view: "learn" });
  const cards = page.getByTestId("experiment");
  await expect(cards.first()).toBeVisible();
  const names = await cards.evaluateAll((links) => links.map((link) => (link as HTMLElement).dataset["name"] ?? ""));
  for (const name of names) {
    await show(page, { view: "learn", experiment: name, seeds: "1" });
    await page.getByTestId("experiment-predict").first().click();
    await expect(state(page), name).toHaveText(/about \d+ (sec|min)/);
    await page.getByTestId("experiment-run").click();
    // Its figure, its pictures, or (a run that has nothing to show before its end) the bar.
    await expect(page.locator('[data-testid="experiment"] section:nth-of-type(3)').locator("svg[role=img], canvas, table, [aria-valuenow]:not([aria-valuenow='0'])").first(), name).toBeVisible();
    if (await page.getByTestId("experiment-stop").isVisible()) await page.getByTestId("experiment-stop").click();
  }
});
