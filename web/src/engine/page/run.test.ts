import { beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_OPTIONS, type RunInfo, type RunOptions, type StepMetrics } from "../../generated/protocol";
import type { StoredRun, Engine, Slot } from "../shared/protocol";
import type { RunEvents } from "./types";
import { Interrupted } from "./client";
import { message, messageError } from "../../errors/message";
import { TrainingRun, type RunHost } from "./run";
import { SAVE_POLICY } from "./fine-tune";

const info: RunInfo = { step: 0, parameters: 1, trainImages: 100, valImages: 10, stepsPerEpoch: 10, labels: [], inputSize: 32, fc6Units: 4, fc7Units: 4 };

/** An engine that counts: ten steps an epoch. */
class Counting {
  steps = [0, 0];
  calls: string[] = [];
  /** Throws once where it is set. */
  fault: Error | null = null;
  loss = 1;
  configure = async (slot: Slot, { seed }: RunOptions) => {
    if (this.fault) throw this.fault;
    this.calls.push(`configure ${slot} ${seed}`);
    this.steps[slot] = 0;
    return info;
  };
  /** As the client's calls do, steps wait for the worker that follows a lost one. */
  up: Promise<unknown> = Promise.resolve();
  /** At the next step the worker is lost and this is what its successor begins with. */
  successor: (() => Promise<void>) | null = null;
  /** How many steps each call asked for. */
  asked: number[] = [];
  step = async (slot: Slot, n: number): Promise<StepMetrics> => {
    await this.up;
    this.asked.push(n);
    // As a message from a worker does, this lets others have their turn.
    await new Promise((done) => setTimeout(done));
    const { fault, successor } = this;
    if (successor) {
      [this.successor, this.calls, this.asked] = [null, [], []];
      this.up = new Promise((done) => setTimeout(done)).then(successor).catch(host.problem);
      throw new Interrupted(message("engine.engineRestarted"));
    }
    this.fault = null;
    if (fault) throw fault;
    const step = (this.steps[slot] = (this.steps[slot] ?? 0) + n);
    this.calls.push(`step ${slot}`);
    return { step, epoch: step / 10, loss: this.loss, trainAccuracy: 0, trainTop5: 0, learningRate: 0.1, images: 10 };
  };
  /** Validations on all images, which only the end of an epoch asks for. */
  whole = 0;
  validate = async (slot: Slot, images: number) => {
    this.calls.push(`validate ${slot}`);
    if (images === 0) this.whole++;
    return { images: 10, loss: 1, top1: 0.5, top5: 1, confusion: [] };
  };
  dropRun = async (slot: Slot) => void this.calls.push(`drop ${slot}`);
}

let engine: Counting;
let run: TrainingRun;
let host: RunHost;
const options = { ...DEFAULT_OPTIONS, epochs: 3 };
const phase = (wanted: string) => vi.waitFor(() => expect(run.phase).toBe(wanted));

beforeEach(() => {
  engine = new Counting();
  let stored: StoredRun | null = null;
  host = {
    tab: "tab",
    saveRuns: vi.fn(async (run: StoredRun) => void (stored = run)),
    resumeRuns: vi.fn(async () => [{ ...info, step: stored?.step ?? 0 }]),
    latestRun: vi.fn(async () => stored),
    deleteRun: vi.fn(async () => void (stored = null)),
    problem: vi.fn(),
  };
  run = new TrainingRun(engine as unknown as Engine, host);
});

