import { defineConfig } from "@playwright/test";

/** The address of the built site; `cargo xtask test browser` gives it, and the browser's program in CHROMIUM. */
const site = process.env["SITE_URL"] ?? "http://127.0.0.1:8080/";
const chromium = process.env["CHROMIUM"];

export default defineConfig({
  testDir: ".",
  outputDir: "../results",
  // The lab computes on every processor it gets: two pages at once would only wait for each other.
  workers: 1,
  forbidOnly: process.env["CI"] !== undefined,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: "list",
  use: {
    baseURL: site,
    screenshot: "only-on-failure",
    reducedMotion: "reduce",
    // What the tests serve or change on the way must reach the page. offline.spec.ts allows the service worker.
    serviceWorkers: "block",
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: [
        // Without it requestAdapter() knows no SwiftShader, the only adapter of a machine without a GPU.
        "--enable-unsafe-webgpu",
        "--no-sandbox",
        // A camera that shows a moving pattern, and nobody to ask for it.
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
});
