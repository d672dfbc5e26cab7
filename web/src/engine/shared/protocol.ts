/**
 * The protocol between the page and the worker: the worker's methods and events with their types. Types only.
 *
 * The wasm module, the device and all tensors belong to the worker. Everything here can be cloned or transferred.
 */
import type { Message } from "../../errors/message";
import type {
  Backend, DropoutLayer, LayerMaps, ModelInfo, Neighbor, Network, NetworkConfig, NetworkShape, OcclusionGrid, RunInfo, RunOptions, SimilarClass,
  StepMetrics, Validation, Views, ValidationPrediction,
} from "../../generated/protocol";
import type { EvaluationResult, ProjectRun } from "../../projects/types";
import type {
  BenchSample, Classified, EnsemblePrediction, ExportFormat, FilterData, GroupStep, HeatMapData, MaskData, Parity, Pixels,
} from "./wasm-types";

export type * from "./wasm-types";

/** 0: the run; 1: its rival in a race. */
export type Slot = 0 | 1;

/** The engine's slots for runs; 2: the run on the visitor's own pictures. */
export type EngineSlot = Slot | 2;

/** The network that a run starts from: the model in use, a file at a URL, or a project's own network. */
export type StartFrom = { kind: "model" } | { kind: "url"; url: string } | { kind: "project"; project: string };

/** The backend in use, and why. */
export interface EngineInfo {
  version: string;
  backend: Exclude<Backend, "auto">;
  /** The adapter's name; on the CPU how the processor is used. */
  device: Message | string;
  /** Why this backend. */
  reason: Message;
  /** The WebGPU adapter is software on the processor (SwiftShader, llvmpipe). */
  software: boolean;
  /** Features of the device: `simd128`, WebGPU feature names. */
  features: string[];
}

/** A dataset that a run can name in `options.dataset`. */
export interface DatasetChoice {
  id: string;
  /** The name on the page. */
  name: string;
  labels: string[];
  trainImages: number;
  valImages: number;
  /** Side in pixels of the stored images. */
  size: number;
  licence: string;
  /** Where it comes from. */
  origin: Message | string;
  /** Ships with the page. Others were imported by the visitor and last as long as the tab. */
  builtIn: boolean;
  /** What was left out, with the reason. */
  skipped: Message[];
  /** What to know about the pictures that were taken. */
  notes: Message[];
}

/** A model file that was downloaded to this device, or part of one. */
export interface DownloadedModel {
  key: string;
  url: string;
  /** The file's name. */
  name: string;
  /** Bytes on this device. */
  bytes: number;
  /** Bytes of the whole file, null where the server did not state them. */
  total: number | null;
  whole: boolean;
  /** SHA-256 of the whole file in hexadecimal, "" while it is not complete. */
  sha256: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** What is known about a model file before it is downloaded. */
export interface ModelHints {
  /** The name on the page; by default the file's name. */
  name?: string | undefined;
  /** SHA-256 in hexadecimal, or its beginning. It may also stand at the end of the file name, as in torch.hub. */
  sha256?: string | undefined;
  /** Source of the weights and their licence, for files that do not carry it. */
  origin?: string | undefined;
}

/** Published weights that the page offers. */
export interface PublishedModel extends ModelHints {
  name: string;
  url: string;
  bytes: number;
  /** The data set that it was trained on, and its accuracy on the validation images, between 0 and 1. */
  dataset: string;
  classes: number;
  top1: number;
  top5: number;
  publisher: string;
  licence: string;
}

/** Measured accuracy of a network. */
export interface Accuracy { images: number; top1: number; top5: number }

/** The file of another network of the ensemble. */
export interface MemberFile { url: string; bytes: number | undefined }

/** The worker's methods. Calls are served one after another, in the order of the calls. */
export interface Engine {
  /** Resolves when the worker is up. */
  info(): Promise<EngineInfo>;

  /** Makes the weights in `bytes` the model in use; on failure the old one stays. The page does this with `importFile`. */
  importModel(bytes: Uint8Array): Promise<ModelInfo>;
  modelInfo(): Promise<ModelInfo | undefined>;
  /** Downloaded model files, whole or in part. */
  storage(): Promise<DownloadedModel[]>;
  /** Deletes some of them from this device. */
  deleteModelFiles(keys: string[]): Promise<void>;
  exportModel(format: ExportFormat): Promise<Uint8Array>;
  /**
   * Classifies an encoded picture: JPEG, PNG, WebP, GIF (first frame) or BMP. With several `views` (crops) their
   * probabilities are averaged. `milliseconds`: from decoding to probabilities, in the worker.
   */
  classify(file: Blob, top: number, views?: Views): Promise<Classified & { milliseconds: number }>;
  /** The same for raw pixels of a canvas, such as a camera's frame. */
  classifyPixels(image: ImageData, top: number): Promise<Classified & { milliseconds: number }>;

