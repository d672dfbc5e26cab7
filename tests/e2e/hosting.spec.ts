import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { engine, expect, SMALL, step, test, pageUrl } from "./support/lab";
import { file, halves, jpeg, RED, BLUE } from "./support/pictures";

const FOLDER = "/some/path/";

test.describe("a plain static server, under a sub-path", () => {
  let server: Server;
  let site = "";
  /** What was asked for outside of the sub-path. */
  const outside: string[] = [];

  test.beforeAll(async () => {
    const folder = process.env["SITE_FOLDER"] ?? fileURLToPath(new URL("../../web/dist", import.meta.url));
    expect(existsSync(`${folder}/index.html`), `the built site is not in ${folder}`).toBe(true);
    const files = sirv(folder, { etag: true });
    server = createServer((request, response) => {
      const { url = "/" } = request;
      const missing = () => void response.writeHead(404).end();
      if (!url.startsWith(FOLDER)) {
        outside.push(url);
        return missing();
      }
      request.url = url.slice(FOLDER.length - 1);
      files(request, response, missing);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    site = `http://127.0.0.1:${(server.address() as AddressInfo).port}${FOLDER}`;
  });
  test.afterAll(() => new Promise((closed) => server.close(closed)));

  test("classifies and trains", async ({ page }) => {
    await page.goto(new URL(pageUrl({ ...SMALL, backend: "cpu" }), site).href);
    await engine(page);
    await step(page);
    await page.getByTestId("view-classify").click();
    await page.getByTestId("sample").first().click();
    await expect(page.getByTestId("prediction")).toHaveCount(5);
    await page.getByTestId("view-learn").click();
    await page.getByTestId("view-models").click();
    await expect(page.getByTestId("model-facts")).toBeVisible();
    await page.reload();
    await expect(page.getByTestId("model-facts")).toBeVisible();
    expect(outside).toEqual([]);
  });
});

test.describe("the project's own server", () => {
  test("names types, caching and a strict policy", async ({ request }) => {
    const page = await request.get("./");
    const policy = page.headers()["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain("'unsafe-inline'");
    expect(policy).not.toContain("'unsafe-eval'");
    expect(page.headers()["cache-control"]).toBe("no-cache");
    const assets = [...(await page.text()).matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
    expect(assets.length).toBeGreaterThanOrEqual(2);
    for (const path of assets) {
      expect(path).toMatch(/-[\w-]{8}\.(js|css)$/);
      const { "cache-control": cache, "content-type": type } = (await request.head(path)).headers();
      expect(cache).toBe("public, max-age=31536000, immutable");
      expect(type).toMatch(path.endsWith(".js") ? /^text\/javascript/ : /^text\/css/);
    }
  });

  test("breaks its policy nowhere, and loads each backend's wasm alone", async ({ page }) => {
    const violations: string[] = [];
    const fetched: string[] = [];
    await page.exposeFunction("violated", (what: string) => void violations.push(what));
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        (globalThis as unknown as { violated(what: string): void }).violated(`${violatedDirective} ${blockedURI}`));
    });
    page.context().on("request", (request) => fetched.push(new URL(request.url()).pathname));
    await page.goto(pageUrl({ backend: "cpu" }));
    await engine(page);
    await page.getByTestId("photo-input").setInputFiles(file("photo.jpg", jpeg(halves(RED, BLUE))));
    await expect(page.getByTestId("prediction")).toHaveCount(5);
    for (const view of ["train", "learn", "models"]) await page.getByTestId(`view-${view}`).click();
    await page.getByTestId("view-train").click();
    await step(page);
    await expect(page.getByTestId("watched").first()).toBeVisible();
    expect(violations).toEqual([]);
    expect(fetched.filter((path) => path.endsWith(".wasm"))).toHaveLength(1);
    expect(fetched.filter((path) => path.endsWith(".shard")).length, "shards come as they are needed").toBeLessThan(6);
  });
});
