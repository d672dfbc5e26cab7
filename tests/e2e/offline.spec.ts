/** After one visit the page opens without a network. */
import { engine, expect, pageUrl, SMALL, step, test } from "./support/lab";

test.use({ serviceWorkers: "allow", allowed: /ERR_INTERNET_DISCONNECTED|Failed to fetch/ });

test("opens, classifies and shows every view without a network", async ({ page, context }) => {
  await page.goto(pageUrl({ ...SMALL, backend: "cpu" }));
  await engine(page);
  await step(page);
  // Everything is stored when the worker is active.
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await context.setOffline(true);
  await page.goto(pageUrl({ backend: "cpu", view: "classify", lang: "de" }));
  await engine(page);
  await page.getByTestId("sample").first().click();
  await expect(page.getByTestId("prediction")).toHaveCount(5);
  for (const view of ["learn", "models", "studio"]) {
    await page.getByTestId(`view-${view}`).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  }
});

test("has a manifest that makes it installable", async ({ page, request }) => {
  await page.goto("./");
  const address = await page.locator('link[rel="manifest"]').getAttribute("href");
  const manifest = (await (await request.get(address ?? "")).json()) as { name: string; start_url: string; display: string; icons: unknown[] };
  expect(manifest).toMatchObject({ name: "AlexNet Lab", start_url: "./", display: "standalone" });
  expect(manifest.icons.length).toBeGreaterThan(0);
});
