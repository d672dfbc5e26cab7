/** Nothing is lost: pages that are hidden, closed, duplicated or frozen, and two tabs on one piece of work. */
import type { Page } from "@playwright/test";
import { imageFolder, zip } from "./support/archives";
import { downloaded, engine, expect, message, open, pause, reaches, SMALL, step, test, value } from "./support/lab";
import { BLUE, file, RED } from "./support/pictures";
import { counts, dismiss, done, filled, guess, named, one, things } from "./support/studio";

/** What a click on the page is to the browser: only a page that was used may ask before it is closed. */
const use = (page: Page) => page.locator("h1").filter({ visible: true }).click();

const savedStep = (page: Page) => page.evaluate(async () => (await window.lab.run.saved())?.step ?? 0);

test("a run is saved when its page is hidden, and a page asks before it is closed with steps in memory", async ({ page }) => {
  await open(page, SMALL);
  await use(page);
  await page.getByTestId("start").click();
  await reaches(page, "steps", 4);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const hidden = await value(page, "steps");
  await expect.poll(() => savedStep(page), { timeout: 4500 }).toBeGreaterThanOrEqual(hidden);
  // The next save comes five seconds after this one, so that a step more is in memory alone.
  await reaches(page, "steps", (await savedStep(page)) + 1);
  const asked = page.waitForEvent("dialog");
  const closing = page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.dismiss();
  await closing;
  const paused = await pause(page);
  await expect.poll(() => savedStep(page)).toBe(paused);
  expect(await page.evaluate(() => window.dispatchEvent(new Event("beforeunload", { cancelable: true })))).toBe(true);
});

test("a duplicated tab has its own run, and another tab's run is not offered while that tab is open", async ({ page, context }) => {
  await open(page, SMALL);
  await step(page);
  await expect.poll(() => savedStep(page)).toBe(1);
  const session = await page.evaluate(() => ({ ...sessionStorage }));
  const copy = await context.newPage();
  await copy.addInitScript((stored) => {
    if (sessionStorage.length === 0) for (const [key, text] of Object.entries(stored)) sessionStorage.setItem(key, text as string);
  }, session);
  await open(copy, SMALL);
  expect(await savedStep(copy)).toBe(0);
  await expect(copy.getByTestId("saved-run")).toHaveCount(0);
  await step(copy);
  await step(copy);
  await expect.poll(() => savedStep(copy)).toBe(2);
  await page.reload();
  await engine(page);
  await expect(page.getByTestId("saved-run")).toContainText("step 1");
  await page.close();
  await copy.evaluate(() => window.lab.run.discard());
  // The closed tab's run is nobody's now.
  await expect.poll(() => savedStep(copy)).toBe(1);
});

