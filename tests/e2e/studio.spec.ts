/** Your own pictures: classes, training, keeping, taking away. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "@playwright/test";
import { imageFolder, pictures, zip } from "./support/archives";
import { beforeWorker, engine, expect, message, open, test } from "./support/lab";
import { BLUE, file, GREEN, jpeg, plain, RED, type InputFile } from "./support/pictures";

const things = (name: string, colour: typeof RED, count: number): InputFile[] => pictures(colour, count).map((bytes, i) => file(`${name} ${i}.jpg`, bytes));
const one = (page: Page, name: string) => page.locator(`[data-testid="studio-class"][data-name="${name}"]`);
const counts = (page: Page, expected: Record<string, number>) =>
  expect
    .poll(() => page.getByTestId("studio-class").evaluateAll((cards) => Object.fromEntries(cards.map((card) => [(card as HTMLElement).dataset["name"], Number((card as HTMLElement).dataset["count"])]))))
    .toEqual(expected);

async function epochs(page: Page, count: number): Promise<void> {
  await page.getByText("How it trains").click();
  await page.getByTestId("studio-head-epochs").fill(String(count));
  await page.getByTestId("studio-head-epochs").press("Tab");
}

/** Opens the view with three classes of drawn pictures, few epochs planned. */
async function filled(page: Page, count = 12, planned = 4): Promise<void> {
  await open(page, { view: "studio" });
  await page.getByTestId("studio-zip").setInputFiles(zip("drawn.zip", imageFolder(count)));
  await counts(page, { leaf: count, rose: count, sky: count });
  await expect(page.getByTestId("studio-intake")).toHaveCount(0);
  await epochs(page, planned);
}

/** Opens the view with two classes made by name, so many pictures in each: red apples and blue berries. */
async function named(page: Page, count: number): Promise<void> {
  await open(page, { view: "studio" });
  for (const [place, name, colour] of [[0, "Apple", RED], [1, "Berry", BLUE]] as const) {
    const input = page.getByTestId("studio-class-name").nth(place);
    await input.fill(name);
    await input.press("Enter");
    await one(page, name).getByTestId("studio-files").setInputFiles(things(name, colour, count));
  }
}

const done = (page: Page) => expect(page.getByTestId("studio-accuracy")).toBeVisible({ timeout: 120_000 });
const accuracy = async (page: Page) => Number(await page.getByTestId("studio-accuracy").getAttribute("data-value"));

async function guess(page: Page, picture: InputFile): Promise<{ label: string | null; probability: string | null }> {
  const answer = page.getByTestId("studio-answer");
  const answered = Number(await answer.getAttribute("data-answered"));
  await page.getByTestId("studio-try-input").setInputFiles(picture);
  await expect(answer).toHaveAttribute("data-answered", `${answered + 1}`);
  return { label: await answer.getAttribute("data-label"), probability: await answer.getAttribute("data-probability") };
}

/** Takes the messages away, which may lie over what is at the bottom. */
async function dismiss(page: Page): Promise<void> {
  const close = page.getByRole("button", { name: /^Dismiss/ });
  while ((await close.count()) > 0) await close.first().click();
}

test("a large archive is taken in as a whole: nobody trains on its beginning", async ({ page }) => {
  await open(page, { view: "studio" });
  // Each report of the intake, and whether Train could be pressed after the first of them.
  await page.evaluate(() => {
    const seen: string[] = [];
    (window as unknown as { seen: string[] }).seen = seen;
    new MutationObserver(() => {
      const intake = document.querySelector('[data-testid="studio-intake"]')?.textContent ?? "";
      const open = !(document.querySelector('[data-testid="studio-train"]') as HTMLButtonElement | null)?.disabled;
      seen.push(`${/(\d+) of (\d+)/.exec(intake)?.[2] ?? "none"} ${open}`);
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["disabled"] });
  });
  await page.getByTestId("studio-zip").setInputFiles(zip("many.zip", imageFolder(40)));
  await counts(page, { leaf: 40, rose: 40, sky: 40 });
  await expect(page.getByTestId("studio-train")).toBeEnabled();
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  const during = seen.slice(seen.findIndex((one) => one.startsWith("120")), seen.findLastIndex((one) => one.startsWith("120")) + 1);
  expect(during.length).toBeGreaterThan(1);
  expect(new Set(during)).toEqual(new Set(["120 false"]));
});

