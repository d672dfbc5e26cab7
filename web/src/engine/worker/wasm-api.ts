/** The interface of crate/wasm: what the wasm-bindgen module exports. Arrays are copies, so they can be transferred. */
import type {
  ClassLabel, DropoutLayer, LayerMaps, ModelInfo, Neighbor, Network, NetworkConfig, NetworkShape, OcclusionGrid, Preprocess, RunInfo, RunOptions, SimilarClass,
  StepMetrics, Validation, Views, ValidationPrediction,
} from "../../generated/protocol";
import type {
  BenchSample, Classified, DatasetInfo, ExportFormat, FilterData, HeatMapData, MaskData, Parity, Pixels, GroupStep, EnsemblePrediction,
} from "../shared/wasm-types";

/** The device that holds the tensors. */
export interface DeviceInfo { backend: "cpu" | "webgpu"; device: string; version: string }
/** The list of shards of a built-in dataset, which the build writes. */
export interface ShardManifest {
  id: string;
  name: string;
  licence: string;
  origin: string;
  size: number;
  channels: 1 | 3;
  labels: string[];
  train: { file: string; images: number }[];
  val: { file: string; images: number }[];
}
/** New labels for classes: pairs of a class's present id and its new label. */
export type LabelMap = [id: string, label: ClassLabel][];
/** A file of an imported dataset; `path` includes its folders. */
export interface NamedBytes { path: string; bytes: Uint8Array }
/** The wasm object. Its methods borrow it: one call at a time. */
export interface WasmLab {
  info(): DeviceInfo;
  importModel(bytes: Uint8Array): Promise<ModelInfo>;
  /** Reads a file piece by piece with `read`; `accept` may throw before any weight is read. */
  importFile(size: number, read: (offset: number, length: number) => Uint8Array, accept: (info: ModelInfo) => void, origin?: string): Promise<ModelInfo>;
  modelInfo(): ModelInfo | undefined;
  exportModel(format: ExportFormat): Promise<Uint8Array>;
  classify(file: Uint8Array, top: number, views?: Views): Promise<Classified>;
  classifyPixels(width: number, height: number, rgba: Uint8Array, top: number): Promise<Classified>;
  modelLayers(): LayerMaps[];
  modelFilters(): Promise<FilterData>;
  /** `rgba`: the cropped square of a {@link Classified} of the same model. */
  featureMaps(rgba: Uint8Array, layer: string): Promise<FilterData>;
  evidenceMap(rgba: Uint8Array, classIndex: number): Promise<HeatMapData>;
  occlusionGrid(): OcclusionGrid;
  occlusionProbabilities(rgba: Uint8Array, classIndex: number, from: number, count: number): Promise<Float32Array>;
  similarClasses(classIndex: number, count: number): Promise<SimilarClass[]>;
  addMember(id: string, bytes: Uint8Array): void;
  dropMembers(): void;
  classifyEnsemble(file: Uint8Array, members: string[], top: number): Promise<EnsemblePrediction>;
  addShards(manifest: ShardManifest, fetchShard: (file: string) => Promise<Uint8Array>): DatasetInfo;
  importData(id: string, files: NamedBytes[], network: string): Promise<DatasetInfo>;
  removeData(id: string): void;
  /** A picture resized and cropped, `crop × crop × 3` bytes. */
  centerCrop(file: Uint8Array, preprocess: Preprocess): Uint8Array;
  beginDataset(id: string, labels: ClassLabel[], network: string, preprocess: Preprocess): void;
  addImage(square: Uint8Array, label: number, val: boolean): void;
  finishDataset(): DatasetInfo;
  /** The network that the next `configureFrom` starts from: a file, or the model in use. */
  startFrom(file: Uint8Array | undefined, labels?: LabelMap): Promise<ModelInfo>;
  configureFrom(slot: number, options: RunOptions): Promise<RunInfo>;
  convertModel(file: Uint8Array, format: ExportFormat, labels?: LabelMap): Uint8Array;
  configure(slot: number, options: RunOptions): Promise<RunInfo>;
  setOptions(slot: number, options: RunOptions): void;
  step(slot: number, n: number): Promise<StepMetrics>;
  validate(slot: number, limit: number): Promise<Validation>;
  mask(slot: number, layer: DropoutLayer): Promise<MaskData>;
  filters(slot: number): Promise<FilterData>;
  watch(slot: number, indices: Uint32Array): Promise<ValidationPrediction[]>;
  valImage(slot: number, index: number): Promise<Pixels>;
  trainImage(slot: number, index: number): Promise<Pixels>;
  nearestNeighbors(slot: number, file: Uint8Array, count: number): Promise<Neighbor[]>;
  nearestNeighborsOfPixels(slot: number, width: number, height: number, rgba: Uint8Array, count: number): Promise<Neighbor[]>;
  saveRun(slot: number): Promise<Uint8Array>;
  resumeRun(slot: number, bytes: Uint8Array): Promise<RunInfo>;
  runOptions(slot: number): RunOptions | undefined;
  useRun(slot: number, labels?: LabelMap): Promise<ModelInfo>;
  dropRun(slot: number): void;
  configureGroup(tower: number, options: RunOptions): RunInfo;
  stepGroup(swap: (numbers: Float32Array) => Promise<Float32Array>): Promise<GroupStep>;
  groupDigest(): Promise<string>;
  groupDigests(slot: number): Promise<string[]>;
  describeNetwork(config: NetworkConfig): NetworkShape;
  benchPrepare(kind: "infer" | "trainStep", batch: number): Promise<void>;
  benchInfer(batch: number): Promise<void>;
  benchTrainStep(batch: number): Promise<void>;
  benchModel(format: ExportFormat): Promise<Uint8Array>;
  benchSample(): Promise<BenchSample>;
  memory(): number;
  parity(batch: number, network?: Network): Promise<Parity>;
}

/** What `alexnet_cpu.js` and `alexnet_gpu.js` export. */
export interface WasmModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  Lab: { create(backend: "cpu" | "webgpu"): Promise<WasmLab> };
}
