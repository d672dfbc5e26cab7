/** The lab: one object for the page, the console and scripts (`window.lab`). */
import type { RunOptions } from "../../generated/protocol";
import { InternalError } from "../../errors/internal";
import { message, messageOf, textOf } from "../../errors/message";
import { engineState } from "../../state/engine.svelte";
import { ensembleState } from "../../state/ensemble.svelte";
import { showMessage, showError } from "../../state/messages.svelte";
import { projectProgress } from "../../state/project-progress.svelte";
import { modelState } from "../../state/model.svelte";
import { urlOptions, page } from "../../state/page.svelte";
import { withOptions } from "../../state/url";
import { guardWork, holdsWork } from "../../state/unsaved-work";
import type { Engine } from "../shared/protocol";
import type { LabApi, LabInfo } from "./types";
import { restartMessage } from "./restart";
import { Client, connectWorker } from "./client";
import { Models } from "./models";
import { TrainingRun } from "./run";
import { claimTabName } from "./tab";
import { startModelParallel } from "./model-parallel";
import { hasGpuBuild, waitForGpuBuild } from "./gpu-build";
import { importedDatasets } from "./imported";
import { createFineTuneRun, type RecoverableFineTuneRun } from "./fine-tune";

const base = () => new URL(".", location.href).href;

const client: Client = new Client(connectWorker, () => page.backend, base, {
  starting: (restart) => Object.assign(engineState, { status: restart ? "restarting" : "starting", progress: null }),
  ready: (info, unexpected) => {
    Object.assign(engineState, { status: "ready", info, progress: null, problem: "" });
    if (unexpected) showMessage(info.reason);
  },
  progress: ({ what, loaded, total, secondsLeft }) => {
    if (what === "engine") engineState.progress = { loaded, total };
    else if (what === "pictures") projectProgress.progress = total === undefined || loaded >= total ? null : { done: loaded, total };
    else if (what === "model") modelState.progress = { loaded, total, secondsLeft };
    else ensembleState.progress = { loaded, total };
  },
  replaced: (reason, from) => void showMessage(restartMessage(reason, from.backend, run.recovery ?? fineTune.recovery), "error"),
  failed: (error) => {
    Object.assign(engineState, { status: "failed", progress: null, problem: messageOf(error) });
    showError(error, { label: message("engine.tryAgain"), run: () => void lab.retry().catch(() => undefined) });
  },
  restore: async (remote) => {
    for (const { choice, files } of importedDatasets.values()) await remote.registerDataset(choice, files);
    await models.restore(remote).catch(showError);
    await run.restore((saved) => remote.resumeRuns(saved), (slot, options) => remote.configure(slot, options)).catch(showError);
    await fineTune.release(remote).catch(showError);
  },
});

const models = new Models(client, base, page);

// Only where the browser knows WebGPU, and nobody asked for the CPU.
if (globalThis.navigator && "gpu" in navigator && page.backend !== "cpu" && !hasGpuBuild()) {
  void waitForGpuBuild(base()).then((ready) => {
    if (ready) showMessage(message("engine.gpuBuildReady"), "info", { label: message("engine.reload"), run: () => location.reload() });
    else showMessage(message("engine.gpuBuildFailed"), "error");
  });
}

/** Methods of the worker whose outcome the page has to know. */
const own: Partial<Engine> = {
  info: () => client.start(),
  importModel: (bytes) => models.import(new Blob([bytes as Uint8Array<ArrayBuffer>]), message("engine.nameImported")),
  useRun: (slot, name) => models.useRun(slot, name),
  setOptions: async (slot, options) => {
    await client.call((remote) => remote.setOptions(slot, options));
    if (slot !== 2) run.changed(slot, options);
  },
  importData: async (name, files, network) => {
    const choice = await client.call((remote) => remote.importData(name, files, network));
    importedDatasets.set(choice.id, { choice, files });
    return choice;
  },
};

