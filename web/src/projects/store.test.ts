import "fake-indexeddb/auto";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { errorText } from "../errors/message";
import { storageMessage } from "../errors/storage";
import * as store from "./store";
import type { EvaluationResult, PictureInfo, Project, ProjectRun } from "./types";

const project = (id: string): Project => ({ id, name: `Project ${id}`, created: 1, changed: 1, classes: [{ id: "c", name: "cup" }], plan: { start: "shipped", headEpochs: 3, allEpochs: 0 } });
const picture = (of: string, hash: string, from = "c", added = 0): store.NewPicture => {
  const info: PictureInfo = { id: `${of}/${from}/${hash}`, project: of, class: from, hash, name: `${hash}.jpg`, bytes: 2, val: false, added };
  return { info, bytes: Uint8Array.of(1, hash.length), thumb: Uint8Array.of(2) };
};

const run = (of: string, savedAt: number, file: ProjectRun["file"] = "a") => ({ project: of, savedAt, file, step: savedAt, bytes: 4, classes: ["c"], resumable: true }) as ProjectRun;
const evaluation: EvaluationResult = { classes: ["c"], step: 1, predictions: [{ picture: "p/c/one", label: 0, top: [] }], stages: [] };

beforeEach(async () => {
  await store.closeDatabase();
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => vi.restoreAllMocks());

it("keeps pictures with their bytes, and deletes bytes with their last user", async () => {
  await store.putProject(project("p"));
  await store.addPictures([picture("p", "one"), picture("p", "two"), picture("p", "one", "d")]);
  expect((await store.listPictures("p")).map(({ id }) => id).sort()).toEqual(["p/c/one", "p/c/two", "p/d/one"]);
  expect(await store.getFiles(["one", "none"])).toEqual([Uint8Array.of(1, 3), undefined]);
  await store.removePictures([picture("p", "one").info]);
  expect(await store.getFiles(["one"])).toEqual([Uint8Array.of(1, 3)]);
  await store.removePictures([picture("p", "one", "d").info]);
  expect(await store.getFiles(["one", "two"])).toEqual([undefined, Uint8Array.of(1, 3)]);
  expect(await store.getThumbnails(["one", "two"])).toEqual([undefined, Uint8Array.of(2)]);
});

it("moves a picture to another class, where a twin becomes one with it", async () => {
  await store.putProject(project("p"));
  const [one, two] = [picture("p", "one"), picture("p", "two")];
  await store.addPictures([one, two, picture("p", "two", "d")]);
  for (const { info } of [one, two]) await store.movePicture(info, { ...info, class: "d", id: `p/d/${info.hash}` });
  expect((await store.listPictures("p")).map(({ id }) => id)).toEqual(["p/d/one", "p/d/two"]);
  expect(await store.getFiles(["one", "two"])).toEqual([Uint8Array.of(1, 3), Uint8Array.of(1, 3)]);
});

it("shows pictures in the order in which they came", async () => {
  await store.addPictures([picture("p", "zebra", "d", 1), picture("p", "ant", "c", 3), picture("p", "bee", "c", 2)]);
  expect((await store.listPictures("p")).map(({ hash }) => hash)).toEqual(["zebra", "bee", "ant"]);
});

it("keeps the network from before until the next is whole, and goes back to it", async () => {
  await store.putProject(project("p"));
  await store.putRun(run("p", 1));
  await store.finishRun("p", evaluation);
  await store.putRun(run("p", 2, "b"));
  expect([(await store.getRun("p"))?.savedAt, (await store.getFinished("p"))?.savedAt]).toEqual([2, 1]);
  await store.revertRun("p");
  expect((await store.getRun("p"))?.file).toBe("a");
  expect(await store.getEvaluation("p")).toEqual(evaluation);
  await store.putRun(run("p", 3, "b"));
  await store.finishRun("p", null);
  expect([(await store.getFinished("p"))?.file, await store.getEvaluation("p")]).toEqual(["b", undefined]);
  await store.deleteProject("p");
  expect([await store.getRun("p"), await store.getFinished("p")]).toEqual([undefined, undefined]);
});

it("duplicates a project without its bytes, and each goes without the other", async () => {
  await store.putProject(project("p"));
  await store.addPictures([picture("p", "one")]);
  await store.putRun(run("p", 1));
  await store.finishRun("p", evaluation);
  await store.copyProject("p", { ...project("q"), changed: 2 });
  expect((await store.listProjects()).map(({ id }) => id)).toEqual(["q", "p"]);
  expect((await store.listPictures("q")).map(({ id }) => id)).toEqual(["q/c/one"]);
  expect((await store.getEvaluation("q"))?.predictions[0]?.picture).toBe("q/c/one");
  await store.deleteProject("p");
  expect(await store.getFiles(["one"])).toEqual([Uint8Array.of(1, 3)]);
  await store.deleteProject("q");
  expect([await store.listProjects(), await store.listPictures("q"), await store.getFiles(["one"])]).toEqual([[], [], [undefined]]);
});

it("leaves nothing half there when the disk is full, and goes on afterwards", async () => {
  await store.putProject(project("p"));
  await store.addPictures([picture("p", "one")]);
  const put = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args: Parameters<typeof put>) {
    if (this.name === "thumbs") throw new DOMException("full", "QuotaExceededError");
    return put.apply(this, args);
  });
  const error: unknown = await store.addPictures([picture("p", "two")]).catch((e: unknown) => e);
  expect(errorText(storageMessage(error))).toMatch(/^The browser's storage is full\. What was there stays/);
  vi.restoreAllMocks();
  expect((await store.listPictures("p")).map(({ hash }) => hash)).toEqual(["one"]);
  expect(await store.getFiles(["two"])).toEqual([undefined]);
  await store.addPictures([picture("p", "two")]);
  expect(await store.pictureBytes()).toEqual(new Map([["p", 4]]));
});
