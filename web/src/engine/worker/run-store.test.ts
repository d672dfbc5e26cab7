import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DEFAULT_OPTIONS } from "../../generated/protocol";
import { FakeLocks } from "../../projects/fake-locks";
import { tabLock } from "../shared/live-tabs";
import { deleteRun, latestRun, loadWeights, storeRun } from "./run-store";

let locks: FakeLocks;
beforeEach(() => vi.stubGlobal("navigator", { locks: (locks = new FakeLocks()) }));
afterEach(() => vi.unstubAllGlobals());

const open = (tab: string) => void locks.request(tabLock(tab), () => new Promise(() => undefined));
const keep = (tab: string, savedAt: number) =>
  storeRun({ tab, options: DEFAULT_OPTIONS, rival: null, step: savedAt, savedAt, viewState: null }, [new Uint8Array([savedAt])]);

test("the run of an open tab is neither offered to another tab nor deleted by it", async () => {
  open("open");
  await keep("open", 1);
  await keep("closed", 2);
  expect((await latestRun("new"))?.tab).toBe("closed");
  expect((await latestRun("open"))?.tab).toBe("open");
  // Closed tabs' runs go, oldest first; the open tab's stays though it is the oldest of all.
  for (const savedAt of [3, 4, 5, 6, 7]) await keep(`closed ${savedAt}`, savedAt);
  expect(await loadWeights("open")).toEqual([new Uint8Array([1])]);
  expect(await loadWeights("closed")).toEqual([]);
  for (const savedAt of [4, 5, 6, 7]) await deleteRun(`closed ${savedAt}`);
  expect(await latestRun("new")).toBeNull();
  locks.release(tabLock("open"));
  expect((await latestRun("new"))?.step).toBe(1);
});
