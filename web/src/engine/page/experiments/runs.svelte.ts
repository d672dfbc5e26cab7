/** The experiments of this visit. One runs at a time; results stay until others take their place. */
import { EXPERIMENTS } from "../../../generated/experiments";
import { importedDatasets } from "../imported";
import { jobKey, Pool, type Job } from "./pool";
import { ExperimentRun } from "./run.svelte";
import { connectExperimentWorker } from "./worker";

/** Results of this visit that are kept: their pictures take memory. */
const MOST_KEPT = 8;

/** Progress of loading the wasm, null when nothing is loading. */
export const loadingExperiments: { progress: { loaded: number; total: number | undefined } | null } = $state({ progress: null });

const pool = new Pool({
  connect: connectExperimentWorker,
  base: () => new URL(".", location.href).href,
  imported: (id) => importedDatasets.get(id),
  progress: (loaded, total) => (loadingExperiments.progress = total !== undefined && loaded >= total ? null : { loaded, total }),
});

const runs = new Map<string, ExperimentRun>();

/** The run that was started last. */
const active: { run: ExperimentRun | null } = $state({ run: null });

/** The run of a job: the one of this visit, or a new one. */
export function experimentRun(job: Job): ExperimentRun {
  const key = jobKey(job);
  const before = runs.get(key);
  if (before) {
    // The one that was looked at last is dropped last.
    runs.delete(key);
    runs.set(key, before);
    return before;
  }
  for (const [old, run] of runs) {
    if (runs.size < MOST_KEPT) break;
    if (!run.busy) runs.delete(old);
  }
  const run = new ExperimentRun(job, EXPERIMENTS.find(({ name }) => name === job.name)?.data ?? "none", pool, { started: (one) => (active.run = one) });
  runs.set(key, run);
  return run;
}

/** The experiment that runs or is paused. */
export const runningExperiment = (): ExperimentRun | undefined => (active.run?.busy ? active.run : undefined);

/** Data sets that the visitor imported in Train. */
export const importedImages = () => [...importedDatasets.values()].map(({ choice }) => choice);
