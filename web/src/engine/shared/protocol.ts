/**
 * The protocol between the page and the worker: the worker's methods, its events, and what they carry. Types only.
 *
 * The wasm module, the device and every tensor belong to the worker. Everything here can be cloned or transferred.
 */
import type {
  Backend, DropoutLayer, LayerMaps, ModelInfo, Neighbor, Network, NetworkConfig, NetworkShape, OcclusionGrid, RunInfo, RunOptions, SimilarClass,
  StepMetrics, Validation, Views, ValidationPrediction,
} from "../../generated/protocol";
import type { Message } from "../../errors/message";
import type { EvaluationResult, ProjectRun } from "../../projects/types";
import type {
  BenchSample, Classified, EnsemblePrediction, ExportFormat, FilterData, GroupStep, HeatMapData, MaskData, Parity, Pixels,
} from "./wasm-types";

export type * from "./wasm-types";

/** 0: the run; 1: its rival in a race. */
export type Slot = 0 | 1;

/** Where runs live in the engine; 2: the run on the visitor's own pictures. */
export type EngineSlot = Slot | 2;

/** What a run starts from: the model in use, a file at an address, or a project's own network. */
export type StartFrom = { kind: "model" } | { kind: "url"; url: string } | { kind: "project"; project: string };

/** Where the lab computes, and why there. */
export interface EngineInfo {
  version: string;
  backend: Exclude<Backend, "auto">;
  /** The adapter's or the processor's name. */
  device: string;
  /** One sentence: why this backend. */
  reason: string;
  /** A WebGPU adapter that is really the processor (SwiftShader, llvmpipe). */
  software: boolean;
  /** What the browser's device can do: `simd128`, WebGPU feature names. */
  features: string[];
}

/** A data set that a run can name in `options.dataset`. */
export interface DatasetChoice {
  id: string;
  /** What a person reads. */
  name: string;
  labels: string[];
  trainImages: number;
  valImages: number;
  /** Side in pixels of the stored images. */
  size: number;
  licence: string;
  origin: string;
  /** Ships with the page, or imported by the visitor for as long as the tab lives. */
  builtIn: boolean;
  /** A message for each image left out. */
  skipped: Message[];
}

/** A model file that was downloaded to this device, or part of one. */
export interface DownloadedModel {
  key: string;
  url: string;
  /** The file's name. */
  name: string;
  /** Bytes that are here. */
  bytes: number;
  /** Bytes of the whole file, where the server told. */
  total: number | null;
  whole: boolean;
  /** Of the whole file, in hexadecimal. */
  sha256: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** What is known of a model file before it is fetched. */
export interface ModelHints {
  /** What a person calls it; the file's name where nothing is said. */
  name?: string | undefined;
  /** SHA-256 in hexadecimal, or its beginning. A file name that ends in one (torch.hub's do) says it too. */
  sha256?: string | undefined;
  /** Where the weights come from and their licence, for files that do not tell. */
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

/** How often a network is right. */
export interface Accuracy { images: number; top1: number; top5: number }

/** Where a network that is asked beside the model in use lies. */
export interface MemberFile { url: string; bytes: number | undefined }

/** The worker's methods. Calls are served one after another, in the order in which they were made. */
export interface Engine {
  /** Resolves when the worker is up. */
  info(): Promise<EngineInfo>;

  /** Makes the weights in `bytes` the model in use; on failure the old one stays. */
  importModel(bytes: Uint8Array): Promise<ModelInfo>;
  modelInfo(): Promise<ModelInfo | undefined>;
  /** Downloaded model files, whole or in part. */
  storage(): Promise<DownloadedModel[]>;
  /** Removes some of them from this device. */
  deleteModelFiles(keys: string[]): Promise<void>;
  exportModel(format: ExportFormat): Promise<Uint8Array>;
  /** An encoded picture: JPEG, PNG, WebP, GIF (first frame), BMP, by the mean of its views (one). `milliseconds`: decoding to probabilities, in the worker. */
  classify(file: Blob, top: number, views?: Views): Promise<Classified & { milliseconds: number }>;
  /** Raw pixels, as a canvas gives them (a camera's frame). */
  classifyPixels(image: ImageData, top: number): Promise<Classified & { milliseconds: number }>;

