import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as store from "../../projects/store";
import * as runs from "./run-store";

const folder = new URL("../../../../tests/fixtures/old-files/", import.meta.url);
const json = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as unknown;

interface Stored { databases: Record<string, { version: number; stores: Record<string, { indexes: string[]; rows: [string, unknown][] }> }> }

/** Values as they were stored: bytes from their files, numbers that JSON does not have. */
function value(from: unknown): unknown {
  if (Array.isArray(from)) return from.map(value);
  if (from === null || typeof from !== "object") return from;
  if ("$file" in from) return new Uint8Array(readFileSync(new URL(`stored/${String(from.$file)}`, folder)));
  if ("$number" in from) return Number(from.$number);
  return Object.fromEntries(Object.entries(from).map(([key, one]) => [key, value(one)]));
}

/** Makes the databases as the earlier build left them. */
async function restore({ databases }: Stored): Promise<void> {
  for (const [name, { version, stores }] of Object.entries(databases)) {
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(name, version);
      request.onupgradeneeded = () => {
        for (const [store, { indexes, rows }] of Object.entries(stores)) {
          const made = request.result.createObjectStore(store);
          for (const index of indexes) made.createIndex(index, index);
          for (const [key, row] of rows) made.put(value(row), key);
        }
      };
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
      request.onerror = () => reject(request.error ?? new Error("not opened"));
    });
  }
}

it("reads the project, its pictures, its runs and its evaluation that an earlier build stored", async () => {
  await restore(json("stored/state.json") as Stored);
  const { options, run: { step }, project: expected } = json("expected.json") as { options: Record<string, unknown>; run: { step: number }; project: { accuracy: number } };

  const [project] = await store.listProjects();
  if (!project) throw new Error("no project");
  expect(project.classes.map(({ name }) => name)).toEqual(["leaf", "rose", "sky"]);
  const pictures = await store.listPictures(project.id);
  expect(pictures).toHaveLength(12);
  expect((await store.getFiles(pictures.map(({ hash }) => hash))).every((bytes) => bytes && bytes.byteLength > 100)).toBe(true);
  expect((await store.getThumbnails(pictures.map(({ hash }) => hash))).every((bytes) => bytes && bytes.byteLength > 100)).toBe(true);

  const [run, finished] = [await store.getRun(project.id), await store.getFinished(project.id)];
  if (!run || !finished) throw new Error("no run");
  expect(run.step).toBeGreaterThan(10);
  expect(run.file).not.toBe(finished.file);
  expect([run.resumable, finished.resumable, run.network]).toEqual([true, true, "alexnet-32"]);
  // Renamed since: "kept" in the row, "judged" in the evaluation.
  expect(run.viewState).toBeTruthy();
  const evaluation = await store.getEvaluation(project.id);
  if (!evaluation) throw new Error("no evaluation");
  expect(evaluation.classes).toEqual(project.classes.map(({ id }) => id));
  const right = evaluation.predictions.filter(({ label, top }) => top[0]?.index === label).length;
  expect(right / evaluation.predictions.length).toBeCloseTo(expected.accuracy, 6);

  const train = await runs.latestRun("another tab");
  if (!train) throw new Error("no run of Train");
  expect(train.options).toMatchObject(options);
  expect(train.step).toBe(step);
  expect(train.viewState).toBeTruthy();
  const [weights] = await runs.loadWeights(train.tab);
  expect(weights?.byteLength).toBe(readFileSync(new URL("run.alexnet", folder)).byteLength);
});
