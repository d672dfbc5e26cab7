/** The run on the visitor's own pictures: the same loop as in Train, in its own slot, saved once a second. */
import { messageError } from "../../errors/message";
import type { ModelInfo, RunInfo, RunOptions } from "../../generated/protocol";
import { lockProject, type ProjectLock } from "../../projects/lock";
import { getRun } from "../../projects/store";
import type { ProjectRun, Stage } from "../../projects/types";
import type { Engine, StartFrom, WorkerApi } from "../shared/protocol";
import type { FineTuneRun } from "./types";
import type { RunRecovery } from "./restart";
import type { Client } from "./client";
import { TrainingRun, type SavePolicy, type RunHost } from "./run";
import type { Remote } from "comlink";

const SLOT = 2;
/** At most one second of training is lost: this time, one call to the worker (0.12 to 0.25 s), and twice the time of a save (0.1 s). */
export const SAVE_POLICY: SavePolicy = { save: { every: 500, times: 3 }, careful: true, patient: true };

/** What the loop needs to know about the run. */
type Facts = Pick<ProjectRun, "project" | "stage" | "network" | "preprocess"> & { from: StartFrom };

export interface RecoverableFineTuneRun extends FineTuneRun {
  /** As of {@link TrainingRun}. */
  readonly unsaved: boolean;
  saveSoon(): void;
  /** Gives the run to a fresh worker. */
  readonly recovery: RunRecovery | null;
  release(remote: Remote<WorkerApi>): Promise<void>;
}

export function createFineTuneRun(engine: Engine, client: Client, problem: (error: unknown) => void): RecoverableFineTuneRun {
  let facts: Facts | null = null;
  const configure = async (remote: Pick<Engine, "configureFrom">, options: RunOptions): Promise<RunInfo> => {
    if (!facts) throw messageError("engine.noProject");
    const { start, ...info } = await remote.configureFrom(SLOT, facts.project, options, facts.from);
    const { network, preprocess }: ModelInfo = start;
    facts = { ...facts, network, preprocess };
    return info;
  };
  // The loop uses slots 0 and 1. Its slot 0 is slot 2 of the engine, and there is no rival.
  const own = {
    configure: (_: number, options: RunOptions) => configure(engine, options),
    step: (_: number, n: number) => engine.step(SLOT, n),
    validate: (_: number, limit: number) => engine.validate(SLOT, limit),
    dropRun: () => engine.dropRun(SLOT),
  } as Partial<Engine> as Engine;
  const host: RunHost = {
    tab: "",
    saveRuns: async ({ options, step, savedAt, viewState }) => {
      if (!facts) return;
      const { project, stage, network, preprocess } = facts;
      await client.call((remote) => remote.saveProjectRun({ project, options, stage, step, savedAt, network, preprocess, resumable: true, viewState }));
    },
    resumeRuns: async () => [await client.call((remote) => remote.resumeProject(facts?.project ?? ""))],
    latestRun: async () => {
      const found = facts && (await getRun(facts.project));
      return found ? { tab: found.project, options: found.options, rival: null, step: found.step, savedAt: found.savedAt, viewState: found.viewState } : null;
    },
    deleteRun: async () => undefined,
    problem,
  };
  const run = new TrainingRun(own, host, SAVE_POLICY);
  // Validates at the end of epochs only, on all validation pictures: there are a few hundred at most.
  run.validateEvery = Number.POSITIVE_INFINITY;

  /** The lock of the project that this tab trains. */
  let hold: ProjectLock | null = null;

  /** Runs `work` on a project; where it fails, the run before stays. */
  async function on<T>(next: Facts, work: () => Promise<T>): Promise<T> {
    const before = facts;
    const held = hold?.project === next.project ? hold : await lockProject(next.project);
    try {
      await run.pause();
      facts = next;
      const done = await work();
      if (hold !== held) hold?.release();
      hold = held;
      return done;
    } catch (error) {
      facts = before;
      if (hold !== held) held.release();
      throw error;
    }
  }

  const more = {
    begin(project: string, stage: Stage, options: RunOptions, from: StartFrom): Promise<RunInfo> {
      const preprocess = { resize: 0, crop: 0, mean: [0, 0, 0], std: [1, 1, 1] } satisfies ProjectRun["preprocess"];
      return on({ project, stage, network: options.network, preprocess, from }, () => run.configure(options, null));
    },
    async open(project: string): Promise<ProjectRun> {
      const found = await getRun(project);
      if (!found) throw messageError("engine.projectRunGone");
      const { stage, network, preprocess } = found;
      await on({ project, stage, network, preprocess, from: { kind: "project", project } }, () => run.resume());
      return found;
    },
    async close(): Promise<void> {
      await run.drop();
      facts = null;
      hold?.release();
      hold = null;
    },
    release: (remote: Remote<WorkerApi>) =>
      run.restore(
        async () => [await remote.resumeProject(facts?.project ?? "")],
        (_, options) => configure(remote as unknown as Engine, options),
      ),
  };
  return Object.defineProperty(Object.assign(run, more), "project", { get: () => facts?.project ?? null }) as unknown as RecoverableFineTuneRun;
}
