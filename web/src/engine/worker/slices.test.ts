import { describe, expect, it, vi } from "vitest";
import { Gate, runSlices } from "./slices";

/** A run of ten slices on a clock that each slice moves by `milliseconds`. */
function tenSlices(milliseconds: number) {
  let [done, clock] = [0, 0];
  const reports: number[] = [];
  return {
    reports,
    done: () => done,
    options: { advance: async () => ((clock += milliseconds), ++done / 10), report: () => void reports.push(done), pauseMs: 200, now: () => clock },
  };
}

describe("a run in slices", () => {
  it("reports after the first slice, then no more often than it may", async () => {
    const { options, reports } = tenSlices(50);
    await runSlices(options, new Gate());
    expect(reports).toEqual([1, 5, 9]);
  });

  it("stops at the gate and goes on when it opens", async () => {
    const gate = new Gate();
    const { options, done } = tenSlices(50);
    gate.close();
    const run = runSlices(options, gate);
    await new Promise((later) => setTimeout(later));
    expect(done()).toBe(0);
    gate.open();
    await run;
    expect(done()).toBe(10);
  });

  it("hears messages between slices", async () => {
    const gate = new Gate();
    const { options, done } = tenSlices(50);
    setTimeout(() => gate.close());
    const run = runSlices(options, gate);
    await vi.waitFor(() => expect(done()).toBeGreaterThan(0));
    await new Promise((later) => setTimeout(later, 20));
    expect(done()).toBeLessThan(10);
    gate.open();
    await run;
  });
});
