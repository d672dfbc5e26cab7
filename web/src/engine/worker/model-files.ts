/** The worker's model files: from this device where they were downloaded before, else downloaded. */
import { messageError } from "../../errors/message";
import { isStorageFull } from "../../errors/storage";
import type { DownloadedModel } from "../shared/protocol";
import { download, noRoomError, type DownloadProgress, type DownloadEnvironment, type Wanted } from "./download";
import { MemorySink, ModelStore, type FileSink } from "./model-store";

const around: DownloadEnvironment = {
  fetch: (url, init) => fetch(url, init),
  wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  now: () => performance.now(),
  online: () => navigator.onLine,
  room: async () => {
    const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
    return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage);
  },
  origin: self.location.origin,
};

let stop: AbortController | null = null;

/** Stops the download in progress; the part that has arrived stays. */
export const stopDownload = () => stop?.abort();

/** The file, disk-backed where the browser keeps files, and whether it was here already. */
export async function getModelFile(wanted: Wanted, report: (progress: DownloadProgress) => void): Promise<{ file: Blob; cached: boolean }> {
  const modelStore = await ModelStore.open();
  const cachedFile = await modelStore?.find(wanted.url);
  if (cachedFile) return { file: cachedFile, cached: true };
  if (stop) throw messageError("engine.downloadBusy");
  stop = new AbortController();
  try {
    if (!modelStore) {
      const sink = new MemorySink();
      await download(wanted, sink, stop.signal, report, { ...around, room: async () => undefined });
      return { file: sink.blob(), cached: false };
    }
    await fill(modelStore, wanted, stop.signal, report);
  } finally {
    stop = null;
  }
  const file = await modelStore.find(wanted.url);
  if (!file) throw messageError("engine.downloadRemoved");
  return { file, cached: false };
}

async function fill(modelStore: ModelStore, wanted: Wanted, signal: AbortSignal, report: (progress: DownloadProgress) => void): Promise<void> {
  let sink: FileSink | undefined;
  try {
    sink = await modelStore.write(wanted.url);
    const digest = await download(wanted, sink, signal, report, around);
    await sink.finish(digest);
    sink.close();
  } catch (error) {
    sink?.close();
    // A file without enough room cannot be completed; its part would only take room from others.
    const full = isStorageFull(error);
    if (full || sink?.size === 0) await modelStore.forget(wanted.url);
    throw full ? noRoomError(wanted.name, sink?.validators?.total ?? null) : error;
  }
}

/** Everything that is stored. */
export async function storage(): Promise<DownloadedModel[]> {
  return (await (await ModelStore.open())?.list()) ?? [];
}

/** Deletes files by their keys. */
export async function deleteModelFiles(keys: DownloadedModel["key"][]): Promise<void> {
  const modelStore = await ModelStore.open();
  for (const key of keys) await modelStore?.remove(key);
}

/** Deletes the file of an address. */
export async function deleteModelUrl(url: string): Promise<void> {
  await (await ModelStore.open())?.forget(url);
}
