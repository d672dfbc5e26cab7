/** The worker's side of a project: its pictures as a data set, and its run's state. */
import type { Network, Preprocess, RunInfo } from "../../generated/protocol";
import { foldersOf } from "../../projects/names";
import { copyRuns, finishRun, getFiles, getFinished, getProject, getRun, listPictures, putRun, storageErrorText } from "../../projects/store";
import { WEIGHTS_FILES, type EvaluationResult, type PictureInfo, type ProjectRun } from "../../projects/types";
import { readWeights, tidyWeights } from "../../projects/weights";
import { Queue } from "../shared/queue";
import { writeWeights } from "./project-weights";
import type { LabelMap, WasmLab } from "./wasm-api";

/** Pictures that are decoded between two reports. */
const CHUNK = 16;
/** Bytes of decoded squares that are kept for the next time. */
const MOST_CACHED = 150e6;

/** What a data set of pictures was made for. */
export interface NetworkInput { network: Network; preprocess: Preprocess }

/** The pictures that are set apart in a data set, in the order of its validation images, and its classes' ids. */
interface ValidationSet { pictures: string[]; classes: string[] }

export class ProjectDatasets {
  /** Squares as a network sees them, by the picture's content. */
  private squares = new Map<string, Uint8Array>();
  private cached = 0;
  private seenBy = "";
  /** The data set that the wasm object holds, and what it was made of. */
  private held: { dataset: string; made: string } | null = null;
  private readonly orders = new Map<string, ValidationSet>();

  constructor(private readonly progress: (done: number, total: number) => void) {}

  /** Makes sure that the wasm object holds a project's pictures, as this network sees them, under the name `dataset`. */
  async open(lab: WasmLab, id: string, dataset: string, { network, preprocess }: NetworkInput): Promise<void> {
    const project = await getProject(id);
    if (!project) throw new Error("This project is no longer in the browser: open another one.");
    const eyes = JSON.stringify([network, preprocess]);
    if (eyes !== this.seenBy) [this.squares, this.cached, this.seenBy] = [new Map(), 0, eyes];
    // By content: the order does not depend on when they came.
    const pictures = (await listPictures(id)).sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.id < b.id ? -1 : 1));
    const classes = project.classes.filter((one) => pictures.some((picture) => picture.class === one.id));
    const made = JSON.stringify([eyes, classes, pictures.map(({ id, val }) => [id, val])]);
    if (this.held?.dataset === dataset && this.held.made === made) return;
    // One project's pictures at a time are enough to hold; a run keeps those that it has.
    if (this.held) lab.removeData(this.held.dataset);
    this.held = null;
    lab.beginDataset(dataset, classes, network, preprocess);
    const order: string[] = [];
    let broken = 0;
    for (let from = 0; from < pictures.length; from += CHUNK) {
      const some = pictures.slice(from, from + CHUNK);
      const squares = await this.decode(lab, some, preprocess);
      for (const [i, picture] of some.entries()) {
        const square = squares[i];
        const label = classes.findIndex((one) => one.id === picture.class);
        if (!square || label < 0) broken++;
        else {
          lab.addImage(square, label, picture.val);
          if (picture.val) order.push(picture.id);
        }
      }
      this.progress(Math.min(from + CHUNK, pictures.length), pictures.length);
    }
    if (pictures.length > 0 && broken === pictures.length) throw new Error("None of the pictures could be read: add others.");
    lab.finishDataset();
    this.held = { dataset, made };
    this.orders.set(dataset, { pictures: order, classes: classes.map(({ id: of }) => of) });
  }

  apart(dataset: string): ValidationSet {
    return this.orders.get(dataset) ?? { pictures: [], classes: [] };
  }

  private async decode(lab: WasmLab, pictures: PictureInfo[], preprocess: Preprocess): Promise<(Uint8Array | undefined)[]> {
    const missing = pictures.filter(({ hash }) => !this.squares.has(hash));
    const files = await getFiles(missing.map(({ hash }) => hash));
    const fresh = new Map<string, Uint8Array>();
    for (const [i, { hash }] of missing.entries()) {
      const file = files[i];
      try {
        if (file) fresh.set(hash, lab.centerCrop(file, preprocess));
      } catch (error) {
        // A picture that the browser shows and the lab cannot read is left out; anything worse ends the worker.
        if (error instanceof WebAssembly.RuntimeError) throw error;
      }
    }
    for (const [hash, square] of fresh) {
      if (this.cached + square.byteLength > MOST_CACHED) break;
      this.squares.set(hash, square);
      this.cached += square.byteLength;
    }
    return pictures.map(({ hash }) => this.squares.get(hash) ?? fresh.get(hash));
  }
}