test("two classes by name, one press, and a network for them", async ({ page }) => {
  await named(page, 14);
  await counts(page, { Apple: 14, Berry: 14 });
  await expect(page.getByTestId("studio-warning")).toHaveCount(0);
  await epochs(page, 5);
  await page.getByTestId("studio-train").click();
  await done(page);
  expect(await accuracy(page)).toBe(1);
  await expect(page.getByTestId("studio-class-accuracy")).toHaveCount(2);
  await expect(page.getByTestId("studio-confusion")).toBeVisible();
  expect(Number(await page.getByTestId("studio-loss-chart").getAttribute("data-points"))).toBeGreaterThan(3);
  expect((await guess(page, file("red.jpg", jpeg(plain(RED))))).label).toBe("Apple");
  expect((await guess(page, file("blue.jpg", jpeg(plain(BLUE))))).label).toBe("Berry");
  // What it goes by: of what it learned from, the pictures most like this one, and for the next photo its own.
  await page.getByTestId("studio-find-nearest").click();
  const nearest = page.getByTestId("studio-neighbour");
  await expect(nearest).toHaveCount(6);
  await expect(nearest.first()).toHaveAttribute("data-label", "Berry");
  const alike = await nearest.evaluateAll((all) => all.map((each) => Number((each as HTMLElement).dataset["similarity"])));
  expect(alike).toEqual([...alike].sort((a, b) => b - a));
  await guess(page, file("red.jpg", jpeg(plain(RED))));
  await expect(nearest.first()).toHaveAttribute("data-label", "Apple");

  await dismiss(page);
  const download = page.waitForEvent("download");
  await page.getByTestId("studio-export-safetensors").click();
  const bytes = await readFile(await (await download).path());
  expect(bytes.subarray(8, 4000).toString()).toContain('\\"name\\":\\"Apple\\"');

  // All layers at a lower rate, from there.
  await page.getByTestId("studio-all").check();
  await page.getByTestId("studio-all-epochs").fill("1");
  await page.getByTestId("studio-all-epochs").press("Tab");
  await page.getByTestId("studio-tune-all").click();
  await expect(page.locator('[data-testid="studio-stage"][data-stage="all"]')).toBeVisible();
  await page.getByTestId("studio-use").click();
  await page.getByTestId("photo-input").setInputFiles(file("red.jpg", jpeg(plain(RED))));
  await expect(page.getByTestId("prediction")).toHaveCount(2);
  await expect(page.getByTestId("prediction").first()).toHaveAttribute("data-label", "Apple");
});

/** Pastes a file, or drops it on an element. */
const give = (page: Page, selector: string, kind: "paste" | "drop", picture: InputFile) =>
  page.locator(selector).first().evaluate((target, [kind, name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type: "image/jpeg" }));
    const options = { bubbles: true, cancelable: true };
    target.dispatchEvent(kind === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: data }) : new DragEvent("drop", { ...options, dataTransfer: data }));
  }, [kind, picture.name, picture.buffer.toString("base64")] as const);

