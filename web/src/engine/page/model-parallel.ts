/** Model parallelism: the two groups of a network in two workers, as on the two GPUs of 2012, and the same run in one worker to compare with. */
import * as Comlink from "comlink";
import { InternalError } from "../../errors/internal";
import { message, messageError, type Message } from "../../errors/message";
import type { RunInfo, RunOptions, StepMetrics } from "../../generated/protocol";
import type { DatasetChoice, Traffic } from "../shared/protocol";
import type { Connection } from "./client";

/** The result of a step. */
export interface ModelParallelStep {
  metrics: StepMetrics;
  /** What each group has sent so far, by layer; the same in both. */
  traffic: Traffic[];
  /** How long the step took in two workers. */
  milliseconds: number;
}

/** A run in two workers. */
export interface ModelParallelRun {
  readonly info: RunInfo;
  /** The next step, both workers at once. */
  step(): Promise<ModelParallelStep>;
  /** Brings the single worker to the same step. `same`: its weights are equal to the last bit. `milliseconds`: its time for a step. */
  compare(): Promise<{ same: boolean; digests: string[]; milliseconds: number; loss: number | null }>;
  /** Ends all workers. */
  end(): void;
}

type ImportedDataset = { choice: DatasetChoice; files: File[] } | undefined;

const TOWERS = [0, 1] as const;

/** Starts two workers with a group each and a third with the whole network, all on the CPU, where bits can be compared. */
export async function startModelParallel(connect: () => Connection, options: RunOptions, base: string, imported: ImportedDataset): Promise<ModelParallelRun> {
  const connections = [connect(), connect(), connect()] as const;
  const [left, right, whole] = connections;
  let end: (reason: Message | string) => void = () => undefined;
  /** Rejects when a worker has ended: the other one would wait for it forever. */
  const ended = new Promise<never>((_, reject) => {
    end = (reason) => {
      for (const connection of connections) connection.end();
      reject(messageError("engine.groupsStopped", { reason: typeof reason === "string" ? reason.replace(/\.$/, "") : reason }));
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
        if (!mine) throw new InternalError("A worker returned no step.");
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
      end: () => end(message("engine.groupsEnded")),
    };
  } catch (error) {
    end(message("engine.groupsNotStarted"));
    throw error;
  }
}
