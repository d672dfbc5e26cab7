/** The worker: owns the wasm module and the device, and serves one call after another. */
import * as Comlink from "comlink";
import { simd } from "wasm-feature-detect";
import { InternalError } from "../../errors/internal";
import { message, messageError, messageOf, MessageError, type Message } from "../../errors/message";
import { carryMessages } from "../../errors/transfer";
import { size } from "../../errors/units";
import { DEFAULT_OPTIONS, type Backend, type ModelInfo } from "../../generated/protocol";
import { deleteRun, storeRun, loadWeights, latestRun } from "./run-store";
import type { EngineInfo, MemberFile, StartFrom, WorkerApi, WorkerEvent } from "../shared/protocol";
import { adapterName, requestAdapter, chooseBackend, isSoftware, modelTooLarge, networkTooLarge, type AdapterFacts, type Gpu } from "./backend";
import { Datasets, takeFetchFailure } from "./datasets";
import { CallTimer } from "./call-timer";
import { ArrayPort } from "./port";
import { waitForDeviceLoss, deviceError, watchDevices } from "./device";
import { MAX_MODEL_BYTES } from "./download";
import { urlFileName } from "../shared/url-file-name";
import { fetchCounted, fetchOk } from "../shared/fetch";
import { deleteModelFiles, deleteModelUrl, getModelFile, stopDownload, storage } from "./model-files";
import { originOf } from "./origin";
import { ProjectDatasets, copyProjectRuns, finishProjectRun, saveProjectRun, loadProjectNetwork, labelMaps, resumeProjectRun } from "./project-data";
import { Queue } from "../shared/queue";
import { fromWasm } from "./rust-error";
import { hasGpuBuild, loadWasm } from "./wasm";
import { WITHOUT_GPU_BUILD } from "./gpu-build";
import type { WasmLab } from "./wasm-api";

/** A call on WebGPU that takes longer than this was lost by the browser. Software adapters are slow, so they get more time. */
const PATIENCE_MS = { gpu: 90_000, software: 900_000 };
/** Larger files are not photos; reading them would only fill the memory. */
const LARGEST_PHOTO = 200e6;

const queue = new Queue();
let lab: WasmLab | undefined;
/** Addresses of the networks that the lab holds beside the model in use. */
const members = new Set<string>();
/** Leads to the worker of the other group, where this worker holds one. */
let groupPort: ArrayPort | undefined;
/** The project whose run is in slot 2. */
let fineTuneProject = "";
const projectDatasets = new ProjectDatasets((loaded, total) => postEvent({ event: "progress", what: "pictures", loaded, total }));
let patience = Number.POSITIVE_INFINITY;
const callTimer = new CallTimer(() => patience, () => reportFailure(message("engine.failureTimeout")));
let datasets = newDatasets(self.location.href);
/** The adapter in use; null on the CPU. */
let gpu: AdapterFacts | null = null;

/** Datasets whose downloads do not count as time of the call that waits for them. */
function newDatasets(base: string): Datasets {
  return new Datasets(base, (work) => callTimer.download(work));
}

const postEvent = (event: WorkerEvent) => self.postMessage(event);
const reportFailure = (reason: Message | string) => postEvent({ event: "died", reason });
// Calls fail before the loss of the device is reported, and the loss is the better reason.
const reportFailureAfterLoss = (reason: Message | string) => void waitForDeviceLoss().then(() => reportFailure(reason));
self.addEventListener("error", (event) => reportFailureAfterLoss(event.message));
self.addEventListener("unhandledrejection", (event) => reportFailureAfterLoss(messageOf(event.reason)));

/** Runs `task` on the wasm object after all earlier tasks, and reports a wasm object that will never answer again. */
function call<T>(task: (lab: WasmLab) => T | Promise<T>): Promise<T> {
  return queue.run(async () => {
    if (!lab) throw messageError("engine.engineNotRunning");
    const wasm = lab;
    try {
      return await callTimer.measure(() => task(wasm));
    } catch (error) {
      // With a lost device this worker is replaced; the call must not fail before that, or the run would end.
      await waitForDeviceLoss();
      if (error instanceof WebAssembly.RuntimeError) reportFailure(error.message);
      throw fromWasm(error, takeFetchFailure());
    }
  });
}

