/** The protocol between the page and a worker of the experiments. Types only. */
import type { Message } from "../../errors/message";
import type { Outcome, RunReport, RunSpec } from "../../generated/protocol";
import type { DatasetChoice } from "./protocol";

/** Chosen values of an experiment's settings, by name. */
export type ExperimentSettings = Record<string, string>;

/** The result, its sentences as messages of the catalogue. */
export type ExperimentOutcome = Omit<Outcome, "verdict"> & { verdict: Message[] };

/** What a worker of the experiments does, one run at a time. */
export interface ExperimentWorkerApi {
  /** Loads the wasm. `base` is the page's address: data sets lie beside it. */
  boot(base: string): Promise<void>;
  /** Takes a data set that the visitor imported. */
  registerDataset(choice: DatasetChoice, files: File[]): Promise<void>;
  /** The runs that are still to do; none when `done` has all of them. */
  plan(name: string, settings: ExperimentSettings, seeds: number[], done: RunReport[]): Promise<RunSpec[]>;
  summarise(name: string, settings: ExperimentSettings, reports: RunReport[]): Promise<ExperimentOutcome>;
  /** Computes a run to its end. Reports meanwhile come as events. `images` is a data set's id, "" for none. */
  run(name: string, settings: ExperimentSettings, spec: RunSpec, images: string): Promise<RunReport>;
  /** The run stops after its present slice of work, until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** How fast this device is: units of {@link RunSpec.seconds} done in a second. Measured in a fraction of a second. */
  speed(): Promise<number>;
}

/** What a worker says by itself. */
export type ExperimentEvent = { event: "progress"; loaded: number; total: number | undefined } | { event: "report"; report: RunReport } | { event: "died"; reason: Message | string };