describe("a run", () => {
  it("trains to the end of its planned epochs and validates there", async () => {
    await run.configure(options, null);
    await run.start();
    await phase("finished");
    expect(engine.steps[0]).toBeGreaterThanOrEqual(30);
    expect(engine.calls.at(-1)).toBe("validate 0");
    expect(engine.whole).toBeGreaterThanOrEqual(2);
    await expect(run.start()).rejects.toThrow("The planned epochs are done");
  });

  it("on one's own pictures never has more than a second of training that is not safe", async () => {
    vi.useFakeTimers();
    try {
      const takes = <T>(milliseconds: number, value: T) => new Promise<T>((done) => setTimeout(() => done(value), milliseconds));
      let judging = 0;
      const { step, validate } = engine;
      // About what the page takes for sixty photos of each of ten things on a busy machine.
      engine.step = async (slot, n) => takes(150, await step(slot, n));
      engine.validate = async (slot, images) => {
        judging += 650;
        return takes(650, await validate(slot, images));
      };
      /** When each stored state was current, and when it was safe, in time that was not spent on judging. */
      const stored: { current: number; safe: number }[] = [];
      const clock = () => performance.now() - judging;
      host.saveRuns = async () => {
        const current = clock();
        await takes(160, null);
        stored.push({ current, safe: clock() });
      };
      run = new TrainingRun(engine as unknown as Engine, host, SAVE_POLICY);
      await run.configure({ ...options, epochs: 20 }, null);
      await run.start();
      while (run.phase !== "finished") await vi.advanceTimersByTimeAsync(1000);
      expect(engine.whole).toBeGreaterThan(4);
      expect(stored.length).toBeGreaterThan(10);
      const lost = stored.slice(1).map(({ safe }, i) => safe - (stored[i]?.current ?? 0));
      expect(Math.max(...lost)).toBeLessThanOrEqual(1000);
    } finally {
      vi.useRealTimers();
    }
  });

  it("of two batch sizes trains, validates and saves each to its own end and no further", async () => {
    // The rival has forty steps an epoch, the run ten.
    const { configure, step, validate } = engine;
    engine.configure = async (slot, wanted) => ({ ...(await configure(slot, wanted)), stepsPerEpoch: slot === 1 ? 40 : 10 });
    engine.step = async (slot, n) => {
      const metrics = await step(slot, n);
      return slot === 1 ? { ...metrics, epoch: metrics.step / 40 } : metrics;
    };
    const whole: [Slot, number | undefined][] = [];
    engine.validate = async (slot, images) => {
      if (images === 0) whole.push([slot, engine.steps[slot]]);
      return validate(slot, images);
    };
    const saved: (number | undefined)[][] = [];
    host.saveRuns = async () => void saved.push([...engine.steps]);
    await run.configure(options, { ...options, batchSize: 8 });
    await run.start();
    await phase("finished");
    expect(engine.steps).toEqual([30, 120]);
    expect(whole).toContainEqual([0, 30]);
    expect(whole).toContainEqual([1, 120]);
    expect(whole.filter(([slot]) => slot === 0)).toHaveLength(new Set(whole.filter(([slot]) => slot === 0).map(([, step]) => step)).size);
    expect(saved.at(-1)).toEqual([30, 120]);
    expect(run.unsaved).toBe(false);
  });

  it("keeps a validation on all images where a smaller one at the same step comes later", async () => {
    await run.configure(options, null);
    await run.step(1);
    const seen: number[] = [];
    run.on("validation", ({ result }) => seen.push(result.images));
    const result = { images: 10_000, loss: 1, top1: 0.5, top5: 1, confusion: [] };
    run.validated(0, { ...result, images: 256 });
    run.validated(0, result);
    run.validated(0, { ...result, images: 2000 });
    expect(seen).toEqual([256, 10_000]);
    expect(run.lastValidation[0]?.images).toBe(10_000);
    await run.step(1);
    run.validated(0, { ...result, images: 256 });
    expect(run.lastValidation[0]?.images).toBe(256);
  });

  it("steps exactly as often as it is asked", async () => {
    await run.configure(options, null);
    expect((await run.step(7)).step).toBe(7);
    expect((await run.step(1)).step).toBe(8);
    expect(run.phase).toBe("paused");
    await expect(run.step(0.5)).rejects.toThrow("Cannot train 0.5 steps: use a whole number from 1.");
  });

  it("pauses between two steps, and a step after that goes on", async () => {
    await run.configure({ ...options, epochs: 10_000 }, null);
    await run.start();
    await vi.waitFor(() => expect(engine.steps[0]).toBeGreaterThan(3));
    await run.pause();
    const paused = engine.steps[0];
    expect(run.phase).toBe("paused");
    expect((await run.step(1)).step).toBe((paused ?? 0) + 1);
  });

  it("has one loop, also where it is started before it has paused", async () => {
    await run.configure({ ...options, epochs: 10_000 }, null);
    await run.start();
    await vi.waitFor(() => expect(engine.steps[0]).toBeGreaterThan(3));
    const paused = run.pause();
    await run.start();
    // Each loop would stop with its own message.
    engine.step = () => Promise.reject(new Error("Out of memory: choose a smaller batch."));
    await Promise.all([paused, phase("paused")]);
    await run.pause();
    expect(host.problem).toHaveBeenCalledOnce();
  });

  it("keeps the run where a rival cannot be made", async () => {
    await run.configure(options, null);
    await run.step(3);
    const configure = engine.configure;
    engine.configure = async (slot, wanted) => {
      if (slot === 1) throw new Error("Width is out of its range.");
      return configure(slot, wanted);
    };
    await expect(run.configure({ ...options, seed: 5 }, { ...options, width: 99 })).rejects.toThrow("Width is out of its range.");
    expect([run.phase, run.options[0]?.seed, run.last[0]?.step, run.infos[1]]).toEqual(["paused", options.seed, 3, null]);
    expect((await run.step(1)).step, "the engine's run was not replaced").toBe(4);
  });

  it("alternates with a rival", async () => {
    await run.configure(options, { ...options, dropout: 0 });
    engine.calls = [];
    await run.step(2);
    expect(engine.calls.slice(0, 2)).toEqual(["step 0", "step 1"]);
    expect(engine.steps).toEqual([2, 2]);
    await run.configure(options, null);
    expect(engine.calls.at(-1)).toBe("drop 1");
    expect(run.infos).toEqual([info, null]);
  });

  it("keeps the old run where a new one cannot be configured", async () => {
    await run.configure(options, null);
    await run.step(2);
    engine.fault = new Error("There is no data set “x” here.");
    await expect(run.configure({ ...options, dataset: "x" }, null)).rejects.toThrow("There is no data set");
    engine.fault = null;
    expect(run.options[0]).toEqual(options);
    expect((await run.step(1)).step).toBe(3);
  });

  it("stops with a sentence when the loss is no number, and does not save that state", async () => {
    await run.configure(options, null);
    engine.loss = Number.NaN;
    await run.start();
    await phase("paused");
    expect(host.problem).toHaveBeenCalledWith(messageError("engine.lossNotFinite"));
    expect(host.saveRuns).not.toHaveBeenCalled();
  });

  it("goes on by itself after the worker was replaced", async () => {
    await run.configure(options, null);
    engine.fault = new Interrupted(message("engine.engineRestarted"));
    await run.start();
    await phase("finished");
    expect(host.problem).not.toHaveBeenCalled();
  });

  it("stops with the engine's sentence on any other fault", async () => {
    await run.configure(options, null);
    engine.fault = new Error("Out of memory: choose a smaller batch.");
    await run.start();
    await phase("paused");
    expect(host.problem).toHaveBeenCalledWith(new Error("Out of memory: choose a smaller batch."));
  });
});

