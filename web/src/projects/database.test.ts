import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, it } from "vitest";
import * as runs from "../engine/worker/run-store";
import * as store from "./store";

beforeEach(async () => {
  await store.closeDatabase();
  await runs.closeDatabase();
  globalThis.indexedDB = new IDBFactory();
});

/** Opens a database as another build would. `blocked`: an open connection is in its way. */
const opened = (name: string, version: number) =>
  new Promise<{ blocked: boolean; database?: IDBDatabase }>((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onblocked = () => resolve({ blocked: true });
    request.onerror = () => reject(request.error ?? new Error("not opened"));
    request.onsuccess = () => resolve({ blocked: false, database: request.result });
  });

for (const [name, use] of [["alexnet-projects", () => store.listProjects()], ["alexnet-lab", () => runs.latestRun("tab")]] as const) {
  it(`lets a newer build change ${name}, and says so at the next use`, async () => {
    await use();
    const newer = await opened(name, 2);
    expect(newer.blocked).toBe(false);
    newer.database?.close();
    await expect(use()).rejects.toThrow("A newer version of this page has changed what it stores in this browser: reload this page.");
  });

  it(`says that a tab of an older build is in the way of ${name}, and goes on once it is closed`, async () => {
    const older = await opened(name, 1);
    // Stands for a next version: the same call with a higher number.
    const { Database } = await import("./database");
    const next = new Database(name, 2, () => undefined);
    await expect(next.open()).rejects.toThrow("Another tab has an older version of this page open: close that tab, then try again.");
    older.database?.close();
    (await next.open()).close();
  });
}
