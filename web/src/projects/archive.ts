/** A project as one ZIP: pictures in ImageFolder layout (`train/` and `val/`), `project.json`, `network.safetensors`. */
import { strFromU8, strToU8, unzipSync, Zip, ZipPassThrough } from "fflate";
import { foldersOf } from "./names";
import type { Results } from "./results";
import type { PictureInfo, Plan, Project } from "./types";

export const PROJECT_FILE = "project.json";
export const NETWORK_FILE = "network.safetensors";
/** fflate writes no ZIP64. */
const LARGEST = 4e9;
/** An archive may unpack to this many times its own size… */
const MOST_RATIO = 100;
/** …and to this much in any case. */
const FREE = 256 * 2 ** 20;

/** What `project.json` holds. */
export interface Description {
  format: "alexnet-lab-project";
  version: 1;
  name: string;
  /** In the order of the network's outputs. */
  classes: { name: string; folder: string }[];
  plan: Plan;
  /** What was found out about the network, where there is one. */
  trained: Partial<Results> | null;
}

/** What goes into the archive. */
export interface ArchiveContents {
  project: Project;
  pictures: readonly PictureInfo[];
  network: Uint8Array | null;
  trained: Results | null;
  /** The bytes of some pictures, in their order. */
  read: (hashes: string[]) => Promise<(Uint8Array | undefined)[]>;
  progress?: (done: number) => void;
}

/** Packs a project; pictures are compressed already and are stored as they are. */
export async function createArchive({ project, pictures, network, trained, read, progress }: ArchiveContents): Promise<Blob> {
  const total = pictures.reduce((sum, { bytes }) => sum + bytes, 0) + (network?.byteLength ?? 0);
  if (total > LARGEST) throw new Error("The project has more than 4 GB of pictures, which one ZIP does not hold: remove some, or export classes as projects of their own.");
  const folders = foldersOf(project.classes);
  let parts: BlobPart[] = [];
  let failed: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error) failed = error;
    else parts.push(chunk as Uint8Array<ArrayBuffer>);
  });
  const add = (path: string, bytes: Uint8Array) => {
    const file = new ZipPassThrough(path);
    // The same project gives the same bytes; ZIP's years begin in 1980.
    file.mtime = new Date(1980, 0, 1);
    zip.add(file);
    file.push(bytes, true);
  };
  const description: Description = {
    format: "alexnet-lab-project",
    version: 1,
    name: project.name,
    classes: project.classes.map(({ id, name }) => ({ name, folder: folders.get(id) ?? name })),
    plan: project.plan,
    trained,
  };
  add(PROJECT_FILE, strToU8(JSON.stringify(description, null, 1)));
  if (network) add(NETWORK_FILE, network);
  const taken = new Set<string>();
  for (let from = 0; from < pictures.length; from += 32) {
    const some = pictures.slice(from, from + 32);
    const files = await read(some.map(({ hash }) => hash));
    for (const [i, picture] of some.entries()) {
      const bytes = files[i];
      if (!bytes) throw new Error(`The picture “${picture.name}” is no longer in the browser's storage: remove it and export again.`);
      add(pathOf(picture, folders.get(picture.class) ?? "class", taken), bytes);
    }
    // Blobs may lie on the disk: the archive is never whole in this page's memory.
    if (parts.length > 512) parts = [new Blob(parts)];
    progress?.(Math.min(pictures.length, from + some.length));
    if (failed) throw failed;
  }
  zip.end();
  if (failed) throw failed;
  return new Blob(parts, { type: "application/zip" });
}

/** A picture's own name where it is free and plain, with its hash to tell namesakes apart. */
function pathOf(picture: PictureInfo, folder: string, taken: Set<string>): string {
  const split = picture.val ? "val" : "train";
  const dot = picture.name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [picture.name.slice(0, dot), picture.name.slice(dot).toLowerCase()] : [picture.name, ".jpg"];
  const plain = stem.replace(/^.*\//, "").replace(/[^\p{L}\p{N} _-]/gu, "_").slice(0, 60) || "picture";
  let path = `${split}/${folder}/${plain}${ending}`;
  if (taken.has(path.toLowerCase())) path = `${split}/${folder}/${plain}-${picture.hash.slice(0, 12)}${ending}`;
  taken.add(path.toLowerCase());
  return path;
}

/** An archive that was opened: what lies in it, and its content in portions. */
export interface OpenedArchive {
  paths: string[];
  description: Description | null;
  network: Uint8Array | null;
  read(paths: string[]): Uint8Array[];
}

const quoted = (name: string) => `The archive “${name}”`;

/** Opens a ZIP; only names are read until content is asked for. */
export async function openZip(file: Blob, name: string): Promise<OpenedArchive> {
  if (file.size > LARGEST / 2) throw new Error(`${quoted(name)} is larger than 2 GB, which this page cannot open: unpack it and drop its folder.`);
  const bytes = new Uint8Array(await file.arrayBuffer().catch(() => {
    throw new Error(`“${name}” could not be read: it may have been moved or deleted, so choose it again.`);
  }));
  const unzip = (wanted: (path: string, size: number) => boolean): Record<string, Uint8Array> => {
    try {
      return unzipSync(bytes, { filter: ({ name: path, originalSize }) => wanted(path, originalSize) });
    } catch {
      throw new Error(`${quoted(name)} is damaged, cut off or encrypted: make or download it again.`);
    }
  };
  const paths: string[] = [];
  let total = 0;
  unzip((path, size) => {
    total += size;
    if (!path.endsWith("/")) paths.push(path);
    return false;
  });
  if (total > Math.max(FREE, file.size * MOST_RATIO)) throw new Error(`${quoted(name)} unpacks to far more than pictures would: it is not used.`);
  const outside = paths.find((path) => path.startsWith("/") || path.split(/[/\\]/).includes(".."));
  if (outside !== undefined) throw new Error(`${quoted(name)} holds a file named “${outside.slice(0, 80)}”, which points outside of it: it is not used.`);
  const whole = (path: string) => (paths.includes(path) ? (unzip((other) => other === path)[path] ?? null) : null);
  const json = whole(PROJECT_FILE);
  const description = json && parse(strFromU8(json));
  return {
    paths,
    description,
    network: description ? whole(NETWORK_FILE) : null,
    read(some) {
      const wanted = new Set(some);
      const found = unzip((path) => wanted.has(path));
      return some.map((path) => found[path] ?? new Uint8Array());
    },
  };
}

/** A description that this page wrote, null for any other JSON. */
function parse(text: string): Description | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { format, version, name, classes } = (value ?? {}) as Partial<Description>;
  if (format !== "alexnet-lab-project") return null;
  if (version !== 1) throw new Error("This project was exported by a later version of the page: reload the page to get that, or export it again from there.");
  const named = Array.isArray(classes) && classes.every((one) => typeof one?.name === "string" && typeof one.folder === "string");
  if (typeof name !== "string" || !named) throw new Error("The project's description (project.json) is damaged: export the project again.");
  return value as Description;
}