async function boot(wanted: Backend, base: string): Promise<EngineInfo & { unexpected: boolean }> {
  if (typeof WebAssembly === "undefined") throw messageError("engine.wasmMissing");
  if (!(await simd())) throw messageError("engine.simdMissing");
  const adapter = wanted === "cpu" ? "absent" : await requestAdapter((navigator as WorkerNavigator & { gpu?: Gpu }).gpu);
  const choice = wanted === "cpu" || hasGpuBuild() ? chooseBackend(wanted, adapter) : WITHOUT_GPU_BUILD;
  if (choice.backend === "webgpu") watchDevices((reason) => reportFailure(message("engine.failureGpuLost", { reason })));
  const module = await loadWasm(choice.backend, (progress) => postEvent({ event: "progress", what: "engine", ...progress }));
  lab = await module.Lab.create(choice.backend).catch((error: unknown) => {
    // wgpu's own error holds a stack trace; the browser's reason is one sentence.
    const refused = deviceError();
    throw refused === undefined ? fromWasm(error) : new Error(refused, { cause: error });
  });
  datasets = newDatasets(base);
  const { version } = lab.info();
  if (choice.backend === "cpu" || typeof adapter === "string") {
    return { version, device: message("engine.deviceCpu"), ...choice, software: false, features: ["simd128"] };
  }
  gpu = adapter;
  const software = isSoftware(adapter);
  patience = software ? PATIENCE_MS.software : PATIENCE_MS.gpu;
  return { version, device: adapterName(adapter), ...choice, software, features: adapter.features };
}

async function photoBytes(file: Blob): Promise<Uint8Array> {
  if (file.size > LARGEST_PHOTO) throw messageError("engine.photoTooLarge", { size: size(file.size), most: size(LARGEST_PHOTO) });
  const buffer = await file.arrayBuffer().catch(() => {
    throw messageError("engine.fileUnreadable");
  });
  return new Uint8Array(buffer);
}

/** The file that a run starts from; undefined for the model in use. */
async function startFile(start: StartFrom): Promise<Uint8Array | undefined> {
  if (start.kind === "model") return undefined;
  if (start.kind === "project") return loadProjectNetwork(start.project);
  return new Uint8Array(await (await fetchOk(start.url, message("engine.whatStartNetwork"))).arrayBuffer());
}

/** Throws for a network with a tensor above the adapter's limit, which would end the worker on WebGPU. */
function checkSize(network: Parameters<typeof networkTooLarge>[0]): void {
  const problem = gpu && networkTooLarge(network, gpu);
  if (problem) throw new MessageError(problem);
}

/** Downloads the networks that are not here yet, one after another, with one progress for all. */
async function loadMembers(wanted: readonly MemberFile[]): Promise<void> {
  const missing = wanted.filter(({ url }) => !members.has(url));
  const sizes = missing.map(({ bytes }) => bytes);
  const total = sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
  let before = 0;
  for (const { url, bytes } of missing) {
    const response = await fetchCounted(url, message("engine.whatEnsembleMember"), ({ loaded }) => postEvent({ event: "progress", what: "members", loaded: before + loaded, total }), bytes);
    const file = new Uint8Array(await response.arrayBuffer());
    before += file.byteLength;
    await call((lab) => lab.addMember(url, file));
    members.add(url);
  }
}

/** Adds the time that `task` took. */
async function timed<T extends object>(task: () => Promise<T>): Promise<T & { milliseconds: number }> {
  const before = performance.now();
  const result = await task();
  return { ...result, milliseconds: performance.now() - before };
}

const elapsed = async (task: () => Promise<void>) => (await timed(() => task().then(() => ({})))).milliseconds;
const transfer = <T extends object>(value: T, ...arrays: ArrayBufferView[]): T => Comlink.transfer(value, arrays.map(({ buffer }) => buffer as ArrayBuffer));

/** A model that this device cannot hold. */
class TooLarge extends MessageError {}

/** Makes a file the model in use. It is read piece by piece and is never whole in JavaScript's memory. */
async function useFile(file: Blob, origin?: string): Promise<ModelInfo> {
  if (file.size > MAX_MODEL_BYTES) throw messageError("engine.modelTooLarge", { size: size(file.size) });
  const reader = new FileReaderSync();
  const read = (offset: number, length: number) => new Uint8Array(reader.readAsArrayBuffer(file.slice(offset, offset + length)));
  let refused: Message | null = null;
  const accept = (info: ModelInfo) => {
    refused = gpu && modelTooLarge(info, gpu);
    if (refused) throw new MessageError(refused);
  };
  return call((lab) => lab.importFile(file.size, read, accept, origin)).catch((error: unknown) => {
    throw refused ? new TooLarge(refused) : error;
  });
}