test("pictures come by folder, by paste and by drop; what hurts is said", async ({ page }) => {
  await open(page, { view: "studio" });
  const folder = test.info().outputPath("things");
  for (const [path, bytes] of Object.entries(imageFolder(4))) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  await page.getByTestId("studio-folder").setInputFiles(folder);
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  await expect(page.getByTestId("studio-warning")).toHaveText(/“leaf”, “rose” and “sky” have fewer than 10 pictures each/);
  const apart = () => page.evaluate(() => [...document.querySelectorAll('[data-testid="studio-class"]')].map((card) => /(\d+) of them set apart/.exec(card.textContent ?? "")?.[1]));
  const before = await apart();
  expect(before.every((count) => Number(count) >= 1)).toBe(true);

  // Pasted into the class that was touched last, dropped on another.
  await one(page, "rose").getByTestId("studio-class-name").click();
  await page.keyboard.press("Escape");
  const leaf = file("twin.jpg", pictures(GREEN, 1)[0] ?? Buffer.alloc(0));
  await give(page, "body", "paste", file("new.jpg", jpeg(plain([200, 90, 20]))));
  await counts(page, { leaf: 4, rose: 5, sky: 4 });
  await give(page, '[data-name="sky"]', "drop", leaf);
  await counts(page, { leaf: 4, rose: 5, sky: 5 });
  await expect(page.getByTestId("studio-warning").filter({ hasText: "The same picture is in “leaf” and “sky”" })).toBeVisible();
  // The same once more changes nothing, and a text is no picture.
  await give(page, '[data-name="sky"]', "drop", leaf);
  await expect(message(page, /One picture was in that class already/)).toBeVisible();
  await one(page, "sky").getByTestId("studio-files").setInputFiles(file("notes.jpg", Buffer.from("Dear diary")));
  await expect(message(page, /“notes\.jpg” is not an image that can be read here/)).toBeVisible();
  expect((await apart()).every((count, i) => Number(count) >= Number(before[i]))).toBe(true);

  // Renamed to a name that is taken: the old one stays. Pictures and classes go.
  const name = one(page, "sky").getByTestId("studio-class-name");
  await name.fill("Rose");
  await name.press("Enter");
  await expect(message(page, /There is a class “rose” already/)).toBeVisible();
  await expect(name).toHaveValue("sky");
  await one(page, "sky").getByRole("button", { name: "Remove twin.jpg" }).click();
  await counts(page, { leaf: 4, rose: 5, sky: 4 });
  await one(page, "leaf").getByRole("button", { name: "Remove the class leaf" }).click();
  await page.getByTestId("studio-remove-class").click();
  await one(page, "sky").getByRole("button", { name: "Remove the class sky" }).click();
  await page.getByTestId("studio-remove-class").click();
  await counts(page, { rose: 5 });
  await expect(page.getByTestId("studio-train")).toBeDisabled();
  await expect(page.getByTestId("studio-status")).toContainText("Only “rose” has pictures");
  // All of it is there after a reload.
  await page.reload();
  await counts(page, { rose: 5 });
});

test("folders become classes, also where they are dropped on one", async ({ page }) => {
  await open(page, { view: "studio" });
  await give(page, '[data-name="Class 1"]', "drop", zip("sorted.zip", imageFolder(4)));
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  // One folder has no classes of its own.
  await give(page, '[data-name="sky"]', "drop", zip("one.zip", imageFolder(2, { more: [200, 90, 20] })));
  await counts(page, { leaf: 4, rose: 4, sky: 6 });
});

test("a tab closed in the middle of a run goes on where it was", async ({ page }) => {
  await filled(page, 12, 60);
  await page.evaluate(() => window.lab.tuning.on("step", ({ metrics }) => sessionStorage.setItem("steps", `${sessionStorage.getItem("steps") ?? ""}${metrics.step}:${Date.now()} `)));
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(5);
  await page.waitForFunction(() => /:(\d+) $/.exec(sessionStorage.getItem("steps") ?? "") !== null && Number(/(\d+):\d+ $/.exec(sessionStorage.getItem("steps") ?? "")?.[1]) > 8);
  const closed = Date.now();
  await page.reload();
  const again = page.getByTestId("studio-go-on");
  await expect(again).toBeVisible();
  const saved = Number(/step (\d+)/.exec((await again.textContent()) ?? "")?.[1]);
  const steps = await page.evaluate(() => (sessionStorage.getItem("steps") ?? "").trim().split(" ").map((one) => one.split(":").map(Number)));
  // A second of work at most, and another for a machine that is busy.
  const safe = Math.max(0, ...steps.filter(([, at = 0]) => at < closed - 2000).map(([step = 0]) => step));
  expect(saved).toBeGreaterThanOrEqual(safe);
  expect(saved).toBeGreaterThan(0);
  expect(Number(await page.getByTestId("studio-loss-chart").getAttribute("data-points"))).toBeGreaterThan(0);
  await again.click();
  await done(page);
  expect(await accuracy(page)).toBeGreaterThan(0.9);
});