/** Files of weights are written and copied one after another. */
const writing = new Queue();

async function stored<T>(work: () => Promise<T>): Promise<T> {
  return writing.run(work).catch((error: unknown) => {
    throw new Error(storageErrorText(error));
  });
}

/** Saves a run's state: first its weights into a file that is not in use, then the note that they are there. */
export const saveProjectRun = (run: Omit<ProjectRun, "file" | "bytes">, weights: Uint8Array): Promise<void> =>
  stored(async () => {
    const inUse = [await getRun(run.project), await getFinished(run.project)].map((before) => before?.file);
    const file = WEIGHTS_FILES.find((one) => !inUse.includes(one)) ?? "a";
    await writeWeights(run.project, file, weights);
    await putRun({ ...run, file, bytes: weights.byteLength });
  });

/** What was saved last is the project's network from now on. */
export const finishProjectRun = (project: string, evaluation: EvaluationResult | null): Promise<void> =>
  stored(async () => {
    await finishRun(project, evaluation);
    const run = await getFinished(project);
    if (run) await tidyWeights(project, [run.file]);
  });

/** A project's saved states under another project's id. */
export const copyProjectRuns = (from: string, to: string): Promise<void> =>
  stored(async () => {
    const runs = [await getRun(from), await getFinished(from)];
    // A finished run is both, and its file one.
    const files = new Map(runs.flatMap((run) => (run ? [[run.file, run.bytes] as const] : [])));
    for (const [file, bytes] of files) await writeWeights(to, file, await readWeights(from, file, bytes));
    await copyRuns(runs, to);
  });

/** A project's network: the last that was trained to its end, else the one under way. */
export async function loadProjectNetwork(project: string): Promise<Uint8Array<ArrayBuffer>> {
  const run = (await getFinished(project)) ?? (await getRun(project));
  if (!run) throw new Error("This project has no network yet: train it first.");
  return readWeights(project, run.file, run.bytes);
}

/**
 * The classes of a project as files call them, by their ids here, and the other way round: their ids outlive every
 * renaming, a file's are its folders.
 */
export async function labelMaps(id: string): Promise<{ toFile: LabelMap; fromFile: LabelMap }> {
  const classes = (await getProject(id))?.classes ?? [];
  const folders = foldersOf(classes);
  const all = classes.map((one) => ({ one, label: { id: folders.get(one.id) ?? one.name, name: one.name } }));
  return { toFile: all.map(({ one, label }) => [one.id, label]), fromFile: all.map(({ one, label }) => [label.id, one]) };
}

/** Puts a project's saved run into a slot. */
export async function resumeProjectRun(lab: WasmLab, projectDatasets: ProjectDatasets, slot: number, id: string): Promise<RunInfo> {
  const [run, project] = await Promise.all([getRun(id), getProject(id)]);
  if (!run || !project) throw new Error("The saved run is no longer in this browser: train again.");
  const bytes = await readWeights(id, run.file, run.bytes);
  // The weights name the data set as it was called when they were saved, in a copy by the first project's name.
  await projectDatasets.open(lab, id, run.options.dataset, run);
  return lab.resumeRun(slot, bytes);
}
