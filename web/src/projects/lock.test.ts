import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeLocks } from "./fake-locks";
import { EditRight, lockProject } from "./lock";

let locks: FakeLocks;
let rights: EditRight[] = [];
beforeEach(() => vi.stubGlobal("navigator", { locks: (locks = new FakeLocks()) }));
afterEach(() => {
  for (const right of rights) right.release();
  rights = [];
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A tab that shows the project. `log`: what it hears. */
async function tab(finish: () => Promise<void> = async () => undefined): Promise<{ right: EditRight; log: boolean[] }> {
  const log: boolean[] = [];
  const right = new EditRight("p", async (mine) => {
    if (!mine) await finish();
    log.push(mine);
  });
  rights.push(right);
  await right.ready;
  return { right, log };
}

test("one tab changes a project; the next one may as soon as that tab shows another or is closed", async () => {
  const [first, second] = [await tab(), await tab()];
  expect([first.right.mine, second.right.mine]).toEqual([true, false]);
  first.right.release();
  await vi.waitFor(() => expect(second.log).toEqual([true]));
  expect(second.right.mine).toBe(true);
  second.right.release();
  await vi.waitFor(async () => expect((await locks.query()).held).toEqual([]));
});

test("a tab that takes a project over waits until the other has finished its work", async () => {
  let finish = (): void => undefined;
  const first = await tab(() => new Promise((done) => (finish = done)));
  const second = await tab();
  void second.right.take();
  await vi.waitFor(() => expect(first.right.mine).toBe(false));
  expect(second.right.mine).toBe(false);
  finish();
  await vi.waitFor(() => expect(second.log).toEqual([true]));
  expect(first.log).toEqual([false]);
  // And back.
  void first.right.take();
  await vi.waitFor(() => expect(first.log).toEqual([false, true]));
  expect(second.log).toEqual([true, false]);
});

test("a tab that does not answer loses the project, and hears of it when it runs again", async () => {
  const frozen = await tab();
  const second = await tab();
  vi.spyOn(BroadcastChannel.prototype, "postMessage").mockImplementation(() => undefined);
  vi.useFakeTimers();
  const taking = second.right.take();
  await vi.advanceTimersByTimeAsync(3000);
  await taking;
  expect([second.right.mine, second.log]).toEqual([true, [true]]);
  expect([frozen.right.mine, frozen.log]).toEqual([false, [false]]);
  vi.restoreAllMocks();
});

test("training needs no second lock in the tab that changes the project, and is refused in another", async () => {
  const other = locks.request("alexnet-project-other", () => new Promise(() => undefined));
  void other;
  await expect(lockProject("other")).rejects.toThrow("This project is open in another tab");
  const { right } = await tab();
  (await lockProject("p")).release();
  expect(right.mine).toBe(true);
  const free = await lockProject("free");
  expect((await locks.query()).held.map(({ name }) => name)).toContain("alexnet-project-free");
  free.release();
  await vi.waitFor(async () => expect((await locks.query()).held.map(({ name }) => name)).not.toContain("alexnet-project-free"));
});
