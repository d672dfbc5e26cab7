/** A worker of the experiments: loads their wasm, and computes one run at a time. */
import * as Comlink from "comlink";
import { simd } from "wasm-feature-detect";
import { InternalError } from "../../errors/internal";
import { messageError, messageOf, type Message } from "../../errors/message";
import { carryMessages } from "../../errors/transfer";
import type { ExperimentEvent, ExperimentWorkerApi } from "../shared/experiments";
import { Queue } from "../shared/queue";
import { Datasets, takeFetchFailure } from "./datasets";
import { loadExperiments, type ExperimentsModule, type WasmExperiments } from "./experiment-wasm";
import { fromRust, fromWasm } from "./rust-error";
import { Gate, runSlices } from "./slices";

/** Least time between two reports of a run in milliseconds. */
const REPORT_MS = 200;
/** How long the speed is measured, in milliseconds. */
const MEASURE_MS = 300;
/** Archives are decoded for this network. */
const NETWORK = "alexnet-32";

const queue = new Queue();
const gate = new Gate();
let module: ExperimentsModule | undefined;
let experiments: WasmExperiments | undefined;
let datasets = new Datasets(self.location.href);
/** The data set that the wasm holds. */
let held = "";

const postEvent = (event: ExperimentEvent) => self.postMessage(event);
const died = (reason: Message | string) => postEvent({ event: "died", reason });
self.addEventListener("error", (event) => died(event.message));
self.addEventListener("unhandledrejection", (event) => died(messageOf(event.reason)));

/** Runs `task` after all earlier ones; what the wasm throws becomes a message. */
function call<T>(task: (module: ExperimentsModule, experiments: WasmExperiments) => T | Promise<T>): Promise<T> {
  return queue.run(async () => {
    if (!module || !experiments) throw messageError("engine.engineNotRunning");
    try {
      return await task(module, experiments);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) died(error.message);
      throw fromWasm(error, takeFetchFailure());
    }
  });
}

/** Gives the wasm a data set. It holds one at a time, so another one replaces it. */
async function openImages(experiments: WasmExperiments, id: string): Promise<void> {
  if (id === "" || id === held) return;
  held = "";
  datasets.close();
  const takes = {
    addShards: experiments.addShards.bind(experiments),
    importData: async (name: string, files: Parameters<WasmExperiments["importData"]>[1]) => experiments.importData(name, files),
  };
  await datasets.open(takes, id, NETWORK);
  held = id;
}

const api: ExperimentWorkerApi = {
  boot: (base) =>
    queue.run(async () => {
      if (typeof WebAssembly === "undefined") throw messageError("engine.wasmMissing");
      if (!(await simd())) throw messageError("engine.simdMissing");
      module = await loadExperiments(({ loaded, total }) => postEvent({ event: "progress", loaded, total }));
      experiments = new module.Experiments();
      datasets = new Datasets(base);
    }),
  registerDataset: async (choice, files) => datasets.registerDataset(choice, files),
  plan: (name, settings, seeds, done) => call((module) => module.Experiments.plan(name, settings, Uint32Array.from(seeds), done)),
  summarise: (name, settings, reports) =>
    call((module) => {
      const outcome = module.Experiments.summarise(name, settings, reports);
      return { ...outcome, verdict: outcome.verdict.map(fromRust) };
    }),
  run: (name, settings, spec, images) =>
    call(async (_, experiments) => {
      await openImages(experiments, images);
      experiments.start(name, settings, spec);
      await runSlices({ advance: () => experiments.advance(), report: () => postEvent({ event: "report", report: experiments.report() }), pauseMs: REPORT_MS }, gate);
      return experiments.report();
    }),
  pause: async () => gate.close(),
  resume: async () => gate.open(),
  speed: () =>
    call(async (module, experiments) => {
      const [spec] = module.Experiments.plan("sixteen", {}, Uint32Array.of(1), []);
      if (!spec) throw new InternalError("The experiment sixteen has no run.");
      let done = 0;
      let share = 1;
      const start = performance.now();
      while (performance.now() - start < MEASURE_MS) {
        if (share >= 1) experiments.start("sixteen", {}, spec);
        const before = share >= 1 ? 0 : share;
        share = await experiments.advance();
        done += share - before;
      }
      return (done * spec.seconds) / ((performance.now() - start) / 1000);
    }),
};

carryMessages();
Comlink.expose(api);