describe("a saved run", () => {
  const saved: StoredRun = { tab: "tab", options: { ...options, seed: 9 }, rival: null, step: 42, savedAt: 1, viewState: { curve: [1, 2] } };

  it("is put back, paused, with its curves", async () => {
    await host.saveRuns(saved, [0]);
    const seen: RunEvents["configured"][] = [];
    run.on("configured", (event) => seen.push(event));
    expect((await run.saved())?.step).toBe(42);
    await run.resume();
    expect(run.phase).toBe("paused");
    expect(seen).toEqual([{ slot: 0, options: saved.options, info: { ...info, step: 42 }, resumed: true, viewState: saved.viewState }]);
  });

  const storedStep = () => vi.mocked(host.saveRuns).mock.lastCall?.[0].step;

  it("is there when the run is paused, is finished or has made a step", async () => {
    await run.configure({ ...options, epochs: 10_000 }, null);
    expect(run.unsaved).toBe(false);
    await run.step(1);
    await vi.waitFor(() => expect(storedStep()).toBe(1));
    await run.start();
    await vi.waitFor(() => expect(engine.steps[0]).toBeGreaterThan(3));
    expect(run.unsaved).toBe(true);
    await run.pause();
    expect(storedStep()).toBe(engine.steps[0]);
    expect(run.unsaved).toBe(false);
    await run.configure(options, null);
    await run.start();
    await phase("finished");
    expect(storedStep()).toBe(30);
  });

  it("is written at once when the page is about to go, in training and at rest", async () => {
    await run.configure({ ...options, epochs: 10_000 }, null);
    await run.start();
    await vi.waitFor(() => expect(engine.steps[0]).toBeGreaterThan(3));
    expect(host.saveRuns).not.toHaveBeenCalled();
    run.saveSoon();
    await vi.waitFor(() => expect(host.saveRuns).toHaveBeenCalledOnce());
    vi.mocked(host.saveRuns).mockRejectedValueOnce(new Error("The disk is full."));
    await run.pause();
    expect(run.unsaved).toBe(true);
  });

  it("leaves the page without a run where it is gone", async () => {
    await expect(run.resume()).rejects.toThrow("There is no saved run in this browser: start a new one.");
    expect(run.phase).toBe("empty");
  });

  it("is not what a replaced worker gets when it is of another run", async () => {
    await host.saveRuns(saved, [0]);
    await run.configure(options, null);
    engine.calls = [];
    await run.restore(host.resumeRuns, engine.configure);
    expect(host.resumeRuns).not.toHaveBeenCalled();
    expect(engine.calls).toEqual([`configure 0 ${options.seed}`]);
  });
});

