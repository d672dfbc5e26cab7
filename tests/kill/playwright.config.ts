import { defineConfig } from "@playwright/test";

/**
 * Kills the tab, the worker, the GPU process or the browser at random moments, again and again. Not a part of CI: 200 rounds
 * take most of an hour. `SITE_URL` and `CHROMIUM` as for the browser tests; `KILL_ROUNDS` and `KILL_SEED`, both with defaults.
 */
export default defineConfig({
  testDir: ".",
  outputDir: "../results",
  workers: 1,
  timeout: 0,
  reporter: "list",
  use: { baseURL: process.env["SITE_URL"] ?? "http://127.0.0.1:8080/" },
});
