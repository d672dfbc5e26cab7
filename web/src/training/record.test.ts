import { describe, expect, it } from "vitest";
import type { LiveMetrics, RunEvents } from "../engine/page/api";
import type { Slot } from "../engine/shared/protocol";
import { DEFAULT_OPTIONS, type RunInfo, type RunOptions, type Validation } from "../generated/protocol";
import { differences, nameRuns, needsReset, withLive } from "./differences";
import { duration } from "../i18n/format";
import { StepRate } from "./step-rate";
import { Recorder } from "./recorder";

const info: RunInfo = {
  step: 0, parameters: 383_146, trainImages: 3200, valImages: 500, stepsPerEpoch: 100,
  labels: ["bag", "boot"], inputSize: 32, fc6Units: 576, fc7Units: 256,
};
const metrics = (step: number, loss = 1 / step): LiveMetrics => ({
  step, epoch: step / 100, loss, trainAccuracy: 0.5, trainTop5: 0.9, learningRate: 0.02, images: 32, imagesPerSecond: 100,
});
const validation: Validation = { images: 500, loss: 0.7, top1: 0.6, top5: 0.9, confusion: [1, 2, 3, 4] };

/** The lab's run as an event source that a test drives. */
class Source {
  infos: [RunInfo | null, RunInfo | null] = [null, null];
  readonly options: [RunOptions | null, RunOptions | null] = [null, null];
  readonly last: [LiveMetrics | null, LiveMetrics | null] = [null, null];
  readonly lastValidation: [Validation | null, Validation | null] = [null, null];
  private handlers = new Map<string, (event: never) => void>();
  on<K extends keyof RunEvents>(event: K, handler: (event: RunEvents[K]) => void): () => void {
    this.handlers.set(event, handler as (event: never) => void);
    return () => this.handlers.delete(event);
  }
  emit<K extends keyof RunEvents>(event: K, value: RunEvents[K]): void {
    (this.handlers.get(event) as ((event: RunEvents[K]) => void) | undefined)?.(value);
  }
  begin(options: Partial<RunOptions> = {}, slot: Slot = 0): void {
    this.infos[slot] = info;
    this.emit("configured", { slot, options: { ...DEFAULT_OPTIONS, ...options }, info, resumed: false });
  }
  resume(step: number, viewState: unknown): void {
    this.emit("configured", { slot: 0, options: DEFAULT_OPTIONS, info: { ...info, step }, resumed: true, viewState });
  }
  steps(count: number, slot: Slot = 0): void {
    for (let step = 1; step <= count; step++) this.emit("step", { slot, metrics: metrics(step) });
  }
}

function recording(source = new Source()): { source: Source; recorder: Recorder } {
  return { source, recorder: new Recorder(source) };
}

describe("names", () => {
  const relu = DEFAULT_OPTIONS;
  it("say what differs from the run in the foreground", () => {
    expect(nameRuns(relu, [{ ...relu, activation: "tanh" }])).toEqual(["ReLU", "tanh"]);
    expect(nameRuns(relu, [{ ...relu, dropout: 0 }, { ...relu, dropout: 0, flip: true }])).toEqual([
      "dropout 0.5, mirror off", "dropout 0", "dropout 0, mirror on",
    ]);
  });
  it("stay distinct when the options are the same", () => {
    expect(nameRuns(relu, [relu, relu])).toEqual(["this run", "same options", "same options (2)"]);
  });
  it("tell options that need new weights from those that do not", () => {
    const other: RunOptions = { ...relu, learningRate: 0.1, batchSize: 64 };
    expect(differences(relu, other).map(({ name }) => name)).toEqual(["batchSize", "learningRate"]);
    expect(needsReset(relu, other)).toBe(true);
    expect(needsReset(relu, withLive(relu, other))).toBe(false);
    expect(withLive(relu, other)).toEqual({ ...relu, learningRate: 0.1 });
  });
});

