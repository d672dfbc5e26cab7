import { flushSync, tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_OPTIONS } from "../../generated/protocol";
import { page } from "../../state/page.svelte";
import { FakeEngine, fakeLab } from "./fake-engine";
import { TrainState } from "./train.svelte";

// The module's own model needs a lab; the tests make theirs.
vi.mock("../../engine/page/api", async () => {
  const { FakeEngine: Fake, fakeLab: make } = await import("./fake-engine");
  const { Interrupted } = await import("../../engine/page/client");
  return { lab: make(new Fake()).lab, Interrupted };
});

let stop = () => {};
afterEach(() => stop());

/** A training whose parts are read as the view reads them, with how often each was drawn. */
function onShow() {
  const engine = new FakeEngine();
  const { lab, run } = fakeLab(engine);
  page.options = { ...DEFAULT_OPTIONS };
  page.rival = null;
  const train = new TrainState(lab);
  const drawn = { curves: 0, past: 0, filters: 0, step: 0, validation: 0 };
  stop = $effect.root(() => {
    const curves = $derived(train.recorder.lines("loss"));
    const past = $derived(train.recorder.past);
    const filters = $derived(train.insight.filters);
    const step = $derived(train.record?.step ?? 0);
    const validation = $derived(train.record?.lastValidation);
    $effect(() => { void curves; drawn.curves++; });
    $effect(() => { void past; drawn.past++; });
    $effect(() => { void filters; drawn.filters++; });
    $effect(() => { void step; drawn.step++; });
    $effect(() => { void validation; drawn.validation++; });
  });
  flushSync();
  let reports = 0;
  for (const event of ["configured", "step", "validation", "options", "phase"] as const) run.on(event, () => reports++);
  /** What was drawn, and how many reports of the run there were, while `work` was done. */
  const during = async (work: () => Promise<unknown>) => {
    const [before, heard] = [{ ...drawn }, reports];
    await work();
    await tick();
    const difference = (part: keyof typeof drawn) => drawn[part] - before[part];
    return { curves: difference("curves"), past: difference("past"), filters: difference("filters"), step: difference("step"), validation: difference("validation"), reports: reports - heard };
  };
  return { train, run, during };
}

describe("what is on show", () => {
  it("follows every step, and is drawn at most once for each report of the run", async () => {
    const { train, during } = onShow();
    await train.step();
    const { curves, step, reports } = await during(async () => {
      for (let i = 0; i < 5; i++) await train.step();
    });
    expect(step).toBe(5);
    expect(curves).toBeGreaterThanOrEqual(5);
    expect(curves).toBeLessThanOrEqual(reports);
  });

  it("does not draw the curves again for filters, nor filters for a step", async () => {
    const { train, during } = onShow();
    await train.step();
    expect(await during(() => train.step())).toMatchObject({ step: 1, filters: 0 });
    train.insight.look("filters");
    expect(await during(() => train.lookAgain(true))).toMatchObject({ filters: 1, curves: 0, step: 0 });
  });

  it("shows an earlier run once there is one, and not after it was removed", async () => {
    const { train, during } = onShow();
    for (let i = 0; i < 3; i++) await train.step();
    expect(await during(() => train.reset())).toMatchObject({ past: 1 });
    const removed = await during(async () => train.recorder.forget(train.recorder.past[0]?.id ?? ""));
    expect(removed).toMatchObject({ past: 1, curves: 1 });
    expect(train.recorder.past).toEqual([]);
  });

  it("is followed again by what is drawn later", async () => {
    const { train } = onShow();
    await train.step();
    stop();
    await tick();
    await train.step();
    const steps: number[] = [];
    stop = $effect.root(() => {
      $effect(() => void steps.push(train.record?.step ?? 0));
    });
    flushSync();
    await train.step();
    await tick();
    expect(steps[0]).toBe(2);
    expect(steps.at(-1)).toBe(3);
  });
});
