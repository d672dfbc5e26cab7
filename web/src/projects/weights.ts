/**
 * The weights of projects, in the origin's private file system (OPFS). The worker writes them
 * (`engine/worker/project-weights.ts`), page and worker read them.
 */
import { messageError } from "../errors/message";
import { WEIGHTS_FILES, type WeightsFile } from "./types";

const FOLDER = "projects";

export async function projectFolder(project: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  if (!navigator.storage?.getDirectory) throw messageError("engine.storageInsecure");
  const root = await navigator.storage.getDirectory();
  return (await root.getDirectoryHandle(FOLDER, { create })).getDirectoryHandle(project, { create });
}

/** Reads a project's file; throws where it is missing or its size is not `bytes`. */
export async function readWeights(project: string, file: WeightsFile, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const found = await fileOf(project, file);
  if (found?.size !== bytes) throw messageError("engine.projectNetworkGone");
  return new Uint8Array(await found.arrayBuffer());
}

async function fileOf(project: string, file: WeightsFile): Promise<File | undefined> {
  const handle = await projectFolder(project, false).then((f) => f.getFileHandle(file)).catch(() => undefined);
  return handle?.getFile();
}

/** Bytes of a project's files. */
export async function weightBytes(project: string): Promise<number> {
  const sizes = await Promise.all(WEIGHTS_FILES.map(async (file) => (await fileOf(project, file))?.size ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Deletes the files of a project other than `wanted`. */
export async function tidyWeights(project: string, wanted: readonly WeightsFile[]): Promise<void> {
  const own = await projectFolder(project, false).catch(() => undefined);
  for (const file of WEIGHTS_FILES) if (!wanted.includes(file)) await own?.removeEntry(file).catch(() => undefined);
}

export async function deleteWeights(project: string): Promise<void> {
  const root = await navigator.storage?.getDirectory?.();
  const all = await root?.getDirectoryHandle(FOLDER).catch(() => undefined);
  await all?.removeEntry(project, { recursive: true }).catch(() => undefined);
}