  /** The layers of the model in use. */
  modelLayers(): Promise<LayerMaps[]>;
  /** conv1's filters of the model in use. */
  modelFilters(): Promise<FilterData>;
  /** The feature maps of a layer of the model in use. `crop` must come from the same model. */
  featureMaps(crop: Pixels, layer: string): Promise<FilterData>;
  /** What each position of the last convolution's feature maps adds to a class (HiResCAM). */
  evidenceMap(crop: Pixels, classIndex: number): Promise<HeatMapData>;
  occlusionGrid(): Promise<OcclusionGrid>;
  /** The class's probability with a grey square at `count` positions of the grid, starting at `from`. */
  occlusionProbabilities(crop: Pixels, classIndex: number, from: number, count: number): Promise<Float32Array>;
  /** The classes whose output weights are most similar to those of a class, most similar first. */
  similarClasses(classIndex: number, count: number): Promise<SimilarClass[]>;
  /** Classifies with the model in use and other networks. Those that are not here yet are downloaded, with progress events of `members`. */
  classifyEnsemble(file: Blob, members: readonly MemberFile[], top: number): Promise<EnsemblePrediction>;

  /** All datasets, the built-in ones first. */
  datasets(): Promise<DatasetChoice[]>;
  /** A ZIP, `cifar-10-binary.tar.gz`, IDX files, or the files of a directory (with `webkitRelativePath`). */
  importData(name: string, files: File[], network: Network): Promise<DatasetChoice>;

  /** A new run with new weights; the slot's old run stays until the new one is ready. */
  configure(slot: Slot, options: RunOptions): Promise<RunInfo>;
  /** A run on a project's pictures that starts from a network; network, width and similar options are that network's. */
  configureFrom(slot: EngineSlot, project: string, options: RunOptions, start: StartFrom): Promise<RunInfo & { start: ModelInfo }>;
  /** The validation pictures of a project's dataset, in the order of its validation images, and the ids of its classes. */
  setApart(dataset: string): Promise<{ pictures: string[]; classes: string[] }>;
  /** A project's network as a file. `inMemory`: the network of the run, where there was no room to store it. */
  exportProject(project: string, format: ExportFormat, inMemory?: boolean): Promise<Uint8Array>;
  /** Makes a file a project's network, with its evaluation. Rejects where the file is not a network; the old one stays. */
  importNetwork(project: string, bytes: Uint8Array, evaluation: EvaluationResult | null, viewState: unknown): Promise<ModelInfo>;
  /** Copies a project's network to another project, with its run where that can be resumed. */
  copyNetwork(from: string, to: string): Promise<void>;
  /** Makes the run's saved state the project's network; until then the last one stays. */
  finishProject(project: string, evaluation: EvaluationResult | null): Promise<void>;
  /** Only options whose `OPTIONS` row says `live` may differ. */
  setOptions(slot: EngineSlot, options: RunOptions): Promise<void>;
  /** Trains `n` steps and returns the metrics of the last. Views call `lab.start` and `lab.step` instead. */
  step(slot: EngineSlot, n: number): Promise<StepMetrics>;
  /** Evaluates the first `limit` validation images, 0 for all. */
  validate(slot: EngineSlot, limit: number): Promise<Validation>;
  /** The mask that the last step used. */
  mask(slot: EngineSlot, layer: DropoutLayer): Promise<MaskData>;
  /** conv1's filters. */
  filters(slot: EngineSlot): Promise<FilterData>;
  /** Top-5 for some validation images. */
  watch(slot: EngineSlot, indices: number[]): Promise<ValidationPrediction[]>;
  valImage(slot: EngineSlot, index: number): Promise<Pixels>;
  /** Without augmentation. */
  trainImage(slot: EngineSlot, index: number): Promise<Pixels>;
  /** The training images whose features are most similar to those of an encoded picture, most similar first. */
  nearestNeighbors(slot: EngineSlot, file: Blob, count: number): Promise<Neighbor[]>;
  /** The same for raw pixels of a canvas. */
  nearestNeighborsOfPixels(slot: EngineSlot, image: ImageData, count: number): Promise<Neighbor[]>;
  /** The run's network becomes the model in use, for Classify and for export. */
  useRun(slot: EngineSlot, name?: Message | string): Promise<ModelInfo>;
  dropRun(slot: EngineSlot): Promise<void>;

