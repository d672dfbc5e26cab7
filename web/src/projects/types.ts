/** What a project of one's own pictures is made of. */
import type { ModelInfo, Prediction, Preprocess, RunOptions } from "../generated/protocol";

/** A class as the visitor named it; its id outlives every renaming. */
export interface ProjectClass { id: string; name: string }

/** What training begins with. */
export type Start = "shipped" | "model" | "own";

/** What the visitor chose about training. */
export interface Plan {
  start: Start;
  /** Epochs of the new head on frozen convolutions. */
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
  /** The file's name when it came. */
  name: string;
  bytes: number;
  /** Set apart to be tested on. */
  val: boolean;
  /** When it came, rising within a project: the order on show. */
  added: number;
}

/** Two files are written in turn, a third may hold the last finished network meanwhile. */
export const WEIGHTS_FILES = ["a", "b", "c"] as const;
export type WeightsFile = (typeof WEIGHTS_FILES)[number];

/** Which part of the plan a run is. */
export type Stage = "head" | "all";

/** How a part of the plan ended. */
export interface StageReport { stage: Stage; accuracy: number; seconds: number; steps: number }

/** The state of a project's run, apart from its weights. */
export interface ProjectRun {
  project: string;
  options: RunOptions;
  stage: Stage;
  step: number;
  savedAt: number;
  /** Which file holds the weights: they are written in turn, so that one is always whole. */
  file: WeightsFile;
  bytes: number;
  /** What the network is, for reading pictures at its size. */
  network: ModelInfo["network"];
  preprocess: Preprocess;
  /** Ids of the project's classes, in the order of the network's outputs. */
  classes: string[];
  /** It can go on; a network that came from elsewhere cannot. */
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

/** The data set of a project as options name it: for people, and like none of the page's own. */
export const datasetOf = ({ name }: Pick<Project, "name">): string => `project ${name}`;