const engine = new Proxy(own, {
  get(target, name) {
    // An object with a method `then` would count as a promise.
    if (typeof name !== "string" || name === "then") return undefined;
    const method = target[name as keyof Engine];
    if (method) return method;
    return (...args: unknown[]) => client.call((remote) => (remote as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(...args) ?? Promise.reject(new InternalError(`The engine has no method “${name}”.`)));
  },
}) as Engine;

const run = new TrainingRun(engine, {
  tab: claimTabName(),
  saveRuns: (saved, slots) => client.call((remote) => remote.saveRuns(saved, slots)),
  resumeRuns: (saved) => client.call((remote) => remote.resumeRuns(saved)),
  latestRun: (tab) => client.call((remote) => remote.latestRun(tab)),
  deleteRun: (tab) => client.call((remote) => remote.deleteRun(tab)),
  problem: showError,
});
run.on("configured", ({ slot, options, resumed }) => {
  // The state that a fresh worker gets back is older than what the visitor has chosen since.
  if (!resumed || engineState.status === "restarting") return;
  if (slot === 0) page.options = options;
  page.rival = slot === 1 ? options : null;
});

const fineTune: RecoverableFineTuneRun = createFineTuneRun(engine, client, showError);

if (typeof document !== "undefined") guardWork(window, document, () => document.hidden);
holdsWork({ unsaved: () => run.unsaved, save: () => run.saveSoon() });
// In training it is saved twice a second; what could not be saved at rest would be lost.
holdsWork({ unsaved: () => fineTune.unsaved && fineTune.phase !== "running", save: () => fineTune.saveSoon() });

const blob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
const plain = <T>(value: T): T => $state.snapshot(value) as T;

/** Configures the run from the page's options: where there is no run, and again where nothing was trained yet. */
async function prepare(): Promise<void> {
  const options = plain(page.options);
  const untrained = (run.last[0]?.step ?? run.infos[0]?.step ?? 0) === 0;
  if (run.phase === "empty" || (untrained && JSON.stringify(options) !== JSON.stringify(run.options[0]))) {
    await run.configure(options, plain(page.rival));
  }
}

/** The engine's description with device and reason as text, for scripts. */
async function info(): Promise<LabInfo> {
  const found = await client.start();
  return { ...found, device: textOf(found.device), reason: textOf(found.reason) };
}

export const lab: LabApi = {
  engine,
  run,
  fineTune,
  models,
  info,
  async retry() {
    await client.retry();
    // The model that could not be loaded without an engine.
    if (modelState.status === "failed") await models.ensure();
    return info();
  },
  async classify(photo, { top = 5, views = "one" } = {}) {
    await models.ensure();
    return engine.classify(photo, top, views);
  },
  async configure(options = {}, rival = null) {
    const wanted: RunOptions = withOptions(urlOptions, options);
    const opponent = rival && withOptions(wanted, rival);
    const info = await run.configure(wanted, opponent);
    page.options = { ...wanted };
    page.rival = opponent && { ...opponent };
    return info;
  },
  async step(n = 1) {
    await prepare();
    return run.step(n);
  },
  async validate(images = 1000) {
    await prepare();
    const result = await engine.validate(0, images);
    run.validated(0, result);
    return result;
  },
  async start() {
    await prepare();
    await run.start();
  },
  pause: () => run.pause(),
  reset: () => run.configure(plain(page.options), plain(page.rival)),
  mask: (layer) => engine.mask(0, layer),
  async modelParallel(options = {}) {
    const wanted = withOptions(urlOptions, { network: "alexnet-2012-32", ...options });
    return startModelParallel(connectWorker, wanted, base(), importedDatasets.get(wanted.dataset));
  },
  async exportModel(format) {
    await models.ensure();
    return blob(await engine.exportModel(format));
  },
  importModel: (file) => models.import(file, file instanceof File ? file.name : message("engine.nameImported")),
  bench: {
    prepare: (kind, batch) => engine.benchPrepare(kind, batch),
    infer: (batch) => engine.benchInfer(batch),
    trainStep: (batch) => engine.benchTrainStep(batch),
    info,
    memory: async () => ({ wasmBytes: await engine.memory() }),
    model: async (format) => blob(await engine.benchModel(format)),
    sample: () => engine.benchSample(),
    parity: (batch, network) => engine.parity(batch, network),
  },
};
