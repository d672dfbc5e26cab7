import type { Engine, Slot } from "../../engine/shared/protocol";
import type { LabApi } from "../../engine/page/api";
import { TrainingRun, type RunHost } from "../../engine/page/run";
import type { RunInfo, RunOptions, StepMetrics } from "../../generated/protocol";

/** For tests: an engine without tensors behind the lab's real loop. Its loss halves every hundred steps. */
export class FakeEngine {
  readonly options: [RunOptions | null, RunOptions | null] = [null, null];
  readonly steps: [number, number] = [0, 0];
  /** Names of the calls that matter to a test, in their order. */
  readonly calls: string[] = [];
  /** From this step on the loss is not a number. */
  explodesAt = Number.POSITIVE_INFINITY;
  stepsPerEpoch = 1000;

  /** A task of its own, as an answer from the worker is. */
  private answer<T>(value: T): Promise<T> {
    return new Promise((done) => setImmediate(() => done(value)));
  }

  configure(slot: Slot, options: RunOptions): Promise<RunInfo> {
    this.calls.push(`configure ${slot}`);
    this.options[slot] = options;
    this.steps[slot] = 0;
    return this.answer({
      step: 0, parameters: 10, trainImages: 32_000, valImages: 100, stepsPerEpoch: this.stepsPerEpoch,
      labels: ["bag", "boot"], inputSize: 32, fc6Units: 4, fc7Units: 2,
    });
  }

  setOptions(slot: Slot, options: RunOptions): Promise<void> {
    this.calls.push(`options ${slot}`);
    this.options[slot] = options;
    return this.answer(undefined);
  }

  step(slot: Slot, n: number): Promise<StepMetrics> {
    const step = (this.steps[slot] += n);
    if (step === n) this.calls.push(`first step ${slot}`);
    const { learningRate = 0, batchSize = 0 } = this.options[slot] ?? {};
    const loss = step >= this.explodesAt ? NaN : 2.3 * 0.5 ** (step / 100);
    return this.answer({ step, epoch: step / this.stepsPerEpoch, loss, trainAccuracy: 0.5, trainTop5: 0.9, learningRate, images: batchSize });
  }

  validate = (_: Slot, images: number) => this.answer({ images: images || 100, loss: 1, top1: 0.5, top5: 1, confusion: [1, 0, 0, 1] });
  filters = () => {
    this.calls.push("filters");
    return this.answer({ count: 1, channels: 1, height: 1, width: 1, values: new Float32Array(1) });
  };
  dropRun = (slot: Slot) => this.answer(void (this.options[slot] = null));
  datasets = () => this.answer([]);
}

/** The lab over a fake engine, as far as the Train view uses it. */
export function fakeLab(engine: FakeEngine): { lab: LabApi; run: TrainingRun; host: RunHost; problems: unknown[] } {
  const problems: unknown[] = [];
  const seam: Engine = Object.assign(Object.create(engine) as Engine, {
    setOptions: async (slot: Slot, options: RunOptions) => {
      await engine.setOptions(slot, options);
      run.changed(slot, options);
    },
  });
  const host: RunHost = {
    tab: "test",
    saveRuns: () => Promise.resolve(),
    resumeRuns: () => Promise.reject(new Error("Nothing is saved in this test.")),
    latestRun: () => Promise.resolve(null),
    deleteRun: () => Promise.resolve(),
    problem: (error) => problems.push(error),
  };
  const run: TrainingRun = new TrainingRun(seam, host);
  const lab = {
    engine: seam,
    run,
    configure: (options: RunOptions, rival: RunOptions | null) => run.configure(options, rival),
    start: () => run.start(),
    pause: () => run.pause(),
    step: (n: number) => run.step(n),
    reset: () => run.configure(run.options[0] as RunOptions, run.options[1]),
    validate: (images: number) => engine.validate(0, images),
  };
  return { lab: lab as unknown as LabApi, run, host, problems };
}
