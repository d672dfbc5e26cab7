/**
 * Writes the weights of projects, synchronously and in place, which is fast enough for once a second. The files are
 * written in turn, so one is always complete, even when the tab is closed during a write.
 */
import { messageError } from "../../errors/message";
import { QUOTA_EXCEEDED } from "../../errors/storage";
import { projectFolder } from "../../projects/weights";
import type { WeightsFile } from "../../projects/types";

/** Replaces one of a project's files. */
export async function writeWeights(project: string, file: WeightsFile, bytes: Uint8Array): Promise<void> {
  const handle = await (await projectFolder(project, true)).getFileHandle(file, { create: true });
  const open = await handle.createSyncAccessHandle().catch((error: DOMException) => {
    if (error.name !== "NoModificationAllowedError") throw error;
    throw messageError("engine.projectBusy");
  });
  try {
    open.truncate(bytes.byteLength);
    if (open.write(bytes, { at: 0 }) < bytes.byteLength) throw new DOMException("", QUOTA_EXCEEDED);
  } finally {
    open.close();
  }
}
