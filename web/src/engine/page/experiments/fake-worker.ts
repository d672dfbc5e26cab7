/** A worker of the experiments for tests: its runs have one curve and take as many slices as the test wants. */
import type * as Comlink from "comlink";
import { message } from "../../../errors/message";
import type { RunReport, RunSpec } from "../../../generated/protocol";
import type { ExperimentEvent, ExperimentWorkerApi } from "../../shared/experiments";
import type { ExperimentConnection } from "./worker";

export const spec = (arm: string, seed: number, stage: RunSpec["stage"] = "main"): RunSpec => ({ arm, seed, stage, seconds: 2 });

export const report = (of: RunSpec, done = 1): RunReport => ({
  spec: of, done, curves: [{ name: "valError", x: [1, 2], y: [0.5, 0.25] }], values: { valError: of.seed / 10 },
  pictures: [{ type: "bars", name: "removedUnit", values: [1] }],
});

export interface Fake {
  connect(): ExperimentConnection;
  /** Calls so far, in order. */
  calls: string[];
  /** Ends the runs that wait, the last started first. */
  finish(count?: number): void;
  /** What the workers say by themselves. */
  say(event: ExperimentEvent): void;
  /** Workers that live. */
  living: number;
  waiting(): RunSpec[];
}

/** `sweep`: one run of a first stage comes before the arms. */
export function fakeWorkers({ seconds = 1, sweep = false, speed = 4 }: { seconds?: number; sweep?: boolean; speed?: number } = {}): Fake {
  const listeners: ((event: ExperimentEvent) => void)[] = [];
  const runs: { spec: RunSpec; end: (report: RunReport) => void }[] = [];
  const fake: Fake = {
    calls: [], living: 0,
    waiting: () => runs.map((run) => run.spec),
    finish(count = runs.length) {
      for (let i = 0; i < count; i++) {
        const run = runs.pop();
        run?.end(report(run.spec));
      }
    },
    say: (event) => listeners.at(-1)?.(event),
    connect() {
      fake.living++;
      const api: ExperimentWorkerApi = {
        boot: async () => void fake.calls.push("boot"),
        registerDataset: async (choice) => void fake.calls.push(`register ${choice.id}`),
        plan: async (_, __, seeds, done) => {
          fake.calls.push(`plan ${done.length}`);
          if (done.some(({ pictures }) => pictures.length > 0)) throw new Error("pictures");
          const wanted = sweep && !done.some((one) => one.spec.stage === "sweep") ? [spec("a", 1, "sweep")] : ["a", "b"].flatMap((arm) => seeds.map((seed) => ({ ...spec(arm, seed), seconds })));
          return wanted.filter((one) => !done.some((before) => before.spec.arm === one.arm && before.spec.seed === one.seed && before.spec.stage === one.stage));
        },
        summarise: async (_, __, reports) => {
          fake.calls.push(`summarise ${reports.map(({ spec: { arm, seed } }) => `${arm}${seed}`).join(" ")}`);
          return { value: 6, unit: "times", answer: "more", verdict: [message("ui.viewNotLoaded")], values: {}, arms: [] };
        },
        run: (_, __, wanted, images) => {
          fake.calls.push(`run ${wanted.arm}${wanted.seed}${images && ` ${images}`}`);
          return new Promise((end) => runs.push({ spec: wanted, end }));
        },
        pause: async () => void fake.calls.push("pause"),
        resume: async () => void fake.calls.push("resume"),
        speed: async () => speed,
      };
      let ended = false;
      return {
        remote: api as unknown as Comlink.Remote<ExperimentWorkerApi>,
        listen: ({ told }) => void listeners.push(told),
        end: () => {
          if (!ended) fake.living--;
          ended = true;
        },
      };
    },
  };
  return fake;
}
