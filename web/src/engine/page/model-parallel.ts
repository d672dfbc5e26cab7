/** Two towers in two workers, as on the two cards of 2012, and the same run in one worker to hold them against. */
import * as Comlink from "comlink";
import type { RunInfo, RunOptions, StepMetrics } from "../../generated/protocol";
import type { DatasetChoice, Traffic } from "../shared/protocol";
import type { Connection } from "./client";

/** What a step found. */
export interface ModelParallelStep {
  metrics: StepMetrics;
  /** What each tower has sent so far, before which layer; the same in both. */
  traffic: Traffic[];
  /** How long the step took in two workers. */
  milliseconds: number;
}

/** A run in two workers. */
export interface ModelParallelRun {
  readonly info: RunInfo;
  /** The next step, both workers at once. */
  step(): Promise<ModelParallelStep>;
  /** Brings the one worker to the same step: whether its weights are the same to the last bit, and its time for a step. */
  compare(): Promise<{ same: boolean; digests: string[]; milliseconds: number; loss: number | null }>;
  /** Ends all workers. */
  end(): void;
}

type ImportedDataset = { choice: DatasetChoice; files: File[] } | undefined;

const TOWERS = [0, 1] as const;

/** Starts two workers with a tower each and a third with the whole network; all on the CPU, where bits can be compared. */
export async function startModelParallel(connect: () => Connection, options: RunOptions, base: string, imported: ImportedDataset): Promise<ModelParallelRun> {
  const connections = [connect(), connect(), connect()] as const;
  const [left, right, whole] = connections;
  let end: (reason: string) => void = () => undefined;
  /** Rejects when a worker is gone: what another waits for will never come then. */
  const ended = new Promise<never>((_, reject) => {
    end = (reason) => {
      for (const connection of connections) connection.end();
      reject(new Error(`The two towers stopped (${reason.replace(/\.$/, "")}): start them again.`));
    };
  });
  ended.catch(() => undefined);
  for (const connection of connections) {
    connection.listen({ told: (event) => event.event === "died" && end(event.reason), failed: end });
  }
  const whileAll = <T>(work: Promise<T>): Promise<T> => Promise.race([work, ended]);

  try {
    await whileAll(Promise.all(connections.map(async ({ remote }) => {
      await remote.boot("cpu", base);
      if (imported) await remote.registerDataset(imported.choice, imported.files);
    })));
    const { port1, port2 } = new MessageChannel();
    const configured = Promise.all([
      left.remote.configureGroup(0, options, Comlink.transfer(port1, [port1])),
      right.remote.configureGroup(1, options, Comlink.transfer(port2, [port2])),
      whole.remote.configure(0, options),
    ]);
    const [info] = await whileAll(configured);
    let steps = 0;
    let behind = 0;
    return {
      info,
      async step() {
        const before = performance.now();
        const [mine] = await whileAll(Promise.all(TOWERS.map((tower) => connections[tower].remote.stepGroup())));
        steps++;
        if (!mine) throw new Error("A tower gave no answer: start both again.");
        return { ...mine, milliseconds: performance.now() - before };
      },
      async compare() {
        const before = performance.now();
        const count = steps - behind;
        let loss: number | null = null;
        if (count > 0) loss = (await whileAll(whole.remote.step(0, count))).loss;
        const milliseconds = count > 0 ? (performance.now() - before) / count : 0;
        behind = steps;
        const halves = await whileAll(whole.remote.groupDigests(0));
        const digests = await whileAll(Promise.all(TOWERS.map((tower) => connections[tower].remote.groupDigest())));
        return { same: digests.every((digest, tower) => digest === halves[tower]), digests, milliseconds, loss };
      },
      end: () => end("they were ended"),
    };
  } catch (error) {
    end("they did not start");
    throw error;
  }
}