describe("a run whose worker is lost", () => {
  const long = { ...options, epochs: 10_000 };
  const phases: string[] = [];
  const configured: RunEvents["configured"][] = [];
  let now = 0;

  beforeEach(() => {
    [phases.length, configured.length, now] = [0, 0, 0];
    vi.spyOn(performance, "now").mockImplementation(() => now);
    run.on("phase", ({ phase }) => phases.push(phase));
    run.on("configured", (event) => configured.push(event));
    return () => vi.restoreAllMocks();
  });

  const steps = (least: number) => vi.waitFor(() => expect(engine.steps[0]).toBeGreaterThanOrEqual(least));
  /** Trains until a state is stored; the step that it was. */
  async function untilSaved(): Promise<number> {
    now += 6_000;
    await vi.waitFor(() => expect(host.saveRuns).toHaveBeenCalled());
    return vi.mocked(host.saveRuns).mock.lastCall?.[0].step ?? Number.NaN;
  }
  /** Loses the worker in the middle of a step and waits until the run has been given to the next one. */
  async function lose(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      engine.successor = () => run.restore(host.resumeRuns, engine.configure).finally(resolve);
    });
    await over;
  }

  it("goes on by itself from the same initial weights where no step was stored", async () => {
    await run.configure(long, null);
    await run.start();
    await steps(50);
    phases.length = 0;
    await lose();
    await steps(5);
    await run.pause();
    expect(engine.calls.slice(0, 2)).toEqual([`configure 0 ${options.seed}`, "step 0"]);
    expect(phases).toEqual(["preparing", "running", "paused"]);
    expect(configured.at(-1)).toMatchObject({ slot: 0, options: long, resumed: true, info: { step: 0 } });
    expect(host.problem).not.toHaveBeenCalled();
  });

  it("goes on from its last stored step, rival and all", async () => {
    vi.mocked(host.resumeRuns).mockImplementation(async ({ step }) => {
      engine.steps = [step, step];
      return [{ ...info, step }, { ...info, step }];
    });
    await run.configure(long, { ...long, dropout: 0 });
    await run.start();
    const stored = await untilSaved();
    expect(run.recovery).toEqual({ running: true, savedStep: stored });
    phases.length = 0;
    await lose();
    await steps(stored + 5);
    await run.pause();
    expect(engine.calls.slice(0, 2)).toEqual(["step 0", "step 1"]);
    expect(phases).toEqual(["preparing", "running", "paused"]);
    expect(configured.slice(-2)).toMatchObject([{ slot: 0, resumed: true, info: { step: stored } }, { slot: 1, resumed: true, info: { step: stored } }]);
    expect(host.problem).not.toHaveBeenCalled();
  });

  it("asks the new worker, which may be far slower, for a single step first", async () => {
    await run.configure(long, null);
    await run.start();
    await vi.waitFor(() => expect(engine.asked.at(-1)).toBe(16));
    await lose();
    await steps(5);
    await run.pause();
    expect(engine.asked[0]).toBe(1);
  });

  it("never takes what an earlier run stored", async () => {
    await run.configure(long, null);
    await run.start();
    await untilSaved();
    // Reset: the same options, seed and all.
    await run.configure(long, null);
    expect(run.recovery).toEqual({ running: false, savedStep: null });
    await run.start();
    await lose();
    await run.pause();
    expect(host.resumeRuns).not.toHaveBeenCalled();
    expect(engine.calls[0]).toBe(`configure 0 ${options.seed}`);
  });

  it("that began with another tab's state goes back to that", async () => {
    const other: StoredRun = { tab: "another", options: { ...long, seed: 9 }, rival: null, step: 42, savedAt: 1, viewState: null };
    await host.saveRuns(other, [0]);
    await run.resume();
    vi.mocked(host.resumeRuns).mockClear();
    await run.start();
    await lose();
    await run.pause();
    expect(host.resumeRuns).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ tab: "another", step: 42 }));
  });

  it("is over, with one sentence, where it cannot be put back", async () => {
    await run.configure(long, null);
    await run.start();
    await untilSaved();
    vi.mocked(host.resumeRuns).mockRejectedValue(new Error("The images could not be fetched: check the connection."));
    engine.step = vi.fn(engine.step);
    await lose();
    engine.fault = new Error("There is no run yet: configure one first.");
    await run.pause();
    expect(run.phase).toBe("empty");
    expect(run.infos).toEqual([null, null]);
    expect(vi.mocked(host.problem).mock.calls).toEqual([[new Error("The images could not be fetched: check the connection.")]]);
    expect((await run.saved())?.step).toBeGreaterThan(0);
  });

  it("is restored a second time where the next worker is lost as well", async () => {
    await run.configure(long, null);
    await run.start();
    const stored = await untilSaved();
    // The first successor dies before it answers: its restoring never ends.
    engine.successor = async () => {
      void run.restore(() => new Promise(() => undefined), engine.configure);
      await vi.waitFor(() => expect(run.phase).toBe("preparing"));
      await run.restore(host.resumeRuns, engine.configure);
    };
    await vi.waitFor(() => expect(host.resumeRuns).toHaveBeenCalled());
    await steps(stored + 5);
    expect(run.phase).toBe("running");
    await run.pause();
    expect(run.phase).toBe("paused");
  });

  it("is no longer finished where the last stored step lies before the end", async () => {
    // The disk is full after the first save.
    const saves = vi.mocked(host.saveRuns);
    const stores = saves.getMockImplementation();
    if (stores) saves.mockRejectedValue(new Error("Full.")).mockImplementationOnce(stores);
    await run.configure({ ...options, epochs: 20 }, null);
    await run.start();
    await untilSaved();
    await phase("finished");
    const stored = vi.mocked(host.saveRuns).mock.calls[0]?.[0].step;
    await run.restore(host.resumeRuns, engine.configure);
    expect([run.phase, run.infos[0]?.step]).toEqual(["paused", stored]);
    engine.steps[0] = 200;
    await run.step(1);
    await run.restore(async () => [{ ...info, step: 200 }], engine.configure);
    expect(run.phase).toBe("finished");
  });
});
