/**
 * What views use of the experiments. Import from here.
 *
 * ```ts
 * const run = experimentRun({ name: "sixteen", settings: {}, seeds: [1, 2], images: "" });
 * await run.start();
 * run.outcome?.value;
 * ```
 */
export { experimentRun, importedImages, loadingExperiments, runningExperiment } from "./runs.svelte";
export { jobKey, type Job } from "./pool";
export type { ExperimentRun, Phase } from "./run.svelte";