const api: WorkerApi = {
  boot,
  loadModel: async (url, bytes) => {
    const response = await fetchCounted(url, message("engine.whatModel"), (progress) => postEvent({ event: "progress", what: "model", ...progress }), bytes);
    return useFile(await response.blob());
  },
  loadModelFromUrl: async (url, { name, sha256, origin }, published) => {
    const wanted = { url, name: name ?? urlFileName(url), sha256 };
    const { file, cached } = await getModelFile(wanted, (progress) => postEvent({ event: "progress", what: "model", ...progress }));
    const info = await useFile(file, origin ?? (await originOf(file, published))).catch(async (error: unknown) => {
      // A file that is not a model is deleted. A model that is too large for this GPU stays: the CPU can use it.
      if (!(error instanceof TooLarge)) await deleteModelUrl(url);
      throw error;
    });
    return { info, cached };
  },
  stopDownload: async () => stopDownload(),
  importFile: async (file, published) => useFile(file, await originOf(file, published)),
  storage,
  deleteModelFiles,
  modelInfo: () => call((lab) => lab.modelInfo()),
  exportModel: async (format) => {
    const bytes = await call((lab) => lab.exportModel(format));
    return transfer(bytes, bytes);
  },
  classify: async (file, top, views) => {
    const bytes = await photoBytes(file);
    const answer = await call((lab) => timed(() => lab.classify(bytes, top, views)));
    return transfer(answer, answer.crop.rgba);
  },
  classifyPixels: async ({ width, height, data }, top) => {
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const answer = await call((lab) => timed(() => lab.classifyPixels(width, height, pixels, top)));
    return transfer(answer, answer.crop.rgba);
  },
  modelLayers: () => call((lab) => lab.modelLayers()),
  modelFilters: async () => {
    const filters = await call((lab) => lab.modelFilters());
    return transfer(filters, filters.values);
  },
  featureMaps: async ({ rgba }, layer) => {
    const maps = await call((lab) => lab.featureMaps(rgba, layer));
    return transfer(maps, maps.values);
  },
  evidenceMap: async ({ rgba }, classIndex) => {
    const heat = await call((lab) => lab.evidenceMap(rgba, classIndex));
    return transfer(heat, heat.values);
  },
  occlusionGrid: () => call((lab) => lab.occlusionGrid()),
  occlusionProbabilities: async ({ rgba }, classIndex, from, count) => {
    const probabilities = await call((lab) => lab.occlusionProbabilities(rgba, classIndex, from, count));
    return transfer(probabilities, probabilities);
  },
  similarClasses: (classIndex, count) => call((lab) => lab.similarClasses(classIndex, count)),
  classifyEnsemble: async (file, wanted, top) => {
    const bytes = await photoBytes(file);
    await loadMembers(wanted);
    return call((lab) => lab.classifyEnsemble(bytes, wanted.map(({ url }) => url), top));
  },
  datasets: () => datasets.list(),
  registerDataset: async (choice, files) => datasets.registerDataset(choice, files),
  importData: (name, files, network) => call((lab) => datasets.import(lab, name, files, network)),
  configure: (slot, options) =>
    call(async (lab) => {
      checkSize(options);
      await datasets.open(lab, options.dataset, options.network);
      return lab.configure(slot, options);
    }),
  configureFrom: async (slot, project, options, from) => {
    const file = await startFile(from);
    const { fromFile } = await labelMaps(project);
    return call(async (lab) => {
      const start = await lab.startFrom(file, fromFile);
      checkSize({ network: start.network, width: start.config.width });
      await projectDatasets.open(lab, project, options.dataset, start);
      const info = await lab.configureFrom(slot, options);
      fineTuneProject = project;
      return { ...info, start };
    });
  },
  setApart: async (dataset) => projectDatasets.apart(dataset),
  exportProject: async (project, format, inMemory = false) => {
    if (inMemory && project !== fineTuneProject) throw messageError("engine.projectNetworkNotInMemory");
    const file = inMemory ? await call((lab) => lab.saveRun(2)) : await loadProjectNetwork(project);
    const { toFile } = await labelMaps(project);
    const bytes = await call((lab) => lab.convertModel(file, format, toFile));
    return transfer(bytes, bytes);
  },
  importNetwork: async (project, file, evaluation, viewState) => {
    const { fromFile } = await labelMaps(project);
    const { bytes, model } = await call(async (lab) => {
      const bytes = lab.convertModel(file, "alexnet", fromFile);
      return { bytes, model: await lab.startFrom(bytes) };
    });
    const { network, preprocess, ids } = model;
    const run = { project, options: { ...DEFAULT_OPTIONS, network }, stage: "all" as const, step: evaluation?.step ?? model.steps ?? 0, savedAt: Date.now(), network, preprocess, classes: ids, resumable: false, viewState };
    await saveProjectRun(run, bytes);
    await finishProjectRun(project, evaluation);
    return model;
  },
  copyNetwork: (from, to) => copyProjectRuns(from, to),
  saveProjectRun: async (run) => saveProjectRun({ ...run, classes: projectDatasets.apart(run.options.dataset).classes }, await call((lab) => lab.saveRun(2))),
  finishProject: (project, evaluation) => finishProjectRun(project, evaluation),
  resumeProject: (project) =>
    call(async (lab) => {
      const info = await resumeProjectRun(lab, projectDatasets, 2, project);
      fineTuneProject = project;
      return info;
    }),
  setOptions: (slot, options) => call((lab) => lab.setOptions(slot, options)),
  step: (slot, n) => call((lab) => lab.step(slot, n)),
  validate: (slot, limit) => call((lab) => lab.validate(slot, limit)),
  mask: async (slot, layer) => {
    const mask = await call((lab) => lab.mask(slot, layer));
    return transfer(mask, mask.values);
  },
  filters: async (slot) => {
    const filters = await call((lab) => lab.filters(slot));
    return transfer(filters, filters.values);
  },
  watch: (slot, indices) => call((lab) => lab.watch(slot, Uint32Array.from(indices))),
  valImage: async (slot, index) => {
    const image = await call((lab) => lab.valImage(slot, index));
    return transfer(image, image.rgba);
  },
  trainImage: async (slot, index) => {
    const image = await call((lab) => lab.trainImage(slot, index));
    return transfer(image, image.rgba);
  },
  nearestNeighbors: async (slot, file, count) => {
    const bytes = await photoBytes(file);
    return call((lab) => lab.nearestNeighbors(slot, bytes, count));
  },
  nearestNeighborsOfPixels: (slot, { width, height, data }, count) =>
    call((lab) => lab.nearestNeighborsOfPixels(slot, width, height, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), count)),
  useRun: async (slot) => {
    const labels = slot === 2 ? (await labelMaps(fineTuneProject)).toFile : undefined;
    return call((lab) => lab.useRun(slot, labels));
  },
  dropRun: (slot) => call((lab) => lab.dropRun(slot)),
  saveRuns: async (run, slots) => {
    const weights: Uint8Array[] = [];
    for (const slot of slots) weights.push(await call((lab) => lab.saveRun(slot)));
    await storeRun(run, weights);
  },
  latestRun,
  deleteRun,
  resumeRuns: async ({ tab, options, rival }) => {
    const weights = await loadWeights(tab);
    const runs = rival ? [options, rival] : [options];
    if (weights.length < runs.length) throw messageError("engine.savedRunGone");
    return call(async (lab) => {
      const infos = [];
      for (const [slot, bytes] of weights.slice(0, runs.length).entries()) {
        const { dataset, network } = runs[slot] ?? options;
        await datasets.open(lab, dataset, network);
        infos.push(await lab.resumeRun(slot, bytes));
      }
      return infos;
    });
  },
  configureGroup: (tower, options, port) =>
    call(async (lab) => {
      await datasets.open(lab, options.dataset, options.network);
      groupPort = new ArrayPort(port);
      return lab.configureGroup(tower, options);
    }),
  stepGroup: () =>
    call((lab) => {
      const to = groupPort;
      if (!to) throw new InternalError("configureGroup must be called before stepGroup.");
      return lab.stepGroup((numbers) => to.exchange(numbers));
    }),
  groupDigest: () => call((lab) => lab.groupDigest()),
  groupDigests: (slot) => call((lab) => lab.groupDigests(slot)),
  describeNetwork: (config) => call((lab) => lab.describeNetwork(config)),
  benchPrepare: (kind, batch) =>
    call((lab) => {
      if (kind === "infer") checkSize({ network: "alexnet-224", width: 1 });
      return lab.benchPrepare(kind, batch);
    }),
  benchInfer: (batch) => call((lab) => elapsed(() => lab.benchInfer(batch))),
  benchTrainStep: (batch) => call((lab) => elapsed(() => lab.benchTrainStep(batch))),
  benchModel: async (format) => {
    const bytes = await call((lab) => lab.benchModel(format));
    return transfer(bytes, bytes);
  },
  benchSample: () => call((lab) => lab.benchSample()),
  memory: () => call((lab) => lab.memory()),
  parity: (batch, network) => call((lab) => lab.parity(batch, network)),
};

carryMessages();
Comlink.expose(api);
