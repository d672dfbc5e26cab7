/** The worker's model files: from this device where they were downloaded before, else downloaded. */
import type { DownloadedModel } from "../shared/protocol";
import { download, isFull, storageFullMessage, type DownloadProgress, type DownloadEnvironment, type Wanted } from "./download";
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

/** Gives up the download in progress; its part stays. */
export const stopDownload = () => stop?.abort();

/** The file, disk-backed where the browser keeps files, and whether it was here already. */
export async function getModelFile(wanted: Wanted, report: (progress: DownloadProgress) => void): Promise<{ file: Blob; cached: boolean }> {
  const modelStore = await ModelStore.open();
  const cachedFile = await modelStore?.find(wanted.url);
  if (cachedFile) return { file: cachedFile, cached: true };
  if (stop) throw new Error("Another model is being downloaded: wait for it, or stop it first.");
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
  if (!file) throw new Error("The downloaded file was removed before it could be read: start the download again.");
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
    // What is without room will not become whole, and takes others' room.
    if (isFull(error) || sink?.size === 0) await modelStore.forget(wanted.url);
    throw isFull(error) ? new Error(storageFullMessage(wanted.name, sink?.validators?.total ?? null)) : error;
  }
}

/** Everything that is stored. */
export async function storage(): Promise<DownloadedModel[]> {
  return (await (await ModelStore.open())?.list()) ?? [];
}

/** Forgets one file, or all of them. */
export async function deleteModelFiles(keys: DownloadedModel["key"][]): Promise<void> {
  const modelStore = await ModelStore.open();
  for (const key of keys) await modelStore?.remove(key);
}

/** Forgets the file of an address. */
export async function deleteModelUrl(url: string): Promise<void> {
  await (await ModelStore.open())?.forget(url);
}