test.describe("a project in two tabs", () => {
  test("is changed in one, and the other follows at once, until it takes over", async ({ page, context }) => {
    await named(page, 3);
    const other = await context.newPage();
    await open(other, { view: "studio" });
    await expect(other.getByTestId("studio-follows")).toBeVisible();
    await counts(other, { Apple: 3, Berry: 3 });
    await page.bringToFront();
    await page.getByTestId("studio-add-class").click();
    const cherry = one(page, "Class 3").getByTestId("studio-class-name");
    await cherry.fill("Cherry");
    await cherry.press("Enter");
    await one(page, "Cherry").getByTestId("studio-files").setInputFiles(things("cherry", RED, 2));
    await counts(other, { Apple: 3, Berry: 3, Cherry: 2 });

    // What was lost before: a change in the second tab wrote the project as it had been there.
    await other.getByTestId("studio-edit-here").click();
    await expect(other.getByTestId("studio-follows")).toHaveCount(0);
    await expect(page.getByTestId("studio-follows")).toBeVisible();
    const name = other.getByTestId("studio-project-name");
    await name.fill("Fruit");
    await name.press("Enter");
    await expect(page.getByTestId("studio-project-name")).toHaveValue("Fruit");
    await counts(page, { Apple: 3, Berry: 3, Cherry: 2 });
    await other.reload();
    await counts(other, { Apple: 3, Berry: 3, Cherry: 2 });

    // The tab that was reloaded follows now; when the other one is closed, it may change the project.
    await page.close();
    await expect(other.getByTestId("studio-follows")).toHaveCount(0);
    await one(other, "Cherry").getByTestId("studio-files").setInputFiles(things("more", BLUE, 1));
    await counts(other, { Apple: 3, Berry: 3, Cherry: 3 });
  });

  test("that is deleted in one is told in the other", async ({ page, context }) => {
    await named(page, 2);
    const other = await context.newPage();
    await open(other, { view: "studio" });
    await counts(other, { Apple: 2, Berry: 2 });
    await page.bringToFront();
    await page.getByTestId("studio-projects").click();
    await page.getByRole("button", { name: "Delete My pictures" }).click();
    await page.getByTestId("studio-delete-sure").click();
    await expect(message(other, /was deleted in another tab/)).toBeVisible();
    await counts(other, { "Class 1": 0, "Class 2": 0 });
  });

  test("that trains is saved before another tab takes it over", async ({ page, context }) => {
    await filled(page, 12, 400);
    await page.getByTestId("studio-train").click();
    await expect.poll(async () => Number(await page.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(4);
    const other = await context.newPage();
    await open(other, { view: "studio" });
    await other.getByTestId("studio-edit-here").click();
    await expect(other.getByTestId("studio-follows")).toHaveCount(0);
    const step = Number(/step (\d+)/.exec((await other.getByTestId("studio-go-on").textContent()) ?? "")?.[1]);
    expect(step).toBeGreaterThan(4);
    expect(await page.evaluate(() => window.lab.fineTune.phase)).toBe("empty");
    await other.getByTestId("studio-go-on").click();
    await expect.poll(async () => Number(await other.getByTestId("studio-status").getAttribute("data-step"))).toBeGreaterThan(step);
  });
});

test("two archives dropped at once both arrive, each in its own project", async ({ page }) => {
  await filled(page, 4);
  const project = await downloaded(page, "studio-export");
  await dismiss(page);
  // The second one is dropped while the first one, a whole project, is read.
  const both = [["mine.zip", project.toString("base64")], ["more.zip", zip("more.zip", imageFolder(6)).buffer.toString("base64")]] as const;
  await page.evaluate((archives) => {
    for (const [name, text] of archives) {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name));
      document.querySelector(".studio")?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }
  }, both);
  await expect(message(page, /“My pictures 2” was imported/)).toBeVisible();
  // The project that was meant is not open any more: nothing goes into another one in silence.
  await expect(message(page, /^Another project was opened before these pictures were added/)).toBeVisible();
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
});

test("undo after another project was opened brings the pictures back into their own", async ({ page }) => {
  await named(page, 3);
  await dismiss(page);
  await one(page, "Apple").getByRole("button", { name: "Remove apple 1.jpg" }).click();
  await counts(page, { Apple: 2, Berry: 3 });
  await page.getByTestId("studio-projects").click();
  await page.getByTestId("studio-new").click();
  await counts(page, { "Class 1": 0, "Class 2": 0 });
  await message(page, /was removed/).locator("..").getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Open My pictures" }).first().click();
  await counts(page, { Apple: 3, Berry: 3 });
});

test("photos and answers of one project are not shown under another's name", async ({ page }) => {
  await filled(page, 6, 2);
  await page.getByTestId("studio-train").click();
  await done(page);
  await guess(page, file("red.jpg", things("red", RED, 1)[0]?.buffer ?? Buffer.alloc(0)));
  await page.getByTestId("studio-projects").click();
  await page.getByRole("button", { name: "Duplicate My pictures" }).click();
  await expect(page.getByTestId("studio-project-name")).toHaveValue("My pictures, copy");
  await expect(page.getByTestId("studio-answer")).toHaveAttribute("data-answered", "0");
  await expect(page.getByTestId("studio-guess")).toHaveCount(0);
});
