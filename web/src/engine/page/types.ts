/** Types of the page's side of the engine. */
import type { Message } from "../../errors/message";
import type { DropoutLayer, ModelInfo, Network, Prediction, RunInfo, RunOptions, StepMetrics, Validation, Views } from "../../generated/protocol";
import type { ProjectRun, Stage } from "../../projects/types";
import type {
  BenchSample, DownloadedModel, Engine, EngineInfo, EngineSlot, ExportFormat, MaskData, Member, ModelHints, Parity, Pixels, PublishedModel, Slot, StartFrom,
} from "../shared/protocol";
import type { ModelParallelRun } from "./model-parallel";

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
  /** What `run.viewState` gave when it was saved: curves. */
  viewState: unknown;
}

/** Events of the run; each handler is called after the run's own fields have changed. */
export interface RunEvents {
  /**
   * Other weights in a slot. `resumed`: a run goes on from `info.step`, with what `run.viewState` gave then in `viewState`. This
   * also happens by itself after a lost GPU: without `viewState`, and from step 0 where no step had been saved.
   */
  configured: { slot: Slot; options: RunOptions; info: RunInfo; resumed: boolean; viewState?: unknown };
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
  viewState: () => unknown;
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
export interface FineTuneRun extends Run {
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
  forget(files: readonly DownloadedModel[]): Promise<void>;
  /** Stops the download in progress; what has arrived is kept, and the next one goes on from there. */
  stop(): Promise<void>;
  /** Published weights: beside the page where its owner put them there, else at their publisher's. */
  published(): Promise<PublishedModel[]>;
  /** Address of the shipped network's file. */
  shippedUrl(): Promise<string>;
  /** Where the file is no model, the old one stays. */
  import(file: Blob, name: Message | string): Promise<ModelInfo>;
  /** `name`: what a person calls it. */
  useRun(slot: EngineSlot, name?: Message | string): Promise<ModelInfo>;
  /** The networks that ship to be asked beside the shipped one. */
  members(): Promise<Member[]>;
}

/** The engine's description for scripts: device and reason in the visitor's language. */
export interface LabInfo extends Omit<EngineInfo, "device" | "reason"> { device: string; reason: string }

/** `window.lab`, which the page itself uses too. */
export interface LabApi {
  readonly engine: Engine;
  readonly run: Run;
  /** The run on the visitor's own pictures. */
  readonly fineTune: FineTuneRun;
  readonly models: ModelChoice;
  info(): Promise<LabInfo>;
  /** Starts the engine again after it failed. */
  retry(): Promise<LabInfo>;
  classify(photo: Blob, options?: { top?: number; views?: Views }): Promise<{ top: Prediction[]; milliseconds: number; crop: Pixels; energy: number; unknown: boolean; /** The file ends before its image does. */ cutOff?: boolean }>;
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
  modelParallel(options?: Partial<RunOptions>): Promise<ModelParallelRun>;
  exportModel(format: ExportFormat): Promise<Blob>;
  importModel(file: Blob): Promise<ModelInfo>;
  bench: {
    prepare(kind: "infer" | "trainStep", batch: number): Promise<void>;
    infer(batch: number): Promise<number>;
    trainStep(batch: number): Promise<number>;
    info(): Promise<LabInfo>;
    memory(): Promise<{ wasmBytes: number }>;
    /** The prepared network as a file, and its input and logits: for peers that compute the same. */
    model(format: ExportFormat): Promise<Blob>;
    sample(): Promise<BenchSample>;
    /** A network (`alexnet-32` unless another is named) forward and backward on this device and on the CPU backend: the largest relative differences. */
    parity(batch: number, network?: Network): Promise<Parity>;
  };
}
