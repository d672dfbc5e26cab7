/** The worker's side of a project: its pictures as a dataset, and its run's state. */
import type { Network, Preprocess, RunInfo } from "../../generated/protocol";
import { messageError } from "../../errors/message";
import { storageError } from "../../errors/storage";
import { foldersOf } from "../../projects/names";
import { copyRuns, finishRun, getFiles, getFinished, getProject, getRun, listPictures, putRun } from "../../projects/store";
import { WEIGHTS_FILES, type EvaluationResult, type PictureInfo, type ProjectRun } from "../../projects/types";
import { readWeights, tidyWeights } from "../../projects/weights";
import { Queue } from "../shared/queue";
import { writeWeights } from "./project-weights";
import type { LabelMap, WasmLab } from "./wasm-api";

/** Pictures decoded between two progress events. */
const CHUNK = 16;
/** Bytes of decoded pictures that are cached. */
const MOST_CACHED = 150e6;

/** The network that a dataset of pictures is decoded for. */
export interface NetworkInput { network: Network; preprocess: Preprocess }

/** The validation pictures of a dataset in the order of its validation images, and the ids of its classes. */
interface ValidationSet { pictures: string[]; classes: string[] }

export class ProjectDatasets {
  /** Decoded and cropped pictures, by the SHA-256 of the file. */
  private squares = new Map<string, Uint8Array>();
  private cached = 0;
  private seenBy = "";
  /** The dataset that the wasm object holds, and what it was made of. */
  private held: { dataset: string; made: string } | null = null;
  private readonly orders = new Map<string, ValidationSet>();

  constructor(private readonly progress: (done: number, total: number) => void) {}

  /** Makes sure that the wasm object holds a project's pictures, preprocessed for this network, under the name `dataset`. */
  async open(lab: WasmLab, id: string, dataset: string, { network, preprocess }: NetworkInput): Promise<void> {
    const project = await getProject(id);
    if (!project) throw messageError("engine.projectGone");
    const eyes = JSON.stringify([network, preprocess]);
    if (eyes !== this.seenBy) [this.squares, this.cached, this.seenBy] = [new Map(), 0, eyes];
    // Sorted by content, so that the order does not depend on when a picture was added.
    const pictures = (await listPictures(id)).sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.id < b.id ? -1 : 1));
    const classes = project.classes.filter((one) => pictures.some((picture) => picture.class === one.id));
    const made = JSON.stringify([eyes, classes, pictures.map(({ id, val }) => [id, val])]);
    if (this.held?.dataset === dataset && this.held.made === made) return;
    // Only one project's pictures are held at a time; a run keeps the ones that it has.
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
    if (pictures.length > 0 && broken === pictures.length) throw messageError("engine.projectPicturesUnreadable");
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
        // A picture that the wasm module cannot decode is left out. A trap ends the worker.
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

/** Weights are written and copied one file after another. */
const writing = new Queue();

async function stored<T>(work: () => Promise<T>): Promise<T> {
  return writing.run(work).catch((error: unknown) => {
    throw storageError(error);
  });
}

/** Saves a run's state: first its weights into a file that is not in use, then the database entry that names the file. */
export const saveProjectRun = (run: Omit<ProjectRun, "file" | "bytes">, weights: Uint8Array): Promise<void> =>
  stored(async () => {
    const inUse = [await getRun(run.project), await getFinished(run.project)].map((before) => before?.file);
    const file = WEIGHTS_FILES.find((one) => !inUse.includes(one)) ?? "a";
    await writeWeights(run.project, file, weights);
    await putRun({ ...run, file, bytes: weights.byteLength });
  });

/** The state saved last becomes the project's network. */
export const finishProjectRun = (project: string, evaluation: EvaluationResult | null): Promise<void> =>
  stored(async () => {
    await finishRun(project, evaluation);
    const run = await getFinished(project);
    if (run) await tidyWeights(project, [run.file]);
  });

/** Copies a project's saved states to another project's id. */
export const copyProjectRuns = (from: string, to: string): Promise<void> =>
  stored(async () => {
    const runs = [await getRun(from), await getFinished(from)];
    // A finished run is in both entries and has one file.
    const files = new Map(runs.flatMap((run) => (run ? [[run.file, run.bytes] as const] : [])));
    for (const [file, bytes] of files) await writeWeights(to, file, await readWeights(from, file, bytes));
    await copyRuns(runs, to);
  });

/** A project's network: the last finished one, else the one in training. */
export async function loadProjectNetwork(project: string): Promise<Uint8Array<ArrayBuffer>> {
  const run = (await getFinished(project)) ?? (await getRun(project));
  if (!run) throw messageError("engine.projectUntrained");
  return readWeights(project, run.file, run.bytes);
}

/**
 * The labels of a project's classes in files, by their ids here, and the other way round. An id here survives a rename;
 * in a file the id is the folder's name.
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
  if (!run || !project) throw messageError("engine.projectRunGone");
  const bytes = await readWeights(id, run.file, run.bytes);
  // The saved options name the dataset as it was called when the run was saved; a copied project keeps the original's name.
  await projectDatasets.open(lab, id, run.options.dataset, run);
  return lab.resumeRun(slot, bytes);
}
