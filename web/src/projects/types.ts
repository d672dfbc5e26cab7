/** The parts of a project of own pictures. */
import type { ModelInfo, Prediction, Preprocess, RunOptions } from "../generated/protocol";

/** A class as the visitor named it; its id stays when it is renamed. */
export interface ProjectClass { id: string; name: string }

/** What training starts from. */
export type Start = "shipped" | "model" | "own";

/** The visitor's choices for training. */
export interface Plan {
  start: Start;
  /** Epochs of the new head with frozen convolutions. */
  headEpochs: number;
  /** Epochs of all layers afterwards, 0 for none. */
  allEpochs: number;
}

export interface Project {
  id: string;
  name: string;
  created: number;
  changed: number;
  /** In the order of the network's outputs. */
  classes: ProjectClass[];
  plan: Plan;
}

/** A picture, apart from its bytes. */
export interface PictureInfo {
  /** `project/class/hash`: the same picture cannot be twice in one class. */
  id: string;
  project: string;
  class: string;
  /** SHA-256 of the stored bytes, in hexadecimal. */
  hash: string;
  /** The name of the added file. */
  name: string;
  bytes: number;
  /** It belongs to the validation split. */
  val: boolean;
  /** When it was added, ascending within a project: the order on show. */
  added: number;
}

/** Two files are written in turn; a third may hold the last finished network. */
export const WEIGHTS_FILES = ["a", "b", "c"] as const;
export type WeightsFile = (typeof WEIGHTS_FILES)[number];

/** The part of the plan that a run belongs to. */
export type Stage = "head" | "all";

/** The result of a part of the plan. */
export interface StageReport { stage: Stage; accuracy: number; seconds: number; steps: number }

/** The state of a project's run, apart from its weights. */
export interface ProjectRun {
  project: string;
  options: RunOptions;
  stage: Stage;
  step: number;
  savedAt: number;
  /** The file with the weights. Files are written in turn, so that one is always complete. */
  file: WeightsFile;
  bytes: number;
  /** The network, which decides how pictures are preprocessed. */
  network: ModelInfo["network"];
  preprocess: Preprocess;
  /** Ids of the project's classes, in the order of the network's outputs. */
  classes: string[];
  /** It can be resumed; an imported network cannot. */
  resumable: boolean;
  /** Curves and other state of the view. */
  viewState: unknown;
}

/** The network's predictions for the validation pictures. */
export interface EvaluationResult {
  /** Ids of the project's classes, in the order of the network's outputs. */
  classes: string[];
  step: number;
  predictions: { picture: string; label: number; top: Prediction[] }[];
  stages: StageReport[];
}

export const newId = (): string => [...crypto.getRandomValues(new Uint32Array(2))].map((word) => word.toString(36).padStart(7, "0")).join("").slice(-10);

/** The dataset of a project as `options.dataset` names it: readable, and different from all built-in ones. */
export const datasetOf = ({ name }: Pick<Project, "name">): string => `project ${name}`;
