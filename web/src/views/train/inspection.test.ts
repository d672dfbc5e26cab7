import { describe, expect, it } from "vitest";
import type { ValidationPrediction } from "../../generated/protocol";
import { choose, Inspector, type InspectorEngine } from "./inspection.svelte";

const watched = (index: number): ValidationPrediction => ({ index, label: `class ${index % 4}`, top: [] });

/** An engine that counts what it is asked, and whose calls take time on the test's clock. */
function setUp(cost = 0): { insight: Inspector; calls: string[]; clock: { now: number }; errors: unknown[]; engine: InspectorEngine } {
  const calls: string[] = [];
  const errors: unknown[] = [];
  const clock = { now: 0 };
  const note = <T>(call: string, value: T): Promise<T> => {
    calls.push(call);
    clock.now += cost;
    return Promise.resolve(value);
  };
  const engine: InspectorEngine = {
    mask: (_, layer) => note(`mask ${layer}`, { batch: 1, units: 2, values: Uint8Array.from([1, 0]) }),
    filters: () => note("filters", { count: 1, channels: 1, height: 1, width: 1, values: new Float32Array(1) }),
    watch: (_, indices) => note(`watch ${indices.length}`, indices.map(watched)),
    valImage: (_, index) => note(`image ${index}`, { size: 1, rgba: new Uint8Array(4) }),
  };
  const insight = new Inspector(engine, (error) => errors.push(error), 6, () => clock.now);
  return { insight, calls, clock, errors, engine };
}
const moment = { valImages: 500, trained: true };

describe("insight", () => {
  it("asks for nothing while nobody looks", async () => {
    const { insight, calls } = setUp();
    const away = insight.look("filters");
    away();
    await insight.refresh(moment);
    expect(calls).toEqual([]);
  });

  it("looks at most once a second", async () => {
    const { insight, calls, clock } = setUp();
    insight.look("masks");
    await insight.refresh(moment);
    await insight.refresh(moment);
    clock.now = 999;
    await insight.refresh(moment);
    expect(calls).toEqual(["mask fc6", "mask fc7"]);
    clock.now = 1001;
    await insight.refresh(moment);
    expect(calls).toHaveLength(4);
  });

  it("watches less often where watching is slow, but masks and filters as ever", async () => {
    const { insight, calls, clock } = setUp(2000);
    insight.look("filters");
    insight.look("watched");
    await insight.refresh(moment);
    clock.now += 5000;
    calls.length = 0;
    await insight.refresh(moment);
    expect(calls).toEqual(["filters"]);
    await insight.refresh({ ...moment, force: true });
    expect(calls).toEqual(["filters", "filters", "watch 6"]);
  });

  it("looks once more when it was forced to in the middle of a look", async () => {
    const { insight, calls } = setUp();
    insight.look("masks");
    insight.look("filters");
    const first = insight.refresh({ ...moment, trained: false });
    await insight.refresh({ ...moment, force: true });
    await first;
    expect(calls).toEqual(["filters", "mask fc6", "mask fc7", "filters"]);
  });

  it("has no mask before the first step", async () => {
    const { insight, calls } = setUp();
    insight.look("masks");
    await insight.refresh({ ...moment, trained: false });
    expect(calls).toEqual([]);
  });

  it("watches images of different classes and fetches their pixels once", async () => {
    const { insight, calls, clock } = setUp();
    insight.look("watched");
    await insight.refresh(moment);
    expect(insight.watched.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(calls.filter((call) => call.startsWith("image"))).toHaveLength(6);
    clock.now = 5000;
    await insight.refresh(moment);
    expect(calls.slice(-1)).toEqual(["watch 6"]);
    await insight.shuffle(moment.valImages);
    expect(insight.watched[0]?.index).toBe(24);
  });

  it("hands errors on and goes on", async () => {
    const { insight, errors, engine, clock } = setUp();
    insight.look("filters");
    const filters = engine.filters;
    engine.filters = () => Promise.reject(new Error("The device was lost."));
    await insight.refresh(moment);
    expect(errors).toHaveLength(1);
    engine.filters = filters;
    clock.now = 5000;
    await insight.refresh(moment);
    expect(insight.filters?.count).toBe(1);
  });

  it("says nothing of a look that another run has overtaken, and looks at that one", async () => {
    const { insight, errors, engine, calls } = setUp();
    insight.look("masks");
    insight.look("filters");
    let refuse = (_: Error) => {};
    engine.mask = () => new Promise((_, reject) => (refuse = reject));
    const first = insight.refresh(moment);
    insight.clear();
    await insight.refresh({ ...moment, trained: false, force: true });
    refuse(new Error("There is no mask yet: train a step first."));
    await first;
    expect([errors, calls, insight.filters?.count]).toEqual([[], ["filters"], 1]);
  });

  it("asks for no masks with other images to watch before the first step", async () => {
    const { insight, calls } = setUp();
    insight.look("masks");
    insight.look("watched");
    await insight.refresh({ ...moment, trained: false });
    await insight.shuffle(moment.valImages);
    expect(calls.filter((call) => call.startsWith("mask"))).toEqual([]);
    await insight.refresh({ ...moment, force: true });
    insight.clear();
    await insight.shuffle(moment.valImages);
    expect(calls.filter((call) => call.startsWith("mask"))).toEqual(["mask fc6", "mask fc7"]);
  });

  it("prefers different classes", () => {
    const pool = [0, 4, 1, 8, 2].map(watched);
    expect(choose(pool, 4)).toEqual([0, 1, 2, 4]);
  });
});
