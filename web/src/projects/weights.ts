/**
 * Weights of projects in the origin's private file system. Written by the worker, synchronously and in place, which is
 * quick enough for once a second; files in turn, so that a tab closed in the middle of writing leaves one whole.
 */
import { WEIGHTS_FILES, type WeightsFile } from "./types";

const FOLDER = "projects";
/** Not in TypeScript's DOM library, which knows no workers. */
interface SyncHandle { truncate(size: number): void; write(bytes: Uint8Array, options: { at: number }): number; close(): void }
interface Handle extends FileSystemFileHandle { createSyncAccessHandle(): Promise<SyncHandle> }

const GONE = "The network of this project is no longer in the browser: train it again.";

async function folder(project: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  if (!navigator.storage?.getDirectory) throw new Error("The browser keeps files only for pages opened through https or on this machine: open this page so to train on your pictures.");
  const root = await navigator.storage.getDirectory();
  return (await root.getDirectoryHandle(FOLDER, { create })).getDirectoryHandle(project, { create });
}

/** Replaces one of a project's files; only in a worker. */
export async function writeWeights(project: string, file: WeightsFile, bytes: Uint8Array): Promise<void> {
  const handle = (await (await folder(project, true)).getFileHandle(file, { create: true })) as Handle;
  const open = await handle.createSyncAccessHandle().catch((error: DOMException) => {
    if (error.name !== "NoModificationAllowedError") throw error;
    throw new Error("This project is being trained in another tab: close that one, or train another project here.");
  });
  try {
    open.truncate(bytes.byteLength);
    if (open.write(bytes, { at: 0 }) < bytes.byteLength) throw new DOMException("The file could not be written whole.", "QuotaExceededError");
  } finally {
    open.close();
  }
}

/** A project's file; a sentence where it is not there or shorter than it should be. */
export async function readWeights(project: string, file: WeightsFile, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const found = await fileOf(project, file);
  if (found?.size !== bytes) throw new Error(GONE);
  return new Uint8Array(await found.arrayBuffer());
}

async function fileOf(project: string, file: WeightsFile): Promise<File | undefined> {
  const handle = await folder(project, false).then((f) => f.getFileHandle(file)).catch(() => undefined);
  return handle?.getFile();
}

/** Bytes of a project's files. */
export async function weightBytes(project: string): Promise<number> {
  const sizes = await Promise.all(WEIGHTS_FILES.map(async (file) => (await fileOf(project, file))?.size ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Deletes files that hold nothing that is still wanted. */
export async function tidyWeights(project: string, wanted: readonly WeightsFile[]): Promise<void> {
  const own = await folder(project, false).catch(() => undefined);
  for (const file of WEIGHTS_FILES) if (!wanted.includes(file)) await own?.removeEntry(file).catch(() => undefined);
}

export async function deleteWeights(project: string): Promise<void> {
  const root = await navigator.storage?.getDirectory?.();
  const all = await root?.getDirectoryHandle(FOLDER).catch(() => undefined);
  await all?.removeEntry(project, { recursive: true }).catch(() => undefined);
}
