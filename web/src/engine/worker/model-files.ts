/** The worker's model files: kept on this device, else downloaded to it. */
import type { StoredModel } from "../shared/protocol";
import { download, isFull, noRoom, type DownloadProgress, type Surroundings, type Wanted } from "./download";
import { MemorySink, Shelf, type ShelfSink } from "./model-store";

const around: Surroundings = {
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
export async function modelFile(wanted: Wanted, report: (progress: DownloadProgress) => void): Promise<{ file: Blob; kept: boolean }> {
  const shelf = await Shelf.open();
  const kept = await shelf?.find(wanted.url);
  if (kept) return { file: kept, kept: true };
  if (stop) throw new Error("Another model is being downloaded: wait for it, or stop it first.");
  stop = new AbortController();
  try {
    if (!shelf) {
      const sink = new MemorySink();
      await download(wanted, sink, stop.signal, report, { ...around, room: async () => undefined });
      return { file: sink.blob(), kept: false };
    }
    await fill(shelf, wanted, stop.signal, report);
  } finally {
    stop = null;
  }
  const file = await shelf.find(wanted.url);
  if (!file) throw new Error("The downloaded file was removed before it could be read: start the download again.");
  return { file, kept: false };
}

async function fill(shelf: Shelf, wanted: Wanted, signal: AbortSignal, report: (progress: DownloadProgress) => void): Promise<void> {
  let sink: ShelfSink | undefined;
  try {
    sink = await shelf.write(wanted.url);
    const digest = await download(wanted, sink, signal, report, around);
    await sink.finish(digest);
    sink.close();
  } catch (error) {
    sink?.close();
    // What is without room will not become whole, and takes others' room.
    if (isFull(error) || sink?.size === 0) await shelf.forget(wanted.url);
    throw isFull(error) ? new Error(noRoom(wanted.name, sink?.validators?.total ?? null)) : error;
  }
}

/** Everything that is kept. */
export async function storage(): Promise<StoredModel[]> {
  return (await (await Shelf.open())?.list()) ?? [];
}

/** Forgets one file, or all of them. */
export async function forgetFiles(keys: StoredModel["key"][]): Promise<void> {
  const shelf = await Shelf.open();
  for (const key of keys) await shelf?.remove(key);
}

/** Forgets the file of an address. */
export async function forgetUrl(url: string): Promise<void> {
  await (await Shelf.open())?.forget(url);
}
