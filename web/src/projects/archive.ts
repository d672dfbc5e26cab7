/** A project as one ZIP: pictures in ImageFolder layout (`train/` and `val/`), `project.json`, `network.safetensors`. */
import { strFromU8, strToU8, unzipSync, Zip, ZipPassThrough } from "fflate";
import { messageError } from "../errors/message";
import { foldersOf } from "./names";
import type { Results } from "./results";
import type { PictureInfo, Plan, Project } from "./types";

export const PROJECT_FILE = "project.json";
export const NETWORK_FILE = "network.safetensors";
/** fflate cannot write ZIP64. */
const LARGEST = 4e9;
/** An archive may unpack to this many times its own size, */
const MOST_RATIO = 100;
/** and to this many bytes in any case. */
const FREE = 256 * 2 ** 20;

/** What `project.json` holds. */
export interface Description {
  format: "alexnet-lab-project";
  version: 1;
  name: string;
  /** In the order of the network's outputs. */
  classes: { name: string; folder: string }[];
  plan: Plan;
  /** The evaluation of the network, where there is one. */
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
}

/** Packs a project. Pictures are compressed already, so they are stored uncompressed. */
export async function createArchive({ project, pictures, network, trained, read }: ArchiveContents): Promise<Blob> {
  const total = pictures.reduce((sum, { bytes }) => sum + bytes, 0) + (network?.byteLength ?? 0);
  if (total > LARGEST) throw messageError("engine.projectTooLarge");
  const folders = foldersOf(project.classes);
  let parts: BlobPart[] = [];
  let failed: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error) failed = error;
    else parts.push(chunk as Uint8Array<ArrayBuffer>);
  });
  const add = (path: string, bytes: Uint8Array) => {
    const file = new ZipPassThrough(path);
    // A fixed date, so that the same project gives the same bytes. ZIP dates start in 1980.
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
      if (!bytes) throw messageError("engine.pictureGone", { name: picture.name });
      add(pathOf(picture, folders.get(picture.class) ?? "class", taken), bytes);
    }
    // The browser may store blobs on disk, so the archive is never whole in the page's memory.
    if (parts.length > 512) parts = [new Blob(parts)];
    if (failed) throw failed;
  }
  zip.end();
  if (failed) throw failed;
  return new Blob(parts, { type: "application/zip" });
}

/** The path of a picture: its name without special characters, with its hash where the name is taken. */
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

/** An open archive: the paths in it, and its files on demand. */
export interface OpenedArchive {
  paths: string[];
  description: Description | null;
  network: Uint8Array | null;
  read(paths: string[]): Uint8Array[];
}

/** Opens a ZIP; only the paths are read until `read` is called. */
export async function openZip(file: Blob, name: string): Promise<OpenedArchive> {
  if (file.size > LARGEST / 2) throw messageError("engine.archiveTooLarge", { name });
  const bytes = new Uint8Array(await file.arrayBuffer().catch(() => {
    throw messageError("engine.namedFileUnreadable", { name });
  }));
  const unzip = (wanted: (path: string, size: number) => boolean): Record<string, Uint8Array> => {
    try {
      return unzipSync(bytes, { filter: ({ name: path, originalSize }) => wanted(path, originalSize) });
    } catch {
      throw messageError("engine.archiveDamaged", { name });
    }
  };
  const paths: string[] = [];
  let total = 0;
  unzip((path, size) => {
    total += size;
    if (!path.endsWith("/")) paths.push(path);
    return false;
  });
  if (total > Math.max(FREE, file.size * MOST_RATIO)) throw messageError("engine.archiveTooMuch", { name });
  const outside = paths.find((path) => path.startsWith("/") || path.split(/[/\\]/).includes(".."));
  if (outside !== undefined) throw messageError("engine.archiveOutside", { name, path: outside.slice(0, 80) });
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

/** A description that this page wrote; null for any other JSON. */
function parse(text: string): Description | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { format, version, name, classes } = (value ?? {}) as Partial<Description>;
  if (format !== "alexnet-lab-project") return null;
  if (version !== 1) throw messageError("engine.projectVersion");
  const named = Array.isArray(classes) && classes.every((one) => typeof one?.name === "string" && typeof one.folder === "string");
  if (typeof name !== "string" || !named) throw messageError("engine.projectDamaged");
  return value as Description;
}
