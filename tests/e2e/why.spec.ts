/** How sure, what else, and why: what the page says about an answer. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, open, test } from "./support/lab";

/** Classifies the sample with this label. */
async function sample(page: Page, label: string): Promise<void> {
  await page.locator(`[data-testid="sample"][data-label="${label}"]`).click();
  await expect(page.getByTestId("prediction")).toHaveCount(5);
}

const best = async (page: Page) => Number(await page.getByTestId("prediction").first().getAttribute("data-probability"));

test("the visitor says how sure the network must be, and the page remembers", async ({ page }) => {
  await open(page);
  await sample(page, "ladybug");
  const verdict = page.getByTestId("verdict");
  const slider = page.getByTestId("doubt");
  const hundredths = Math.round(100 * (await best(page)));
  const standard = await slider.inputValue();
  await slider.fill(String(Math.min(100, hundredths + 2)));
  if (hundredths < 98) {
    await expect(verdict).toHaveAttribute("data-sure", "false");
    await expect(verdict).toContainText("Not sure");
  }
  await slider.fill(String(Math.max(0, hundredths - 2)));
  await expect(verdict).toHaveAttribute("data-sure", "true");
  await expect(verdict).toContainText("Looks like ladybug");
  // From the keyboard too.
  await slider.focus();
  await page.keyboard.press("End");
  await expect(slider).toHaveValue("100");
  await expect(verdict).toHaveAttribute("data-sure", "false");
  await page.reload();
  await sample(page, "ladybug");
  await expect(slider).toHaveValue("100");
  await page.getByTestId("doubt-reset").click();
  await expect(slider).toHaveValue(standard);
  await page.reload();
  await sample(page, "ladybug");
  await expect(slider).toHaveValue(standard);
});

test("a name says what else it could be, to the pointer and to the keyboard", async ({ page }) => {
  await open(page);
  await sample(page, "orange");
  const card = page.getByTestId("similar");
  const name = page.getByTestId("prediction").first().getByRole("button");
  await expect(card).toHaveCount(0);
  await name.hover();
  // Whatever the network has learnt, round fruit are among its neighbours.
  await expect(card).toContainText(/lemon|pomegranate|banana/);
  await page.getByRole("heading", { level: 1 }).hover();
  await expect(card).toHaveCount(0);
  await name.focus();
  await expect(card).toBeVisible();
  await expect(name).toHaveAccessibleDescription(/Similar classes: /);
  await page.keyboard.press("Escape");
  await expect(card).toHaveCount(0);
});

test("what an answer rests on lies on the thing", async ({ page }) => {
  await open(page);
  await sample(page, "orange");
  await page.getByTestId("why").locator("summary").click();
  const covered = page.getByTestId("occlusion-map");
  await expect(covered).toHaveAttribute("data-done", "true");
  const place = async (id: string) => {
    const map = page.getByTestId(id);
    return { x: Number(await map.getAttribute("data-x")), y: Number(await map.getAttribute("data-y")) };
  };
  for (const id of ["occlusion-map", "gradient-map"]) {
    const { x, y } = await place(id);
    const inside = ORANGES.filter((orange) => Math.hypot(x - orange.x, y - orange.y) < orange.radius);
    expect(inside, `${id}: ${x}, ${y}`).not.toEqual([]);
  }
  await expect(covered).toHaveAccessibleName(/orange.*: strongest (at|on|in) the /);
  // Another guess, another map.
  const second = await page.getByTestId("prediction").nth(1).getAttribute("data-index");
  await page.getByTestId("why-class").selectOption(second ?? "");
  await expect(covered).toHaveAttribute("data-done", "true");
  await expect(covered).not.toHaveAccessibleName(/orange/);
});

/** Where the fruit lie in the sample's middle square, as shares of its sides. */
const ORANGES = [{ x: 0.27, y: 0.43, radius: 0.24 }, { x: 0.49, y: 0.24, radius: 0.13 }, { x: 0.72, y: 0.36, radius: 0.22 }, { x: 0.61, y: 0.62, radius: 0.25 }];

