import { message } from "../../errors/message";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Interrupted } from "../../engine/page/api";
import type { Slot } from "../../engine/shared/protocol";
import { DEFAULT_OPTIONS } from "../../generated/protocol";
import { errorText } from "../../errors/message";
import { dismiss, messages } from "../../state/messages.svelte";
import { page } from "../../state/page.svelte";
import { FakeEngine, fakeLab } from "./fake-engine";
import { readNumber, fromSlider, toSlider } from "../../training/numbers";
import { optionSpec, pendingText, TrainState } from "./train.svelte";

// The module's own model needs a lab; the tests make theirs.
vi.mock("../../engine/page/api", async () => {
  const { FakeEngine: Fake, fakeLab: make } = await import("./fake-engine");
  const { Interrupted } = await import("../../engine/page/client");
  return { lab: make(new Fake()).lab, Interrupted };
});

function setUp(): ReturnType<typeof fakeLab> & { engine: FakeEngine; train: TrainState } {
  const engine = new FakeEngine();
  const fake = fakeLab(engine);
  return { ...fake, engine, train: new TrainState(fake.lab) };
}

/** Resolves when it is so. */
const until = (there: () => boolean) => vi.waitUntil(there, { timeout: 10_000, interval: 1 });

beforeEach(() => {
  page.options = { ...DEFAULT_OPTIONS };
  page.rival = null;
  for (const { id } of messages.list) dismiss(id);
});

describe("start, pause, step, reset", () => {
  it("shows the first loss after a single step, goes on, and stops when asked", async () => {
    const { train, engine } = setUp();
    await train.start();
    await until(() => (train.record?.step ?? 0) > 20);
    expect(train.record?.training.steps[0]).toBe(1);
    await train.pause();
    const [step] = engine.steps;
    expect(train.phase).toBe("paused");
    expect(train.record?.step).toBe(step);
    await train.step();
    expect(engine.steps[0]).toBe(step + 1);
  });

  it("asks the engine for nothing else before the first loss", async () => {
    const { train, engine } = setUp();
    train.insight.look("filters");
    await train.start();
    await until(() => train.insight.filters !== undefined);
    await train.pause();
    expect(engine.calls.slice(0, 3)).toEqual(["configure 0", "first step 0", "filters"]);
  });

  it("fetches a part that somebody begins to look at, though the run rests", async () => {
    const { train } = setUp();
    await train.step();
    expect(train.insight.filters).toBeUndefined();
    train.look("filters");
    await until(() => train.insight.filters !== undefined);
  });

  it("goes on after a pause without new weights", async () => {
    const { train, engine } = setUp();
    await train.step();
    await train.start();
    await until(() => (train.record?.step ?? 0) > 10);
    await train.pause();
    expect(engine.calls).toEqual(["configure 0", "first step 0"]);
  });

  it("resets to step 0 with the same seed; a new seed draws other weights", async () => {
    const { train, engine } = setUp();
    for (let i = 0; i < 3; i++) await train.step();
    await train.reset();
    expect([train.record?.step, engine.options[0]?.seed]).toEqual([0, DEFAULT_OPTIONS.seed]);
    expect(train.recorder.past).toHaveLength(1);
    await train.newSeed();
    expect(engine.options[0]?.seed).toBe(page.options.seed);
    expect(page.options.seed).not.toBe(DEFAULT_OPTIONS.seed);
  });

  it("ends after the planned epochs, evaluated on validation images", async () => {
    const { train, engine } = setUp();
    engine.stepsPerEpoch = 8;
    page.options = { ...DEFAULT_OPTIONS, epochs: 2 };
    await train.start();
    await until(() => train.phase === "finished");
    expect(train.record?.lastValidation?.top1).toBe(0.5);
  });

  it("stops when the loss is no longer a number, and says what to do", async () => {
    const { train, engine, problems } = setUp();
    engine.explodesAt = 5;
    await train.start();
    await until(() => train.phase === "paused");
    expect(problems.map(String)).toEqual([expect.stringContaining("lower the learning rate and press Reset")]);
  });
});

describe("options", () => {
  it("change during a run where they can", async () => {
    const { train, engine } = setUp();
    await train.step();
    train.setOption("dropout", 0);
    await until(() => train.record?.options.dropout === 0);
    expect([engine.options[0]?.dropout, train.startsNew]).toEqual([0, false]);
  });

  it("that need new weights wait for a new run, and can be taken back", async () => {
    const { train, engine } = setUp();
    await train.step();
    train.setOption("activation", "tanh");
    train.setOption("batchSize", 8);
    expect(engine.options[0]?.activation).toBe("relu");
    expect(train.startsNew).toBe(true);
    expect(pendingText(train.pending, page.options)).toBe("Batch size 8, tanh: this starts a new run. The current one stays on the charts.");
    train.keepCurrentRun();
    expect([train.startsNew, page.options.activation]).toEqual([false, "relu"]);

    train.setOption("activation", "tanh");
    await train.step();
    await train.step();
    expect(engine.options[0]?.activation).toBe("tanh");
  });

  it("are read from what a person types", () => {
    const rate = optionSpec("learningRate");
    const batch = optionSpec("batchSize");
    if (!rate || !batch || rate.kind.type !== "number") throw new Error("The option table lost a row.");
    const { kind } = batch;
    if (kind.type !== "number") throw new Error("The option table lost a row.");
    const read = (text: string) => readNumber(rate.name, rate.kind as typeof kind, text);
    expect([read("0.05"), read("0,05"), readNumber(batch.name, kind, "16")]).toEqual([0.05, 0.05, 16]);
    expect(errorText(readNumber(batch.name, kind, "1.5"))).toBe("Batch size cannot be 1.5: use a whole number from 1 to 1,024.");
    expect(errorText(read(""))).toContain("cannot be empty");
    expect(fromSlider(rate.kind, toSlider(rate.kind, 0.02))).toBeCloseTo(0.02, 3);
    expect([fromSlider(rate.kind, 0), fromSlider(rate.kind, 1000)]).toEqual([rate.kind.min, rate.kind.max]);
  });
});

