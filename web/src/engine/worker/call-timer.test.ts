import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CallTimer } from "./call-timer";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const wait = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

test("a call that takes too long is noticed, one that waits for a slow line is not", async () => {
  const expired = vi.fn();
  const timer = new CallTimer(() => 1000, expired);
  const slow = timer.measure(async () => {
    await wait(600);
    // Two parts at once, for minutes.
    await Promise.all([timer.download(() => wait(60_000)), timer.download(() => wait(90_000))]);
    await wait(300);
  });
  await vi.advanceTimersByTimeAsync(91_000);
  await slow;
  expect(expired).not.toHaveBeenCalled();

  const hanging = timer.measure(async () => {
    await timer.download(() => wait(5000));
    await wait(600);
    await timer.download(() => wait(5000));
    await wait(600);
  });
  await vi.advanceTimersByTimeAsync(10_900);
  expect(expired).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(expired).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(200);
  await hanging;
});

test("nothing is measured between calls, or on the CPU", async () => {
  const expired = vi.fn();
  let limit = Number.POSITIVE_INFINITY;
  const timer = new CallTimer(() => limit, expired);
  const endless = timer.measure(() => wait(1e8));
  await vi.advanceTimersByTimeAsync(1e8);
  await endless;
  limit = 10;
  await timer.measure(() => 1);
  const download = timer.download(() => wait(1000));
  await vi.advanceTimersByTimeAsync(2000);
  await download;
  expect(expired).not.toHaveBeenCalled();
});