  /** Layers of the model in use. */
  modelLayers(): Promise<LayerMaps[]>;
  /** conv1's filters of the model in use. */
  modelFilters(): Promise<FilterData>;
  /** What leaves a layer of the model in use, of which `crop` must be. */
  featureMaps(crop: Pixels, layer: string): Promise<FilterData>;
  /** What each place of the last convolution's maps adds to a class (HiResCAM). */
  evidenceMap(crop: Pixels, classIndex: number): Promise<HeatMapData>;
  occlusionGrid(): Promise<OcclusionGrid>;
  /** The class's probability with a grey square at `count` places of the grid from `from` on. */
  occlusionProbabilities(crop: Pixels, classIndex: number, from: number, count: number): Promise<Float32Array>;
  /** The classes that the model in use holds to be most like one, the most alike first. */
  similarClasses(classIndex: number, count: number): Promise<SimilarClass[]>;
  /** Asks the model in use and others, which are downloaded when they are not here yet; told as progress of `members`. */
  classifyEnsemble(file: Blob, members: readonly MemberFile[], top: number): Promise<EnsemblePrediction>;

  /** Data sets on offer: the built-in ones first. */
  datasets(): Promise<DatasetChoice[]>;
  /** A ZIP, `cifar-10-binary.tar.gz`, IDX files, or the files of a directory (with `webkitRelativePath`). */
  importData(name: string, files: File[], network: Network): Promise<DatasetChoice>;

  /** New weights from `options`; the slot's old run goes only when the new one is whole. */
  configure(slot: Slot, options: RunOptions): Promise<RunInfo>;
  /** Only options whose `OPTIONS` row says `live` may differ. */
  /** A run on a project's pictures that starts from a network; network, width and the like are that network's. */
  configureFrom(slot: EngineSlot, project: string, options: RunOptions, start: StartFrom): Promise<RunInfo & { start: ModelInfo }>;
  /** The pictures set apart in a project's data set, in the order of its validation images, and its classes' ids. */
  setApart(dataset: string): Promise<{ pictures: string[]; classes: string[] }>;
  /** A project's network as a file: what is stored, or (`inMemory`) what the run holds, where there was no room to store it. */
  exportProject(project: string, format: ExportFormat, inMemory?: boolean): Promise<Uint8Array>;
  /** Makes a file a project's network, with what is known of it; a sentence where it is none, and the old one stays. */
  importNetwork(project: string, bytes: Uint8Array, evaluation: EvaluationResult | null, viewState: unknown): Promise<ModelInfo>;
  /** Gives a project the network of another, and its run where that can go on. */
  copyNetwork(from: string, to: string): Promise<void>;
  /** The run's saved state is the project's network from now on; until then the last one stays. */
  finishProject(project: string, evaluation: EvaluationResult | null): Promise<void>;
  setOptions(slot: EngineSlot, options: RunOptions): Promise<void>;
  /** Trains `n` steps; metrics of the last. Views call `lab.start` and `lab.step` instead. */
  step(slot: EngineSlot, n: number): Promise<StepMetrics>;
  /** The first `limit` validation images, 0 for all. */
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
  /** The training images that the run's network takes for most alike to an encoded picture, nearest first. */
  nearestNeighbors(slot: EngineSlot, file: Blob, count: number): Promise<Neighbor[]>;
  /** The same for raw pixels, as a canvas gives them. */
  nearestNeighborsOfPixels(slot: EngineSlot, image: ImageData, count: number): Promise<Neighbor[]>;
  saveRun(slot: EngineSlot): Promise<Uint8Array>;
  resumeRun(slot: EngineSlot, bytes: Uint8Array): Promise<RunInfo>;
  /** The run's network becomes the model in use, for Classify and for export. */
  useRun(slot: EngineSlot, name?: string): Promise<ModelInfo>;
  dropRun(slot: EngineSlot): Promise<void>;