describe("race", () => {
  it("trains both in alternation from the same step", async () => {
    const { train, engine } = setUp();
    train.setRival({ name: "activation", value: "tanh" });
    await train.start();
    await until(() => (train.rivalRecord?.step ?? 0) > 5);
    await train.pause();
    // The rival is made ready first: where that fails, the run in slot 0 is untouched.
    expect(engine.calls).toEqual(["configure 1", "configure 0", "first step 0", "first step 1"]);
    expect(engine.steps[0]).toBe(engine.steps[1]);
    expect([...train.recorder.names().values()]).toEqual(["ReLU", "tanh"]);
  });

  it("changes every option of both but the one they race about", async () => {
    const { train, engine } = setUp();
    train.setRival({ name: "dropout", value: 0 });
    await train.step();
    train.setOption("learningRate", 0.1);
    train.setOption("dropout", 0.3);
    await until(() => engine.options[0]?.dropout === 0.3);
    await until(() => engine.options[1]?.learningRate === 0.1);
    expect(engine.options[1]?.dropout).toBe(0);
  });

  it("ends with the rival among the earlier runs", async () => {
    const { train, engine } = setUp();
    train.setRival({ name: "activation", value: "tanh" });
    for (let i = 0; i < 3; i++) await train.step();
    train.setRival(null);
    expect(train.startsNew).toBe(true);
    await train.step();
    expect(engine.options[1]).toBeNull();
    expect(train.recorder.past.map(({ options }) => options.activation).sort()).toEqual(["relu", "tanh"]);
  });
});

describe("a run whose worker is lost", () => {
  const error = new Interrupted(message("engine.engineInterrupted", { reason: "unreachable" }));
  const interrupted = () => Promise.reject(error);

  it("goes on, and nothing is said by looks that nobody asked for", async () => {
    const { train, engine, run, host } = setUp();
    train.insight.look("filters");
    await train.start();
    await until(() => train.insight.filters !== undefined);
    // The look and the step in flight are cut short; what comes next waits for the fresh worker.
    const filters = vi.spyOn(engine, "filters").mockImplementation(interrupted);
    await train.lookAgain(true);
    filters.mockRestore();
    let restored: Promise<void> | undefined;
    engine.step = async (slot: Slot, n: number) => {
      if (!restored) {
        restored = run.restore(host.resumeRuns, engine.configure.bind(engine));
        throw error;
      }
      await restored;
      return FakeEngine.prototype.step.call(engine, slot, n);
    };
    await until(() => restored !== undefined);
    await restored;
    await until(() => (train.record?.step ?? 0) > 5 && train.insight.filters !== undefined);
    expect(train.phase).toBe("running");
    await train.pause();
    // What was drawn beyond the step that it goes on from is no earlier run.
    expect(train.recorder.past).toEqual([]);
    expect(messages.list).toEqual([]);
  });

  it("keeps what was changed since its last saved step", async () => {
    const { train, engine, run, host } = setUp();
    const stored = { tab: "test", options: DEFAULT_OPTIONS, rival: null, step: 40, savedAt: 1, viewState: null };
    host.latestRun = () => Promise.resolve(stored);
    host.resumeRuns = async ({ options }) => [{ ...(await engine.configure(0, options)), step: 40 }];
    train.saved = stored;
    await train.resume();
    train.setOption("learningRate", 0.003);
    await until(() => engine.options[0]?.learningRate === 0.003);
    await run.restore(host.resumeRuns, engine.configure.bind(engine));
    await until(() => engine.options[0]?.learningRate === 0.003);
    await until(() => train.record?.options.learningRate === 0.003);
    expect(run.options[0]?.learningRate).toBe(0.003);
  });

  it("says nothing of its last validation, which nobody asked for", async () => {
    const { train, engine, lab } = setUp();
    engine.stepsPerEpoch = 2;
    page.options = { ...DEFAULT_OPTIONS, epochs: 1 };
    const validate = vi.spyOn(lab, "validate").mockImplementation(interrupted);
    await train.step();
    await train.step();
    await until(() => validate.mock.calls.length > 0 && !train.validating);
    expect(messages.list).toEqual([]);
  });

  it("is not validated again on fewer images where its end was validated on all", async () => {
    const { train, engine, lab } = setUp();
    engine.stepsPerEpoch = 2;
    page.options = { ...DEFAULT_OPTIONS, epochs: 1 };
    const validate = vi.spyOn(lab, "validate");
    await train.start();
    await until(() => train.phase === "finished");
    expect(train.record?.lastValidation?.images).toBe(100);
    expect(validate).not.toHaveBeenCalled();
  });

  it("leaves the offer of its kept state where it cannot be put back", async () => {
    const { train, run, host } = setUp();
    await train.step();
    host.latestRun = () => Promise.resolve({ tab: "test", options: DEFAULT_OPTIONS, rival: null, step: 40, savedAt: 1, viewState: null });
    const fault = new Error("The images could not be fetched: check the connection.");
    await expect(run.restore(() => Promise.reject(fault), () => Promise.reject(fault))).rejects.toBe(fault);
    await until(() => train.saved?.step === 40);
    expect([train.phase, train.record]).toEqual(["empty", null]);
  });
});
