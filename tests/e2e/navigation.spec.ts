/** Moving about the page: back, the menu, links to a place, and what is dropped where nothing is taken. */
import type { Page } from "@playwright/test";
import { Host } from "./support/host";
import { engine, expect, message, open, SMALL, test, type } from "./support/lab";
import { jpeg, plain, RED } from "./support/pictures";

test("back and the menu keep Train's options", async ({ page }) => {
  await open(page, { view: "classify" });
  await page.getByTestId("view-train").click();
  await type(page, "batch-size", 16);
  await page.getByTestId("view-learn").click();
  await page.goBack();
  await expect(page.getByTestId("batch-size")).toHaveValue("16");
  // The address of this entry was written before the option was chosen.
  await page.goBack();
  await expect(page.locator("h1").filter({ visible: true })).toHaveText("What does the network see?");
  await expect(page).toHaveURL(/batchSize=16/);
  await page.getByTestId("view-train").click();
  await expect(page.getByTestId("batch-size")).toHaveValue("16");
  await page.reload();
  await expect(page.getByTestId("batch-size")).toHaveValue("16");
});

test("a link to a place of Learn scrolls there, also with back", async ({ page }) => {
  await page.goto("./?view=learn#dropout");
  const heading = page.locator("#dropout h2");
  const top = () => heading.evaluate((element) => element.getBoundingClientRect().top);
  const there = () => expect.poll(async () => (await top()) > 0 && (await top()) < 250).toBe(true);
  await expect(heading).toBeVisible();
  await there();
  await page.getByTestId("view-models").click();
  await expect(page).not.toHaveURL(/#/);
  await page.goBack();
  await there();
});

/** Drops data on the page; whether the browser would still open it in place of the page. */
const drop = (page: Page, data: Record<string, string>, photo?: string) =>
  page.evaluate(([data, photo]) => {
    const transfer = new DataTransfer();
    for (const [kind, text] of Object.entries(data as Record<string, string>)) transfer.setData(kind, text);
    if (photo) transfer.items.add(new File([Uint8Array.from(atob(photo as string), (one) => one.charCodeAt(0))], "photo.jpg", { type: "image/jpeg" }));
    const send = (name: string) => document.querySelector("main")?.dispatchEvent(new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    send("dragover");
    return send("drop");
  }, [data, photo] as const);

test("a file dropped on Learn does not replace the page", async ({ page }) => {
  await open(page, { view: "learn" });
  await expect(page.locator("#dropout h2")).toBeVisible();
  expect(await drop(page, {}, jpeg(plain(RED)).toString("base64"))).toBe(false);
  await expect(message(page, /^Files cannot be dropped here: photos go to Classify/)).toBeVisible();
});

test.describe("a picture dragged from another tab", () => {
  // The browser itself reports the answer that a page may not read.
  test.use({ allowed: /blocked by CORS|Failed to load resource/ });
  test("is taken where its host allows it, else a sentence says what to do", async ({ page }) => {
    const host = new Host();
    await host.start();
    host.files.set("open.jpg", { body: jpeg(plain(RED)), type: "image/jpeg", cors: true });
    // Pages load from other hosts over https alone; the test's host has no certificate.
    await page.route("https://pictures.example/open.jpg", async (route) => route.fulfill({ response: await route.fetch({ url: host.at("open.jpg") }) }));
    await page.route("https://pictures.example/closed.jpg", (route) => route.abort("accessdenied"));
    await open(page, { view: "classify" });
    expect(await drop(page, { "text/uri-list": "https://pictures.example/open.jpg" })).toBe(false);
    await expect(page.getByTestId("prediction")).toHaveCount(5);
    await drop(page, { "text/uri-list": "https://pictures.example/page", "text/html": '<img src="https://pictures.example/closed.jpg">' });
    await expect(message(page, /^Pictures.example does not let this page read the picture/)).toBeVisible();
    await page.getByTestId("view-studio").click();
    await expect(page.getByTestId("studio-class")).toHaveCount(2);
    await drop(page, { "text/uri-list": "https://pictures.example/open.jpg" });
    await expect(page.locator('[data-testid="studio-class"][data-count="1"]')).toHaveCount(1);
    await host.stop();
  });
});

test("Start after a visit to another view trains what was chosen", async ({ page }) => {
  await open(page, SMALL);
  await type(page, "batch-size", 8);
  await page.getByTestId("view-learn").click();
  await page.getByTestId("view-train").click();
  await engine(page);
  await page.getByTestId("step").click();
  await expect.poll(() => page.evaluate(() => window.lab.run.last[0]?.images)).toBe(8);
});