test("a class renamed in the middle of a run: the run goes on, and its network knows the new name", async ({ page }) => {
  await filled(page, 12, 60);
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(5);
  await page.getByTestId("studio-pause").click();
  await expect(page.getByTestId("studio-go-on")).toBeVisible();
  const name = one(page, "rose").getByTestId("studio-class-name");
  await name.fill("Tulip");
  await name.press("Enter");
  await counts(page, { leaf: 12, Tulip: 12, sky: 12 });
  await page.reload();
  await page.getByTestId("studio-go-on").click();
  await done(page);
  await expect(page.locator('[data-testid="studio-class-accuracy"][data-label="Tulip"]')).toBeVisible();
  const red = file("red.jpg", jpeg(plain(RED)));
  expect((await guess(page, red)).label).toBe("Tulip");
  // Renamed once more after it was trained.
  const again = one(page, "Tulip").getByTestId("studio-class-name");
  await again.fill("Poppy");
  await again.press("Enter");
  await expect(page.locator('[data-testid="studio-class-accuracy"][data-label="Poppy"]')).toBeVisible();
  expect((await guess(page, red)).label).toBe("Poppy");
  await page.getByTestId("studio-find-nearest").click();
  await expect(page.getByTestId("studio-neighbour").first()).toHaveAttribute("data-label", "Poppy");
  const download = page.waitForEvent("download");
  await page.getByTestId("studio-export-safetensors").click();
  const bytes = await readFile(await (await download).path());
  expect(bytes.subarray(8, 4000).toString()).toContain('{\\"id\\":\\"Poppy\\",\\"name\\":\\"Poppy\\"}');
  // With a class less the network still answers, and what has no sense any more is not offered.
  await one(page, "sky").getByRole("button", { name: "Remove the class sky" }).click();
  await page.getByTestId("studio-remove-class").click();
  await expect(page.getByText("The classes have changed since: train again")).toBeVisible();
  expect((await guess(page, red)).label).toBe("Poppy");
  await expect(page.getByTestId("studio-nearest")).toHaveCount(0);
});

test("the network from before stays until the next one is whole", async ({ page }) => {
  await filled(page, 12, 3);
  await page.getByTestId("studio-train").click();
  await done(page);
  const red = file("red.jpg", jpeg(plain(RED)));
  const before = await guess(page, red);
  await page.getByTestId("studio-head-epochs").fill("60");
  await page.getByTestId("studio-head-epochs").press("Tab");
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(20);
  await page.getByTestId("studio-pause").click();
  await expect(page.getByTestId("studio-go-on")).toBeVisible();
  await expect(page.getByTestId("studio-older")).toBeVisible();
  expect(await guess(page, red)).toEqual(before);
  // Also after a reload.
  await page.reload();
  await expect(page.getByTestId("studio-go-on")).toBeVisible();
  expect(await guess(page, red)).toEqual(before);
  await page.getByTestId("studio-give-up").click();
  await expect(page.getByTestId("studio-go-on")).toHaveCount(0);
  await expect(page.getByTestId("studio-older")).toHaveCount(0);
  expect(await guess(page, red)).toEqual(before);
});

