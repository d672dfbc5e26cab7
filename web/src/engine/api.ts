/**
 * What views may use: the lab. Import from here and from `state/`, from no other file of `engine/`.
 *
 * ```ts
 * import { lab } from "../../engine/api";
 * import { page } from "../../state/page.svelte";          // options, rival, view: the URL's twin
 * import { say, sayError } from "../../state/messages.svelte";
 *
 * const off = lab.run.on("step", ({ slot, metrics }) => …);   // live metrics
 * await lab.start();                                          // configures from page.options if nothing is there
 * const mask = await lab.engine.mask(0, "fc6");
 * ```
 *
 * Every method returns a promise and rejects with an `Error` whose message is a sentence for a person.
 */
import type {
  Backend, DropoutLayer, LayerMaps, ModelInfo, Neighbour, Network, NetworkConfig, NetworkShape, OcclusionGrid, Prediction, RunInfo, RunOptions, SimilarClass,
  StepMetrics, Validation, Views, Watched,
} from "../generated/protocol";
import type { TwoTowers } from "./towers";
import type { Judgement, ProjectRun, Stage } from "../projects/types";
import type { BenchSample, Classified, ExportFormat, FilterData, Heat, MaskData, Parity, Pixels, Votes } from "./wasm-api";

export type { BenchSample, Classified, DatasetInfo, ExportFormat, FilterData, Heat, MaskData, Parity, Pixels, Traffic, Votes } from "./wasm-api";
export type { TwoTowers, TwoTowersStep } from "./towers";
export { Interrupted } from "./client";
export { lab } from "./lab.svelte";

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
  /** Ships with the page, or brought by the visitor for as long as the tab lives. */
  builtIn: boolean;
  /** One sentence for each picture left out. */
  skipped: string[];
}

