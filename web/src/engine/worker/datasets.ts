/** The worker's datasets: listed by an index file or imported by the visitor, opened when a run uses them. */
import { message, messageError } from "../../errors/message";
import type { DatasetChoice } from "../shared/protocol";
import type { DatasetInfo } from "../shared/wasm-types";
import { fetchJson, fetchOk } from "../shared/fetch";
import { readAll } from "./read-files";
import { fromRust } from "./rust-error";
import type { ShardManifest, WasmLab } from "./wasm-api";

/** What takes a data set: the lab, or the experiments. */
export type Takes = Pick<WasmLab, "addShards" | "importData">;

/** One entry of `data/index.json`, which the build writes; paths are relative to the index. */
interface IndexEntry {
  id: string;
  name: string;
  /** `shards`: `file` is a manifest; `archive`: an archive as a visitor could bring it. */
  kind: "shards" | "archive";
  file: string;
}

/** A dataset that may not be open yet. */
interface Source {
  choice: DatasetChoice;
  /** Gives the data to the wasm object, for a network's input size. */
  open(lab: Takes, network: string): Promise<void>;
  /** Shards are stored at one size; archives are decoded at the network's. */
  perNetwork: boolean;
}

type RunDownload = <T>(work: () => Promise<T>) => Promise<T>;

export class Datasets {
  private readonly sources = new Map<string, Source>();
  /** The network that each open dataset was decoded for ("" for shards). */
  private readonly opened = new Map<string, string>();
  private index: Promise<void> | undefined;

  /** `download`: runs each download. */
  constructor(private readonly base: string, private readonly download: RunDownload = (work) => work()) {}

  async list(): Promise<DatasetChoice[]> {
    await this.readIndex();
    return [...this.sources.values()].map(({ choice }) => choice).sort((a, b) => Number(b.builtIn) - Number(a.builtIn));
  }

  /** Makes sure that the wasm object holds a dataset before a run is configured on it. */
  async open(lab: Takes, id: string, network: string): Promise<void> {
    if (!this.sources.has(id)) await this.readIndex();
    const source = this.sources.get(id);
    if (!source) {
      const names = [...this.sources.keys()].map((name) => message("engine.quoted", { name }));
      throw names.length > 0 ? messageError("engine.datasetUnknown", { name: id, names }) : messageError("engine.datasetUnknownOnly", { name: id });
    }
    const decodedFor = source.perNetwork ? network : "";
    if (this.opened.get(id) === decodedFor) return;
    await source.open(lab, network);
    this.opened.set(id, decodedFor);
  }

  /** The wasm object holds no data set any more: the next one is opened again. */
  close(): void {
    this.opened.clear();
  }

  /** Decodes files that the visitor imported; they stay with the tab, for a network of another size. */
  async import(lab: Takes, name: string, files: File[], network: string): Promise<DatasetChoice> {
    const { read, unread } = await readAll(files);
    const info = fromInfo(await lab.importData(name, read, network));
    const choice: DatasetChoice = { ...info, skipped: [...unread, ...info.skipped], name, licence: "", origin: message("engine.datasetOwnOrigin"), builtIn: false };
    this.registerDataset(choice, files);
    this.opened.set(choice.id, network);
    return choice;
  }

  /** Registers a dataset without reading it. */
  registerDataset(choice: DatasetChoice, files: File[]): void {
    this.sources.set(choice.id, {
      choice,
      perNetwork: true,
      open: async (lab, network) => void (await lab.importData(choice.id, (await readAll(files)).read, network)),
    });
  }

  private readIndex(): Promise<void> {
    this.index ??= this.fetchIndex().catch((error: unknown) => {
      this.index = undefined;
      throw error;
    });
    return this.index;
  }

  private async fetchIndex(): Promise<void> {
    const url = new URL("data/index.json", this.base);
    const entries = (await fetchJson<IndexEntry[]>(url)) ?? [];
    const read = entries.map((entry) => (entry.kind === "shards" ? shards(new URL(entry.file, url), this.download) : archive(entry, new URL(entry.file, url), this.download)));
    for (const source of await Promise.all(read)) {
      if (source) this.sources.set(source.choice.id, source);
    }
  }
}

const fromInfo = (info: DatasetInfo) => ({ ...info, skipped: info.skipped.map(fromRust), notes: (info.notes ?? []).map(fromRust) });

let fetchFailure: unknown;

/** Why the last shard could not be downloaded; the wasm module only knows that it failed. */
export function takeFetchFailure(): unknown {
  const failure = fetchFailure;
  fetchFailure = undefined;
  return failure;
}

/** A dataset that is streamed shard by shard as the run needs it. */
async function shards(url: URL, download: RunDownload): Promise<Source | null> {
  const manifest = await fetchJson<ShardManifest>(url);
  if (!manifest) return null;
  const { id, name, labels, size, licence, origin, train, val } = manifest;
  const count = (list: { images: number }[]) => list.reduce((sum, { images }) => sum + images, 0);
  const fetchShard = async (file: string) => {
    try {
      return await download(async () => {
        const response = await fetchOk(new URL(file, url), message("engine.whatDatasetPart", { name }));
        return new Uint8Array(await response.arrayBuffer());
      });
    } catch (error) {
      fetchFailure = error;
      throw error;
    }
  };
  return {
    choice: { id, name, labels, size, licence, origin, trainImages: count(train), valImages: count(val), builtIn: true, skipped: [], notes: [] },
    perNetwork: false,
    open: async (lab) => void lab.addShards(manifest, fetchShard),
  };
}

/** An archive beside the page; its content is known once it is opened. */
function archive({ id, name }: IndexEntry, url: URL, download: RunDownload): Source {
  const choice: DatasetChoice = { id, name, labels: [], size: 0, licence: "", origin: url.pathname, trainImages: 0, valImages: 0, builtIn: true, skipped: [], notes: [] };
  return {
    choice,
    perNetwork: true,
    open: async (lab, network) => {
      const bytes = await download(async () => new Uint8Array(await (await fetchOk(url, message("engine.whatDataset", { name }))).arrayBuffer()));
      Object.assign(choice, fromInfo(await lab.importData(id, [{ path: url.pathname.split("/").at(-1) ?? id, bytes }], network)));
    },
  };
}
