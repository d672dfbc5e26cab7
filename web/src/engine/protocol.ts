/** What passes between page and worker beside the calls themselves. */
import type { DatasetChoice, Engine, EngineInfo, ModelHints, PublishedModel, Slot } from "./api";
import type { Backend, ModelInfo, RunInfo, RunOptions } from "../generated/protocol";
import type { TowerStep } from "./wasm-api";
import type { ProjectRun } from "../projects/types";
import type { KeptRun } from "../state/storage";

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
  /** The same with a file of any server, kept on this device; `kept`: it was here already. A file that equals one of `published` gets its origin. */
  useUrl(url: string, hints: ModelHints, published: readonly PublishedModel[]): Promise<{ info: ModelInfo; kept: boolean }>;
  stopDownload(): Promise<void>;
  /** Makes a file the model in use; it is read piece by piece. */
  importFile(file: Blob, published: readonly PublishedModel[]): Promise<ModelInfo>;
  /** Tells a fresh worker of a data set that the visitor brought; it is read when a run needs it. */
  remember(choice: DatasetChoice, files: File[]): Promise<void>;
  /** Saves the runs in these slots beside their description. */
  keepRuns(run: KeptRun, slots: Slot[]): Promise<void>;
  /** Draws tower 0 or 1 of a network; `port` leads to the other tower's worker. */
  configureTower(tower: 0 | 1, options: RunOptions, port: MessagePort): Promise<RunInfo>;
  /** A step with the other tower, whose worker has to be asked at the same time. */
  stepTower(): Promise<TowerStep>;
  /** A number over every bit of the tower's weights. */
  towerDigest(): Promise<string>;
  /** The same of both halves of a whole run. */
  halfDigests(slot: Slot): Promise<string[]>;
  /** Puts a kept run back into its slots. */
  resumeKept(run: Omit<KeptRun, "kept">): Promise<RunInfo[]>;
  /** Saves the run on a project's pictures. */
  keepProject(run: Omit<ProjectRun, "file" | "bytes" | "classes">): Promise<void>;
  /** Puts a project's saved run back. */
  resumeProject(project: string): Promise<RunInfo>;
}
