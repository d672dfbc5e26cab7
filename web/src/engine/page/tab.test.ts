import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeLocks } from "../../projects/fake-locks";
import { tabLock } from "../shared/live-tabs";
import { claimTabName } from "./tab";

let locks: FakeLocks;
let session: Map<string, string>;

beforeEach(() => {
  locks = new FakeLocks();
  session = new Map();
  vi.stubGlobal("navigator", { locks });
  vi.stubGlobal("sessionStorage", { getItem: (key: string) => session.get(key) ?? null, setItem: (key: string, value: string) => session.set(key, value) });
});
afterEach(() => vi.unstubAllGlobals());

test("a tab keeps its name over a reload, also where the document before it ends late", async () => {
  const name = await claimTabName();
  const again = claimTabName();
  locks.release(tabLock(name));
  expect(await again).toBe(name);
});

test("a duplicated tab, which has a copy of the session's storage, is a tab of its own", async () => {
  const name = await claimTabName();
  const copy = await claimTabName();
  expect(copy).not.toBe(name);
  expect((await locks.query()).held.map((lock) => lock.name)).toEqual([tabLock(name), tabLock(copy)]);
});

test("a browser without locks still names its tab", async () => {
  vi.stubGlobal("navigator", {});
  const name = await claimTabName();
  expect(await claimTabName()).toBe(name);
});
