import { expect, it } from "vitest";
import { isReplaced } from "./new-version";

const html = (name: string) => `<!doctype html><html><head><script type="module" crossorigin src="./assets/${name}.js"></script></head></html>`;

it("knows a newer build by the scripts of its page", async () => {
  const own = "./assets/index-abc.js";
  expect(await isReplaced(own, async () => html("index-abc"))).toBe(false);
  expect(await isReplaced(own, async () => html("index-def"))).toBe(true);
});

it("does not take a server that cannot be reached, or a page of another kind, for a newer build", async () => {
  expect(await isReplaced("./assets/index-abc.js", async () => null)).toBe(false);
  expect(await isReplaced("./assets/index-abc.js", async () => "<h1>Maintenance</h1>")).toBe(false);
});