test("each layer shows what it makes of the photo", async ({ page }) => {
  await open(page);
  await sample(page, "goldfish");
  await page.getByTestId("why").locator("summary").click();
  await page.getByTestId("why-maps").click();
  const maps = page.getByTestId("feature-maps");
  const layers = page.getByTestId("layer");
  await expect(maps).toHaveAttribute("data-layer", "relu1");
  await expect(maps).toHaveAttribute("data-count", "32");
  // Something is drawn: neither all black nor all white.
  const greys = () => maps.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    return new Set(data.filter((_, i) => i % 4 === 0)).size;
  });
  expect(await greys()).toBeGreaterThan(20);
  for (const [layer, count] of [["conv5", "128"], ["pool5", "128"], ["fc6", "1024"], ["fc8", "200"]] as const) {
    await layers.selectOption(layer);
    await expect(maps).toHaveAttribute("data-layer", layer);
    await expect(maps).toHaveAttribute("data-count", count);
  }
  await page.getByTestId("why-filters").click();
  await expect(page.getByTestId("model-filters")).toHaveAccessibleName(/32 filters of conv1, 5 × 5 pixels each/);
});

test("several networks are asked, and their average", async ({ page }) => {
  // Networks of the test's own: the shipped one twice more, under the names of a list that the test serves.
  const shipped = readFileSync(new URL("../../web/public/models/alexnet-64.safetensors", import.meta.url));
  const [first] = JSON.parse(readFileSync(new URL("../../web/public/models/index.json", import.meta.url), "utf8")) as object[];
  const members = [1, 2].map((n) => ({ file: `ensemble-${n}.safetensors`, name: `Network ${n}`, bytes: shipped.length, member: true }));
  await page.route("**/models/index.json", (route) => route.fulfill({ json: [first, ...members] }));
  let loads = 0;
  await page.route("**/models/ensemble-*.safetensors", (route) => {
    loads++;
    return route.fulfill({ body: shipped, contentType: "application/octet-stream" });
  });
  const one = { images: 6000, top1: 0.4, top5: 0.65, loss: 2.6, ece: 0.02 };
  const models = ["alexnet-64.safetensors", ...members.map(({ file }) => file)].map((model) => ({ model, network: "alexnet-64", width: 0.75, parameters: 1e6, ...one }));
  await page.route("**/models/ensemble.json", (route) => route.fulfill({ json: { ...one, top1: 0.45, models } }));
  await page.route("**/models/ensemble-small.json", (route) => route.fulfill({ json: { ...one, top1: 0.42, models: models.slice(1) } }));

  await open(page);
  await sample(page, "pizza");
  await expect(page.getByTestId("ask-all")).toContainText("Ask 3 networks");
  expect(loads).toBe(0);
  await page.getByTestId("ask-all").click();
  await expect(page.getByTestId("vote")).toHaveCount(3);
  await expect(page.getByTestId("vote-average")).toHaveAttribute("data-label", "pizza");
  await expect(page.getByTestId("vote").nth(2)).toContainText("Network 3");
  // Twice more the same network: the average is what one says.
  const guesses = (of: ReturnType<Page["getByTestId"]>) => of.locator("ol").innerText();
  expect(await guesses(page.getByTestId("vote-average"))).toBe(await guesses(page.getByTestId("vote").first()));

  // The next photo is shown to all of them at once, nothing is loaded again.
  await sample(page, "lemon");
  await expect(page.getByTestId("vote-average")).toHaveAttribute("data-label", "lemon");
  expect(loads).toBe(2);
  await page.getByText("How much averaging helps").click();
  const table = page.getByTestId("ensemble").getByTestId("ensemble-errors");
  await expect(table).toContainText("60.0%");
  await expect(table.getByRole("row", { name: /Average of networks 2 to 3/ })).toContainText("58.0%");
  await expect(table.getByRole("row", { name: /Average of 3 networks/ })).toContainText("55.0%");
  await expect(table.getByRole("row", { name: /^1 network 40\.7% 18\.2%/ })).toBeVisible();
  await expect(table.getByRole("row", { name: /Average of 7 networks/ })).toContainText("15.4%");
});
