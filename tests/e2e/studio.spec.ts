/** Your own pictures: classes, training, trying. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "@playwright/test";
import { imageFolder, pictures, zip } from "./support/archives";
import { downloaded, engine, expect, message, open, test } from "./support/lab";
import { BLUE, file, GREEN, jpeg, plain, RED, type InputFile } from "./support/pictures";
import { accuracy, counts, dismiss, done, epochs, guess, named, one, things } from "./support/studio";

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

  // What is dropped beside the photo is tried, too, and not added to the project.
  const answer = page.getByTestId("studio-answer");
  const answered = Number(await answer.getAttribute("data-answered"));
  await give(page, '[data-testid="studio-answer"]', "drop", file("blue.jpg", jpeg(plain(BLUE))));
  await expect(answer).toHaveAttribute("data-answered", `${answered + 1}`);
  await expect(answer).toHaveAttribute("data-label", "Berry");
  await counts(page, { Apple: 14, Berry: 14 });

  await dismiss(page);
  const bytes = await downloaded(page, "studio-export-safetensors");
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
  await expect(page.getByTestId("studio-warning")).toHaveText(/“leaf”, “rose”, and “sky” have fewer than 10 pictures each/);
  const apart = () => page.evaluate(() => [...document.querySelectorAll('[data-testid="studio-class"]')].map((card) => /(\d+) of them for validation/.exec(card.textContent ?? "")?.[1]));
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
  await expect(message(page, /“notes\.jpg” is not an image that this page can read/)).toBeVisible();
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

test("in German: names that nobody chose, and what is said of pictures", async ({ page }) => {
  await open(page, { view: "studio", lang: "de" });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Eigene Bilder");
  await expect(page.getByTestId("studio-project-name")).toHaveValue("Meine Bilder");
  await counts(page, { "Klasse 1": 0, "Klasse 2": 0 });
  // As long as nothing is stored, the names follow the language.
  await page.getByTestId("language").selectOption("es");
  await expect(page.getByTestId("studio-project-name")).toHaveValue("Mis imágenes");
  await counts(page, { "Clase 1": 0, "Clase 2": 0 });
  await page.getByTestId("language").selectOption("de");
  // Folders take the place of classes without pictures and without a name of their own.
  await page.getByTestId("studio-zip").setInputFiles(zip("sorted.zip", imageFolder(4)));
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  await expect(message(page, /^12 Bilder wurden zu 3 Klassen hinzugefügt\.$/)).toBeVisible();
  await expect(one(page, "leaf")).toContainText(/4 Bilder, davon \d zur Validierung/);
  // A message that stands is said in the language on show.
  await one(page, "leaf").getByTestId("studio-class-name").fill("Rose");
  await one(page, "leaf").getByTestId("studio-class-name").press("Enter");
  await expect(message(page, /^Die Klasse „rose“ gibt es schon: einen anderen Namen wählen\.$/)).toBeVisible();
  await page.getByTestId("language").selectOption("zh");
  await expect(message(page, /^已有类别“rose”：请换一个名称。$/)).toBeVisible();
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
  const cardTops = await card.evaluate(async (element) => {
    const seen = new Set<number>();
    for (let i = 0; i < 60; i++) {
      await new Promise(requestAnimationFrame);
      seen.add(Math.round(element.getBoundingClientRect().top));
    }
    return [...seen];
  });
  expect(cardTops).toHaveLength(1);
  await expect.poll(async () => Number(await card.getAttribute("data-count"))).toBeGreaterThan(12);
  await page.keyboard.up("Space");
  await expect(message(page, /^\d+ pictures were added to “Class 1”/)).toBeVisible();
  const count = Number(await card.getAttribute("data-count"));
  await expect(card).toContainText(`${count} pictures, ${Math.round(count / 5)} of them for validation`);
  // The newest are the first in the list, and those are set apart.
  const apart = await card.getByRole("listitem").evaluateAll((items) => items.map((item) => item.textContent?.includes("Validation picture") ?? false));
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