test("a disk too full for the network: it is trained, tried and taken away all the same", async ({ page }) => {
  await beforeWorker(page, `FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException("No room.", "QuotaExceededError"); }`);
  await filled(page, 12, 4);
  await page.getByTestId("studio-train").click();
  await done(page);
  await expect(message(page, /^Your network is ready, but this browser has no room to keep it: save it as a file/)).toBeVisible();
  expect((await guess(page, file("red.jpg", jpeg(plain(RED))))).label).toBe("rose");
  await dismiss(page);
  for (const id of ["studio-export-safetensors", "studio-export"]) {
    const download = page.waitForEvent("download");
    await page.getByTestId(id).click();
    const bytes = await readFile(await (await download).path());
    expect(bytes.byteLength).toBeGreaterThan(1_000_000);
  }
});

test("storage that is cleared in the middle of a run: it goes on, and its network is there to try and to take away", async ({ page }) => {
  await filled(page, 12, 40);
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(4);
  const browser = await page.context().newCDPSession(page);
  await browser.send("Storage.clearDataForOrigin", { origin: new URL(page.url()).origin, storageTypes: "all" });
  await done(page);
  await expect(message(page, /^What this browser kept of the page was cleared: the pictures are gone from it/)).toBeVisible();
  await counts(page, { leaf: 0, rose: 0, sky: 0 });
  expect(await accuracy(page)).toBeGreaterThan(0.9);
  expect((await guess(page, file("red.jpg", jpeg(plain(RED))))).label).toBe("rose");
  await dismiss(page);
  const download = page.waitForEvent("download");
  await page.getByTestId("studio-export-safetensors").click();
  const bytes = await readFile(await (await download).path());
  expect(bytes.subarray(8, 4000).toString()).toContain('{\\"id\\":\\"rose\\",\\"name\\":\\"rose\\"}');
});

test("a picture in the wrong class is put right from the list of mistakes", async ({ page }) => {
  await named(page, 30);
  // Enough strays that some are set apart; they are blue, and called apples.
  await one(page, "Apple").getByTestId("studio-files").setInputFiles(pictures(BLUE, 40).slice(30).map((bytes, i) => file(`stray ${i}.jpg`, bytes)));
  await counts(page, { Apple: 40, Berry: 30 });
  await epochs(page, 3);
  await page.getByTestId("studio-train").click();
  await done(page);
  const move = page.getByTestId("studio-move");
  const strays = await move.count();
  expect(strays).toBeGreaterThan(0);
  await expect(move.first()).toHaveAccessibleName(/^Move stray \d\.jpg to Berry$/);
  await move.first().click();
  await counts(page, { Apple: 39, Berry: 31 });
  await expect(move).toHaveCount(strays - 1);
});