  /** Shapes, parameters and operations of each layer of a network. 0 classes: the network's usual number. */
  describeNetwork(config: NetworkConfig): Promise<NetworkShape>;

  benchPrepare(kind: "infer" | "trainStep", batch: number): Promise<void>;
  /** Milliseconds of one call: upload, computation and read-back. */
  benchInfer(batch: number): Promise<number>;
  benchTrainStep(batch: number): Promise<number>;
  /** The prepared network with random weights. */
  benchModel(format: ExportFormat): Promise<Uint8Array>;
  benchSample(): Promise<BenchSample>;
  /** Bytes of wasm memory. */
  memory(): Promise<number>;
  /** The largest differences between this device and the CPU backend. */
  parity(batch: number, network?: Network): Promise<Parity>;
}

/** Another network of the ensemble, which ships with the page. */
export interface Member extends MemberFile { name: string; file: string }

/** Description of a saved run, apart from its weights. */
export interface StoredRun {
  /** The tab that trained the run. */
  tab: string;
  options: RunOptions;
  rival: RunOptions | null;
  step: number;
  savedAt: number;
  /** State of the view: its curves. */
  viewState: unknown;
}

/** Events from the worker. */
export type WorkerEvent =
  | { event: "progress"; what: "engine" | "model" | "members" | "pictures"; loaded: number; total: number | undefined; secondsLeft?: number | undefined }
  /** The worker cannot continue (a panic, a lost device, a call that did not end) and must be replaced. */
  | { event: "died"; reason: Message | string };

/** The worker's methods: those of the engine, and those that only the client calls. */
export interface WorkerApi extends Omit<Engine, "info" | "importModel"> {
  /**
   * Chooses the backend and loads its wasm module. `base`: the page's address, for relative files. `unexpected`: the
   * backend is not the one that the page's address asks for, so the page tells the visitor.
   */
  boot(wanted: Backend, base: string): Promise<EngineInfo & { unexpected: boolean }>;
  /** Downloads a file of this site, with progress events, and makes it the model in use. */
  loadModel(url: string, bytes: number | undefined): Promise<ModelInfo>;
  /** The same with a file of any server, which is stored on this device. `cached`: it was here already. A file equal to one of `published` gets its origin. */
  loadModelFromUrl(url: string, hints: ModelHints, published: readonly PublishedModel[]): Promise<{ info: ModelInfo; cached: boolean }>;
  stopDownload(): Promise<void>;
  /** Makes a file the model in use. The file is read piece by piece. */
  importFile(file: Blob, published: readonly PublishedModel[]): Promise<ModelInfo>;
  /** Registers a dataset that the visitor imported in a fresh worker; it is read when a run needs it. */
  registerDataset(choice: DatasetChoice, files: File[]): Promise<void>;
  /** Saves the runs in these slots with their description. */
  saveRuns(run: StoredRun, slots: Slot[]): Promise<void>;
  /** Creates group (tower) 0 or 1 of a network; `port` leads to the worker of the other group. */
  configureGroup(tower: 0 | 1, options: RunOptions, port: MessagePort): Promise<RunInfo>;
  /** A training step together with the other group, whose worker must be called at the same time. */
  stepGroup(): Promise<GroupStep>;
  /** A checksum of all bits of the group's weights. */
  groupDigest(): Promise<string>;
  /** The checksums of both groups of a whole run. */
  groupDigests(slot: Slot): Promise<string[]>;
  /** The tab's own saved run, else the latest of all tabs. */
  latestRun(tab: string): Promise<StoredRun | null>;
  /** Deletes the tab's saved run. */
  deleteRun(tab: string): Promise<void>;
  /** Loads a saved run into its slots. Its state of the view is not needed here. */
  resumeRuns(run: Omit<StoredRun, "viewState">): Promise<RunInfo[]>;
  /** Saves the run on a project's pictures. */
  saveProjectRun(run: Omit<ProjectRun, "file" | "bytes" | "classes">): Promise<void>;
  /** Loads a project's saved run. */
  resumeProject(project: string): Promise<RunInfo>;
}
