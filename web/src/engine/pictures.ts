/** The worker's side of a project: its pictures as a data set, and its run's state. */
import type { Network, Preprocess, RunInfo } from "../generated/protocol";
import { getFiles, getProject, getRun, listPictures, putRun, storageSentence } from "../projects/store";
import { projectOf, type PictureInfo, type ProjectRun } from "../projects/types";
import { readWeights, writeWeights } from "../projects/weights";
import type { WasmLab } from "./wasm-api";

/** Pictures that are decoded between two reports. */
const CHUNK = 16;
/** Bytes of decoded squares that are kept for the next time. */
const MOST_CACHED = 150e6;

/** What a data set of pictures was made for. */
export interface Eyes { network: Network; preprocess: Preprocess }

export class Albums {
  /** Squares as a network sees them, by the picture's content. */
  private squares = new Map<string, Uint8Array>();
  private cached = 0;
  private seenBy = "";
  /** What each open data set was made of. */
  private readonly made = new Map<string, string>();
  private readonly orders = new Map<string, string[]>();

  constructor(private readonly progress: (done: number, total: number) => void) {}

  /** Makes sure that the wasm object holds a project's pictures as this network sees them. */
  async open(lab: WasmLab, dataset: string, { network, preprocess }: Eyes): Promise<void> {
    const id = projectOf(dataset) ?? "";
    const project = await getProject(id);
    if (!project) throw new Error("This project is no longer in the browser: open another one.");
    const eyes = JSON.stringify([network, preprocess]);
    if (eyes !== this.seenBy) [this.squares, this.cached, this.seenBy] = [new Map(), 0, eyes];
    const pictures = (await listPictures(id)).sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.id < b.id ? -1 : 1));
    const classes = project.classes.filter((one) => pictures.some((picture) => picture.class === one.id));
    const made = JSON.stringify([eyes, classes, pictures.map(({ id, val }) => [id, val])]);
    if (this.made.get(dataset) === made) return;
    // The id of a label is the folder's name, as it is for data sets from files.
    lab.beginPictures(dataset, classes.map(({ name }) => ({ id: name, name })), network, preprocess);
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
          lab.addPicture(square, label, picture.val);
          if (picture.val) order.push(picture.id);
        }
      }
      this.progress(Math.min(from + CHUNK, pictures.length), pictures.length);
    }
    if (pictures.length > 0 && broken === pictures.length) throw new Error("None of the pictures could be read: add others.");
    lab.finishPictures();
    this.made.set(dataset, made);
    this.orders.set(dataset, order);
  }

  /** The pictures that are set apart, in the order of the data set's validation images. */
  order(dataset: string): string[] {
    return this.orders.get(dataset) ?? [];
  }

  private async decode(lab: WasmLab, pictures: PictureInfo[], preprocess: Preprocess): Promise<(Uint8Array | undefined)[]> {
    const missing = pictures.filter(({ hash }) => !this.squares.has(hash));
    const files = await getFiles(missing.map(({ hash }) => hash));
    const fresh = new Map<string, Uint8Array>();
    for (const [i, { hash }] of missing.entries()) {
      const file = files[i];
      try {
        if (file) fresh.set(hash, lab.square(file, preprocess));
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

/** Saves a run's state: first its weights into the file that is not in use, then the note that they are there. */
export async function keepProjectRun(run: Omit<ProjectRun, "file" | "bytes">, weights: Uint8Array): Promise<void> {
  try {
    const before = await getRun(run.project);
    const file = before?.file === "a" ? "b" : "a";
    await writeWeights(run.project, file, weights);
    await putRun({ ...run, file, bytes: weights.byteLength });
  } catch (error) {
    throw new Error(storageSentence(error));
  }
}

/** Puts a project's saved run into a slot. */
export async function resumeProjectRun(lab: WasmLab, albums: Albums, slot: number, id: string): Promise<RunInfo> {
  const [run, project] = await Promise.all([getRun(id), getProject(id)]);
  if (!run || !project) throw new Error("The saved run is no longer in this browser: train again.");
  const bytes = await readWeights(id, run.file, run.bytes);
  // The weights name the data set as it was called when they were saved.
  await albums.open(lab, run.options.dataset, run);
  return lab.resumeRun(slot, bytes);
}