describe("recorder", () => {
  it("writes down steps and validations of both slots", () => {
    const { source, recorder } = recording();
    source.begin();
    source.begin({ activation: "tanh" }, 1);
    source.steps(3);
    source.steps(2, 1);
    source.emit("validation", { slot: 0, step: 3, epoch: 0.03, result: validation });
    const lines = recorder.lines("accuracy").map(({ name, part, tone, xs }) => [name, part, tone, xs.length]);
    expect(lines).toEqual([
      ["ReLU", "training", 0, 3], ["ReLU", "validation", 0, 1], ["tanh", "training", 1, 2], ["tanh", "validation", 1, 0],
    ]);
  });

  it("replaces a subset's validation by the whole set's at the same step", () => {
    const { source, recorder } = recording();
    source.begin();
    source.steps(100);
    for (const top1 of [0.6, 0.65]) source.emit("validation", { slot: 0, step: 100, epoch: 1, result: { ...validation, top1 } });
    expect(recorder.active[0]?.validation).toEqual({ steps: [100], loss: [0.7], accuracy: [0.65] });
  });

  it("keeps earlier runs faint, one of each configuration, none that never got anywhere", () => {
    const { source, recorder } = recording();
    source.begin({ dropout: 0 });
    source.steps(5);
    source.begin({ dropout: 0 });
    source.steps(9);
    source.begin();
    source.begin();
    expect(recorder.past.map((record) => [record.options.dropout, record.step])).toEqual([[0, 9]]);
    expect(recorder.lines("loss").filter(({ tone }) => tone === 2).map(({ name }) => name)).toEqual(["dropout 0", "dropout 0"]);
    recorder.forget(recorder.past[0]?.id ?? "");
    expect(recorder.past).toEqual([]);
  });

  it("names the two of a race by what they race about", () => {
    const { source, recorder } = recording();
    source.begin({ batchSize: 8 });
    source.steps(5);
    source.begin();
    source.begin({ activation: "tanh" }, 1);
    expect([...recorder.names().values()]).toEqual(["ReLU", "batch size 8", "tanh"]);
  });

  it("puts a rival whose slot was emptied among the earlier runs", () => {
    const { source, recorder } = recording();
    source.begin();
    source.begin({ activation: "tanh" }, 1);
    source.steps(4, 1);
    source.infos[1] = null;
    source.emit("phase", { phase: "paused" });
    expect(recorder.active[1]).toBeNull();
    expect(recorder.past.map(({ options }) => options.activation)).toEqual(["tanh"]);
  });

  it("takes over a run that began before anybody looked", () => {
    const source = new Source();
    [source.infos[0], source.options[0], source.last[0], source.lastValidation[0]] = [info, DEFAULT_OPTIONS, metrics(40), validation];
    const { recorder } = recording(source);
    expect(recorder.active[0]?.step).toBe(40);
    expect(recorder.active[0]?.validation.steps).toEqual([40]);
  });

  it("names a run by what was changed on the way", () => {
    const { source, recorder } = recording();
    source.begin();
    source.steps(4);
    source.emit("options", { slot: 0, options: { ...DEFAULT_OPTIONS, dropout: 0 } });
    source.steps(8);
    source.begin();
    expect([...recorder.names().values()]).toEqual(["dropout 0.5", "dropout 0"]);
  });

  it("does not name a run by what was changed after its last step", () => {
    const { source, recorder } = recording();
    source.begin();
    source.steps(4);
    source.emit("options", { slot: 0, options: { ...DEFAULT_OPTIONS, dropout: 0 } });
    source.begin({ dropout: 0 });
    expect([...recorder.names().values()]).toEqual(["dropout 0", "dropout 0.5"]);
  });

  it("puts stored curves back up to the step that was saved", () => {
    const first = recording();
    first.source.begin();
    first.source.steps(5000);
    const state = structuredClone(first.recorder.state());
    expect(state.run?.training.steps.length).toBeLessThan(2100);

    const second = recording();
    second.source.resume(4000, state);
    const { steps } = second.recorder.active[0]?.training ?? { steps: [] };
    expect(steps.length).toBeGreaterThan(1000);
    expect(steps.at(-1)).toBeLessThanOrEqual(4000);
  });

  it("starts without curves when what was stored is not a history", () => {
    const { source, recorder } = recording();
    source.resume(7, { run: { training: "?" } });
    expect(recorder.active[0]?.step).toBe(7);
    expect(recorder.active[0]?.training.steps).toEqual([]);
  });
});

describe("time left", () => {
  it("is measured over everything that happens between steps", () => {
    const rate = new StepRate();
    expect(rate.stepsPerSecond()).toBeUndefined();
    for (let second = 0; second <= 100; second++) rate.add(second * 1000, second * 5);
    expect(rate.stepsPerSecond()).toBeCloseTo(5);
  });
  it("reads well", () => {
    expect([0.2, 41, 100, 3599, 7500, Infinity].map(duration)).toEqual(["1 sec", "41 sec", "100 sec", "60 min", "2 hr 5 min", "–"]);
  });
});