test("a project that trains in one tab is left alone by another", async ({ page, context }) => {
  await filled(page, 12, 60);
  await page.getByTestId("studio-train").click();
  await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(2);
  const other = await context.newPage();
  await open(other, { view: "studio" });
  const goOn = other.getByTestId("studio-go-on");
  await goOn.click();
  await expect(message(other, /^This project is being trained in another tab/)).toBeVisible();
  await page.close();
  await expect.poll(() => other.evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(0);
  await goOn.click();
  await expect.poll(async () => Number(await other.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(2);
});

test.describe("a worker that dies", () => {
  test.use({ allowed: /killed by the test/ });
  test("leaves the run to its successor", async ({ page }) => {
    await beforeWorker(page, `new BroadcastChannel("kill").onmessage = () => { throw new Error("killed by the test"); }`);
    await filled(page, 12, 60);
    await page.getByTestId("studio-train").click();
    await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(4);
    await page.evaluate(() => new BroadcastChannel("kill").postMessage("now"));
    await expect(message(page, /The lab's engine stopped .*the run goes on from step \d+/)).toBeVisible();
    await done(page);
    expect(await accuracy(page)).toBeGreaterThan(0.9);
  });
});

test("an exported project comes back with the same pictures and the same answers to the bit", async ({ page }) => {
  await filled(page, 8, 3);
  await page.getByTestId("studio-project-name").fill("Garden");
  await page.getByTestId("studio-project-name").press("Enter");
  await page.getByTestId("studio-train").click();
  await done(page);
  const odd = file("odd.jpg", jpeg(plain([120, 110, 100])));
  const before = await guess(page, odd);
  const found = async () => ({
    accuracy: await accuracy(page),
    classes: await page.getByTestId("studio-class-accuracy").allInnerTexts(),
    points: await page.getByTestId("studio-loss-chart").getAttribute("data-points"),
    thumbs: await one(page, "rose").getByTestId("studio-thumb").evaluateAll((all) => all.map((each) => (each as HTMLImageElement).alt)),
  });
  const was = await found();
  expect(was.thumbs).toHaveLength(8);
  const exported = async (id: string) => {
    await dismiss(page);
    const download = page.waitForEvent("download");
    await page.getByTestId(id).click();
    return readFile(await (await download).path());
  };
  const network = await exported("studio-export-safetensors");
  const archive = await exported("studio-export");

  await page.getByTestId("studio-projects").click();
  await page.getByRole("button", { name: "Delete Garden" }).click();
  await page.getByTestId("studio-delete-sure").click();
  await expect(page.getByTestId("studio-project")).toHaveCount(0);
  await page.getByTestId("studio-zip").setInputFiles(file("garden.zip", archive));
  await expect(message(page, /“Garden” was imported: 3 classes, 24 pictures and its network/)).toBeVisible();
  await counts(page, { leaf: 8, rose: 8, sky: 8 });
  expect(await guess(page, odd)).toEqual(before);
  expect((await exported("studio-export-safetensors")).equals(network)).toBe(true);
  // What was known of it came too, and what it goes by can be shown.
  const known = async () => {
    expect(await found()).toEqual(was);
    await expect(page.getByTestId("studio-neighbour")).toHaveCount(6);
  };
  // Once asked for, each photo gets its own.
  await page.getByTestId("studio-find-nearest").click();
  await known();
  // A copy has its own life, and its bytes are counted.
  await page.getByRole("button", { name: "Duplicate Garden" }).click();
  await expect(page.getByTestId("studio-project")).toHaveCount(2);
  await expect(page.getByTestId("studio-project-name")).toHaveValue("Garden, copy");
  expect(await guess(page, odd)).toEqual(before);
  await known();
  const size = (name: string) => page.locator(`[data-testid="studio-project"][data-name="${name}"]`).innerText().then((text) => /[\d.]+ MB/.exec(text)?.[0]);
  await expect.poll(async () => (await size("Garden, copy")) === (await size("Garden"))).toBe(true);
  await expect(page.getByTestId("studio-storage")).toContainText(/This page keeps [\d.]+ MB in this browser/);
});

test("the camera gives ten pictures a second while its button is held", async ({ page }) => {
  await open(page, { view: "studio" });
  const card = page.getByTestId("studio-class").first();
  await card.getByTestId("studio-camera").click();
  const hold = card.getByTestId("studio-hold");
  await expect(hold).toBeEnabled();
  await hold.scrollIntoViewIfNeeded();
  await hold.dispatchEvent("pointerdown");
  await expect.poll(async () => Number(await card.getAttribute("data-count"))).toBeGreaterThan(6);
  await page.evaluate(() => dispatchEvent(new PointerEvent("pointerup")));
  await expect(hold).toContainText("Hold to take pictures");
  await expect(page.getByTestId("studio-intake")).toHaveCount(0);
  const taken = await card.getAttribute("data-count");
  await page.waitForTimeout(500);
  expect(await card.getAttribute("data-count")).toBe(taken);
});

test("the camera leaves the page where it is, and sets the end of a series apart", async ({ page }) => {
  await open(page, { view: "studio" });
  const card = page.getByTestId("studio-class").first();
  await card.getByTestId("studio-camera").press("Enter");
  const hold = card.getByTestId("studio-hold");
  await expect(hold).toBeFocused();
  await page.keyboard.down("Space");
  await expect.poll(async () => Number(await card.getAttribute("data-count"))).toBeGreaterThan(2);
  // Where the card's top was at each frame, from when the first thumbnails stand.
  const places = await card.evaluate(async (element) => {
    const seen = new Set<number>();
    for (let i = 0; i < 60; i++) {
      await new Promise(requestAnimationFrame);
      seen.add(Math.round(element.getBoundingClientRect().top));
    }
    return [...seen];
  });
  expect(places).toHaveLength(1);
  await expect.poll(async () => Number(await card.getAttribute("data-count"))).toBeGreaterThan(12);
  await page.keyboard.up("Space");
  await expect(message(page, /^\d+ pictures were added to “Class 1”/)).toBeVisible();
  const count = Number(await card.getAttribute("data-count"));
  await expect(card).toContainText(`${count} pictures, ${Math.round(count / 5)} of them set apart for testing`);
  // The newest are the first in the list, and those are set apart.
  const apart = await card.getByRole("listitem").evaluateAll((items) => items.map((item) => item.textContent?.includes("set apart") ?? false));
  expect(apart.lastIndexOf(true)).toBeLessThan(Math.round(count / 5));
  await card.getByTestId("studio-camera-close").press("Enter");
  await expect(card.getByTestId("studio-camera")).toBeFocused();
  // All of it is taken back at once.
  await page.getByRole("button", { name: "Undo" }).click();
  await counts(page, { "Class 1": 0, "Class 2": 0 });
});

test("a class is one stop for Tab; arrows go from picture to picture, and what was removed comes back", async ({ page }) => {
  await open(page, { view: "studio" });
  const card = one(page, "Class 1");
  await card.getByTestId("studio-files").setInputFiles(things("apple", RED, 20));
  await counts(page, { "Class 1": 20, "Class 2": 0 });
  await expect(card.locator('[data-place][tabindex="0"]')).toHaveCount(1);
  // The newest first.
  const first = card.getByRole("button", { name: "Remove apple 19.jpg" });
  await first.focus();
  await page.keyboard.press("ArrowRight");
  await expect(card.getByRole("button", { name: "Remove apple 18.jpg" })).toBeFocused();
  await page.keyboard.press("End");
  await expect(card.getByRole("button", { name: "Remove apple 0.jpg" })).toBeFocused();
  await page.keyboard.press("Delete");
  await counts(page, { "Class 1": 19, "Class 2": 0 });
  await expect(card.getByRole("button", { name: "Remove apple 1.jpg" })).toBeFocused();
  await page.keyboard.press("Home");
  await expect(first).toBeFocused();
  await page.keyboard.press("Delete");
  await expect(message(page, /“apple 19\.jpg” was removed/)).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).last().click();
  await counts(page, { "Class 1": 19, "Class 2": 0 });
  await expect(first).toBeVisible();
  // A new class waits for its name.
  await page.getByTestId("studio-add-class").click();
  await expect(page.getByTestId("studio-class-name").last()).toBeFocused();
  await page.keyboard.type("Cherry");
  await page.keyboard.press("Enter");
  await counts(page, { "Class 1": 19, "Class 2": 0, Cherry: 0 });
  await page.reload();
  await counts(page, { "Class 1": 19, "Class 2": 0, Cherry: 0 });
});

test("an archive that finds no room leaves no half project behind", async ({ page }) => {
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...args: Parameters<typeof put>) {
      if (sessionStorage.getItem("full") && this.name === "files") throw new DOMException("No room.", "QuotaExceededError");
      return put.apply(this, args);
    };
  });
  await filled(page, 4);
  const download = page.waitForEvent("download");
  await page.getByTestId("studio-export").click();
  const archive = await readFile(await (await download).path());
  await page.evaluate(() => sessionStorage.setItem("full", "yes"));
  await page.getByTestId("studio-zip").setInputFiles(file("mine.zip", archive));
  await expect(message(page, /^“My pictures 2” was not imported\. The browser's storage is full/)).toBeVisible();
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  await expect(page.getByTestId("studio-project-name")).toHaveValue("My pictures");
  await expect(page.getByTestId("studio-projects")).toHaveText("All projects (1)");
});

test("a full disk is one sentence, and nothing is lost", async ({ page }) => {
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...args: Parameters<typeof put>) {
      if (sessionStorage.getItem("full") && this.name === "files") throw new DOMException("No room.", "QuotaExceededError");
      return put.apply(this, args);
    };
  });
  await open(page, { view: "studio" });
  await one(page, "Class 1").getByTestId("studio-files").setInputFiles(things("apple", RED, 3));
  await counts(page, { "Class 1": 3, "Class 2": 0 });
  await page.evaluate(() => sessionStorage.setItem("full", "yes"));
  await one(page, "Class 1").getByTestId("studio-files").setInputFiles(things("berry", BLUE, 3));
  await expect(message(page, /^The browser's storage is full: what was there stays; delete a project or free space/)).toBeVisible();
  await counts(page, { "Class 1": 3, "Class 2": 0 });
  await page.evaluate(() => sessionStorage.clear());
  await one(page, "Class 2").getByTestId("studio-files").setInputFiles(things("berry", BLUE, 3));
  await counts(page, { "Class 1": 3, "Class 2": 3 });
  await page.reload();
  await counts(page, { "Class 1": 3, "Class 2": 3 });
});

test("five thousand pictures: only those in view are drawn, and the page answers", async ({ page }) => {
  await open(page, { view: "studio" });
  await one(page, "Class 1").getByTestId("studio-files").setInputFiles(things("apple", RED, 2));
  await counts(page, { "Class 1": 2, "Class 2": 0 });
  // Written as the page writes them; taking them in one by one would only make the test long.
  await page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((done) => {
      const asked = indexedDB.open("alexnet-projects");
      asked.onsuccess = () => done(asked.result);
    });
    const all = <T>(request: IDBRequest<T>) => new Promise<T>((done, fail) => ((request.onsuccess = () => done(request.result)), (request.onerror = () => fail(request.error))));
    const transaction = db.transaction(["pictures", "files", "thumbs"], "readwrite");
    const [first] = await all(transaction.objectStore("pictures").getAll());
    const [bytes, thumb] = await Promise.all([all(transaction.objectStore("files").get(first.hash)), all(transaction.objectStore("thumbs").get(first.hash))]);
    for (let i = 0; i < 5000; i++) {
      const hash = (i * 858_993).toString(16).padStart(64, "0");
      const id = `${first.project}/${first.class}/${hash}`;
      transaction.objectStore("pictures").put({ ...first, id, hash, name: `${i}.jpg`, val: i % 5 === 0 }, id);
      transaction.objectStore("files").put(bytes, hash);
      transaction.objectStore("thumbs").put(thumb, hash);
    }
    await new Promise((done) => (transaction.oncomplete = done));
    db.close();
  });
  await page.reload();
  await engine(page);
  await counts(page, { "Class 1": 5002, "Class 2": 0 });
  const grid = one(page, "Class 1").getByTestId("studio-pictures");
  const drawn = () => grid.getByRole("listitem").count();
  await expect(grid.getByTestId("studio-thumb").first()).toBeVisible();
  expect(await drawn()).toBeLessThan(60);
  // To the end and back, and how long the page's thread was busy with it.
  const longest = await grid.evaluate(async (frame) => {
    const times: number[] = [];
    const until = () => new Promise<number>(requestAnimationFrame);
    let before = await until();
    for (let i = 0; i <= 40; i++) {
      frame.scrollTop = (frame.scrollHeight * i) / 40;
      const now = await until();
      times.push(now - before);
      before = now;
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  });
  expect(longest).toBeLessThan(120);
  await expect(grid.locator('[aria-posinset="5002"]')).toBeVisible();
  expect(await drawn()).toBeLessThan(60);
  const begun = Date.now();
  const name = one(page, "Class 1").getByTestId("studio-class-name");
  await name.fill("Many");
  await name.press("Enter");
  await expect(one(page, "Many")).toBeVisible();
  expect(Date.now() - begun).toBeLessThan(3000);
});