/** A model file that was downloaded to this device, or part of one. */
export interface StoredModel {
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
  about: string;
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
  storage(): Promise<StoredModel[]>;
  /** Removes some of them from this device. */
  forgetFiles(keys: string[]): Promise<void>;
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
  maps(crop: Pixels, layer: string): Promise<FilterData>;
  /** What each place of the last convolution's maps adds to a class (HiResCAM). */
  evidence(crop: Pixels, classIndex: number): Promise<Heat>;
  occlusionGrid(): Promise<OcclusionGrid>;
  /** The class's probability with a grey square at `count` places of the grid from `from` on. */
  occluded(crop: Pixels, classIndex: number, from: number, count: number): Promise<Float32Array>;
  /** The classes that the model in use holds to be most like one, the most alike first. */
  similar(classIndex: number, count: number): Promise<SimilarClass[]>;
  /** Asks the model in use and others, which are downloaded when they are not here yet; told as progress of `members`. */
  askAll(file: Blob, members: readonly MemberFile[], top: number): Promise<Votes>;

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
  importNetwork(project: string, bytes: Uint8Array, judgement: Judgement | null, kept: unknown): Promise<ModelInfo>;
  /** Gives a project the network of another, and its run where that can go on. */
  copyNetwork(from: string, to: string): Promise<void>;
  /** The run's saved state is the project's network from now on; until then the last one stays. */
  finishProject(project: string, judgement: Judgement | null): Promise<void>;
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
  watch(slot: EngineSlot, indices: number[]): Promise<Watched[]>;
  valImage(slot: EngineSlot, index: number): Promise<Pixels>;
  /** Without augmentation. */
  trainImage(slot: EngineSlot, index: number): Promise<Pixels>;
  /** The training images that the run's network takes for most alike to an encoded picture, nearest first. */
  neighbours(slot: EngineSlot, file: Blob, count: number): Promise<Neighbour[]>;
  /** The same for raw pixels, as a canvas gives them. */
  neighboursOfPixels(slot: EngineSlot, image: ImageData, count: number): Promise<Neighbour[]>;
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

/** Metrics of a step with what only a clock can add. */
export interface LiveMetrics extends StepMetrics {
  /** Smoothed over the last seconds, validation not counted. */
  imagesPerSecond: number;
}

/** `empty`: nothing configured; `preparing`: weights, first shard, warm-up; `finished`: the planned epochs are done. */
export type Phase = "empty" | "preparing" | "paused" | "running" | "finished";

/** What a saved run looks like from outside. */
export interface SavedRun {
  options: RunOptions;
  rival: RunOptions | null;
  step: number;
  /** Milliseconds since 1970. */
  savedAt: number;
  /** What `run.keep` gave when it was saved: curves. */
  kept: unknown;
}

/** Events of the run; each handler is called after the run's own fields have changed. */
export interface RunEvents {
  /**
   * Other weights in a slot. `resumed`: a run goes on from `info.step`, with what `run.keep` gave then in `kept`. This
   * also happens by itself after a lost GPU: without `kept`, and from step 0 where no step had been saved.
   */
  configured: { slot: Slot; options: RunOptions; info: RunInfo; resumed: boolean; kept?: unknown };
  step: { slot: Slot; metrics: LiveMetrics };
  validation: { slot: Slot; step: number; epoch: number; result: Validation };
  /** A live option was changed at this step. */
  options: { slot: Slot; options: RunOptions };
  phase: { phase: Phase };
}

/** The training loop: pulls steps from the engine, alternating between the run and its rival. */
export interface Run {
  readonly phase: Phase;
  /** The run's and its rival's description, null where the slot is empty. */
  readonly infos: readonly [RunInfo | null, RunInfo | null];
  readonly options: readonly [RunOptions | null, RunOptions | null];
  readonly last: readonly [LiveMetrics | null, LiveMetrics | null];
  readonly lastValidation: readonly [Validation | null, Validation | null];
  on<K extends keyof RunEvents>(event: K, handler: (event: RunEvents[K]) => void): () => void;
  /** Structured-cloneable state of the view (its curves), stored beside the weights each time the run is saved. */
  keep: () => unknown;
  /** The last state saved in this browser, offered after a reload; null where there is none. */
  saved(): Promise<SavedRun | null>;
  /** Goes on from it, paused. */
  resume(): Promise<void>;
  /** Forgets it. */
  discard(): Promise<void>;
  /** Validates every this many steps on `validationImages` images, and at the end of each epoch. */
  validateEvery: number;
  validationImages: number;
}

/** A {@link Run} on a project's pictures that starts from a network, saved once a second. */
export interface Tuning extends Run {
  /** The project whose run is in the engine, null where there is none. */
  readonly project: string | null;
  /** A part of the plan, from a network; the run before it goes. */
  begin(project: string, stage: Stage, options: RunOptions, from: StartFrom): Promise<RunInfo>;
  /** Goes on with a project's saved run, paused. */
  open(project: string): Promise<ProjectRun>;
  start(): Promise<void>;
  pause(): Promise<void>;
  /** Ends the run and gives its memory back; what was saved stays. */
  close(): Promise<void>;
}

/** Which network classifies. */
export interface ModelChoice {
  /** Resolves when there is one, downloading what the page starts with if need be. */
  ensure(): Promise<ModelInfo>;
  useShipped(): Promise<ModelInfo>;
  /** The file at an address, from this device where it was downloaded before. Without hints, what is known of a published one. Where it cannot be had, the old model stays. */
  useUrl(address: string, hints?: ModelHints): Promise<ModelInfo>;
  /** Removes downloaded files from this device; the page's address names none of them any more. */
  forget(files: readonly StoredModel[]): Promise<void>;
  /** Stops the download in progress; what has arrived is kept, and the next one goes on from there. */
  stop(): Promise<void>;
  /** Published weights: beside the page where its owner put them there, else at their publisher's. */
  published(): Promise<PublishedModel[]>;
  /** Address of the shipped network's file. */
  shippedUrl(): Promise<string>;
  /** Where the file is no model, the old one stays. */
  import(file: Blob, name: string): Promise<ModelInfo>;
  /** `name`: what a person calls it. */
  useRun(slot: EngineSlot, name?: string): Promise<ModelInfo>;
  /** The networks that ship to be asked beside the shipped one. */
  members(): Promise<Member[]>;
}

/** A network that ships beside the shipped one. */
export interface Member extends MemberFile { name: string; file: string }

/** `window.lab`, which the page itself uses too. */
export interface LabApi {
  readonly engine: Engine;
  readonly run: Run;
  /** The run on the visitor's own pictures. */
  readonly tuning: Tuning;
  readonly models: ModelChoice;
  info(): Promise<EngineInfo>;
  classify(photo: Blob, options?: { top?: number; views?: Views }): Promise<{ top: Prediction[]; milliseconds: number; crop: Pixels }>;
  /** A new run; what is not named is as the page's address says, else the default. `rival` opens a race. */
  configure(options?: Partial<RunOptions>, rival?: Partial<RunOptions> | null): Promise<RunInfo>;
  /** `n` steps of each slot; the run's metrics. */
  step(n?: number): Promise<LiveMetrics>;
  /** Over the first `images` validation images (default 1000, 0 for all). */
  validate(images?: number): Promise<Validation>;
  start(): Promise<void>;
  /** Resolves when the step in flight is done. */
  pause(): Promise<void>;
  /** The same initial weights again. */
  reset(): Promise<RunInfo>;
  mask(layer: DropoutLayer): Promise<MaskData>;
  /**
   * A run of a network in two towers, each tower in a worker of its own, and the same run in one worker beside it; the
   * network is `alexnet-2012-32` unless another is named. End it when it is no longer looked at.
   */
  twoTowers(options?: Partial<RunOptions>): Promise<TwoTowers>;
  exportModel(format: ExportFormat): Promise<Blob>;
  importModel(file: Blob): Promise<ModelInfo>;
  bench: {
    prepare(kind: "infer" | "trainStep", batch: number): Promise<void>;
    infer(batch: number): Promise<number>;
    trainStep(batch: number): Promise<number>;
    info(): Promise<EngineInfo>;
    memory(): Promise<{ wasmBytes: number }>;
    /** The prepared network as a file, and its input and logits: for peers that compute the same. */
    model(format: ExportFormat): Promise<Blob>;
    sample(): Promise<BenchSample>;
    /** A network (`alexnet-32` unless another is named) forward and backward on this device and on the CPU backend: the largest relative differences. */
    parity(batch: number, network?: Network): Promise<Parity>;
  };
}