  /** Every layer of a network in numbers; 0 classes mean its usual number. */
  describeNetwork(config: NetworkConfig): Promise<NetworkShape>;

  benchPrepare(kind: "infer" | "trainStep", batch: number): Promise<void>;
  /** Milliseconds of one call, upload, computation and read-back included. */
  benchInfer(batch: number): Promise<number>;
  benchTrainStep(batch: number): Promise<number>;
  /** The prepared network, its weights at random. */
  benchModel(format: ExportFormat): Promise<Uint8Array>;
  benchSample(): Promise<BenchSample>;
  /** Bytes of wasm memory. */
  memory(): Promise<number>;
  /** How far this device's numbers are from the CPU backend's. */
  parity(batch: number, network?: Network): Promise<Parity>;
}

/** A network that ships beside the shipped one. */
export interface Member extends MemberFile { name: string; file: string }

/** Description of a saved run, apart from its weights. */
export interface StoredRun {
  /** The tab that trained it. */
  tab: string;
  options: RunOptions;
  rival: RunOptions | null;
  step: number;
  savedAt: number;
  /** The view's curves. */
  viewState: unknown;
}

/** Told by the worker without being asked. */
export type WorkerEvent =
  | { event: "progress"; what: "engine" | "model" | "members" | "pictures"; loaded: number; total: number | undefined; secondsLeft?: number | undefined }
  /** The worker cannot go on (a panic, a lost device, a call that never ended) and wants to be replaced. */
  | { event: "died"; reason: string };

/** The worker's methods: the engine's, and those that only the client calls. */
export interface WorkerApi extends Omit<Engine, "info"> {
  /** Chooses the backend and loads its wasm. `base`: the page's address, for relative files. */
  boot(wanted: Backend, base: string): Promise<EngineInfo & { surprise: boolean }>;
  /** Downloads a file that comes with the page, with progress events, and makes it the model in use. */
  loadModel(url: string, bytes: number | undefined): Promise<ModelInfo>;
  /** The same with a file of any server, stored on this device; `cached`: it was here already. A file that equals one of `published` gets its origin. */
  loadModelFromUrl(url: string, hints: ModelHints, published: readonly PublishedModel[]): Promise<{ info: ModelInfo; cached: boolean }>;
  stopDownload(): Promise<void>;
  /** Makes a file the model in use; it is read piece by piece. */
  importFile(file: Blob, published: readonly PublishedModel[]): Promise<ModelInfo>;
  /** Tells a fresh worker of a data set that the visitor imported; it is read when a run needs it. */
  registerDataset(choice: DatasetChoice, files: File[]): Promise<void>;
  /** Saves the runs in these slots beside their description. */
  saveRuns(run: StoredRun, slots: Slot[]): Promise<void>;
  /** Draws tower 0 or 1 of a network; `port` leads to the other tower's worker. */
  configureGroup(tower: 0 | 1, options: RunOptions, port: MessagePort): Promise<RunInfo>;
  /** A step with the other tower, whose worker has to be asked at the same time. */
  stepGroup(): Promise<GroupStep>;
  /** A number over every bit of the tower's weights. */
  groupDigest(): Promise<string>;
  /** The same of both halves of a whole run. */
  groupDigests(slot: Slot): Promise<string[]>;
  /** The tab's own saved run, else the latest of all. */
  latestRun(tab: string): Promise<StoredRun | null>;
  /** Deletes the tab's saved run. */
  deleteRun(tab: string): Promise<void>;
  /** Loads a saved run into its slots. */
  resumeRuns(run: Omit<StoredRun, "viewState">): Promise<RunInfo[]>;
  /** Saves the run on a project's pictures. */
  saveProjectRun(run: Omit<ProjectRun, "file" | "bytes" | "classes">): Promise<void>;
  /** Puts a project's saved run back. */
  resumeProject(project: string): Promise<RunInfo>;
}
