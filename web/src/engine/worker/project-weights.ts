/**
 * Writes the weights of projects, synchronously and in place: fast enough for once a second. Files are written in turn,
 * so one is always complete, also when the tab is closed in the middle of writing.
 */
import { projectFolder } from "../../projects/weights";
import type { WeightsFile } from "../../projects/types";

/** Replaces one of a project's files. */
export async function writeWeights(project: string, file: WeightsFile, bytes: Uint8Array): Promise<void> {
  const handle = await (await projectFolder(project, true)).getFileHandle(file, { create: true });
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
