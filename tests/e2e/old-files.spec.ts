/** Files and stored state of an earlier build still open: tests/fixtures/old-files/README.md. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { engine, expect, message, open, pageUrl, test, value } from "./support/lab";
import { file } from "./support/pictures";
import { accuracy, counts, done, guess } from "./support/studio";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/old-files/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString()) as unknown;
const { project, run } = json("expected.json") as {
  project: { accuracy: number; guess: { label: string; probability: number } };
  run: { step: number };
};
const red = file("red.jpg", fixture("red.jpg"));

/** The network is the one that was stored: it answers as it did, but for what another JPEG decoder changes in the photo. */
async function answersAsBefore(page: Page): Promise<void> {
  const { label, probability } = await guess(page, red);
  expect(label).toBe(project.guess.label);
  expect(Number(probability)).toBeCloseTo(project.guess.probability, 2);
}

test("an old project is imported with its network and what was found out about it", async ({ page }) => {
  await open(page, { view: "studio" });
  await page.getByTestId("studio-zip").setInputFiles(file("project.zip", fixture("project.zip")));
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  await done(page);
  expect(await accuracy(page)).toBeCloseTo(project.accuracy, 6);
  await answersAsBefore(page);
});

test("an old model and an old run are imported", async ({ page }) => {
  await open(page);
  for (const [name, format] of [["model.safetensors", "safetensors"], ["run.alexnet", "alexnet"]] as const) {
    const info = await page.evaluate(async (bytes) => window.lab.importModel(new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))])), fixture(name).toString("base64"));
    expect(info).toMatchObject({ format, network: "alexnet-32", classes: 10 });
  }
});

/** Restores databases, files and session storage as an old build left them; the page is not open yet. */
async function restore(page: Page): Promise<void> {
  const state = json("stored/state.json");
  const names = [...JSON.stringify(state).matchAll(/"\$file":"([^"]+)"/g)].map(([, name = ""]) => name);
  const files = Object.fromEntries(names.map((name) => [name, fixture(`stored/${name}`).toString("base64")]));
  // A file of the page's origin without its code. For it the browser asks for an icon that is not there.
  await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  await page.goto("./favicon.svg");
  await page.evaluate(async ({ state, files }) => {
    const { databases, opfs, sessionStorage: session } = state as {
      databases: Record<string, { version: number; stores: Record<string, { indexes: string[]; rows: [string, unknown][] }> }>;
      opfs: Record<string, unknown>;
      sessionStorage: Record<string, string>;
    };
    const plain = (from: unknown): unknown => {
      if (Array.isArray(from)) return from.map(plain);
      if (from === null || typeof from !== "object") return from;
      if ("$file" in from) {
        const text = files[String(from.$file)];
        if (!text) throw new Error(`There is no file ${String(from.$file)}.`);
        return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      }
      if ("$number" in from) return Number(from.$number);
      return Object.fromEntries(Object.entries(from).map(([key, one]) => [key, plain(one)]));
    };
    for (const [name, { version, stores }] of Object.entries(databases)) {
      await new Promise<void>((resolve, reject) => {
        const request = indexedDB.open(name, version);
        request.onupgradeneeded = () => {
          for (const [store, { indexes, rows }] of Object.entries(stores)) {
            const made = request.result.createObjectStore(store);
            for (const index of indexes) made.createIndex(index, index);
            for (const [key, row] of rows) made.put(plain(row), key);
          }
        };
        request.onsuccess = () => (request.result.close(), resolve());
        request.onerror = () => reject(request.error ?? new Error("not opened"));
      });
    }
    for (const [path, bytes] of Object.entries(opfs)) {
      const parts = path.split("/");
      let folder = await navigator.storage.getDirectory();
      for (const name of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
      const stream = await (await folder.getFileHandle(parts.at(-1) ?? "", { create: true })).createWritable();
      await stream.write(plain(bytes) as Uint8Array<ArrayBuffer>);
      await stream.close();
    }
    for (const [key, text] of Object.entries(session)) sessionStorage.setItem(key, text);
  }, { state, files });
}

test("an old project that is stored in the browser predicts as before, and its paused run goes on", async ({ page }) => {
  await restore(page);
  await open(page, { view: "studio" });
  await counts(page, { leaf: 4, rose: 4, sky: 4 });
  const goOn = page.getByTestId("studio-go-on");
  await expect(goOn).toBeVisible();
  await answersAsBefore(page);
  expect(Number(await page.getByTestId("studio-loss-chart").getAttribute("data-points"))).toBeGreaterThan(0);
  await goOn.click();
  await done(page);
  expect(await accuracy(page)).toBeGreaterThan(0.5);
});

test("an old run of Train that is stored in the browser goes on", async ({ page }) => {
  await restore(page);
  await page.goto(pageUrl({ backend: "cpu", view: "train" }));
  await engine(page);
  await page.getByTestId("resume").click();
  await expect(page.getByTestId("saved-run")).toHaveCount(0);
  const resumed = await value(page, "steps");
  expect(resumed).toBe(run.step);
  expect(Number(await page.getByTestId("loss-chart").getAttribute("data-points"))).toBeGreaterThan(0);
  const next = await page.evaluate(() => window.lab.step(2));
  expect(next.step).toBe(resumed + 2);
  // A network that guesses at random has ln 10.
  expect(next.loss).toBeLessThan(1.2 * Math.log(10));
  await expect(message(page, /./)).toHaveCount(0);
});
