/** The model in use: the shipped one until another is imported, named by the address, or trained. */
import type { ModelInfo } from "../generated/protocol";
import { modelState } from "../state/model.svelte";
import { sentence } from "../state/messages.svelte";
import type { Slot } from "./api";
import type { Client } from "./client";
import { fetchJson } from "./fetch";
import type { WorkerApi } from "./protocol";
import type { Remote } from "comlink";

/** One line of `models/index.json`, beside the files; the first is the shipped one. */
export interface ShippedModel { file: string; name: string; bytes?: number; about?: string }

/** How to get the model again in a fresh worker. */
type Source = { kind: "url"; url: string; bytes: number | undefined } | { kind: "bytes"; blob: Blob };

const NO_SHIPPED = "This site carries no trained network yet: train one on the Train page, or import a file on the Models page.";

export class Models {
  private source: Source | null = null;
  private loading: Promise<ModelInfo> | null = null;

  /** `address`: the model that the page's address names, "" for the shipped one. */
  constructor(private readonly client: Client, private readonly base: () => string, private readonly address: () => string) {}

  /** Resolves when a model is in use, downloading the one that the page starts with if need be. */
  async ensure(): Promise<ModelInfo> {
    if (modelState.info) return modelState.info;
    this.loading ??= (this.address() === "" ? this.useShipped() : this.useAddress(this.address())).finally(() => (this.loading = null));
    return this.loading;
  }

  async useShipped(): Promise<ModelInfo> {
    return this.change("shipped", "the shipped network", async () => {
      const index = await fetchJson<ShippedModel[]>(new URL("models/index.json", this.base()));
      const shipped = index?.[0];
      if (!shipped) throw new Error(NO_SHIPPED);
      modelState.name = shipped.name;
      return { kind: "url", url: new URL(`models/${shipped.file}`, this.base()).href, bytes: shipped.bytes };
    });
  }

  /** Makes a file the model in use; where it is not one, the old model stays. */
  async import(file: Blob, name: string): Promise<ModelInfo> {
    return this.change("file", name, async () => ({ kind: "bytes", blob: file }));
  }

  /** The run's network becomes the model in use. */
  async useRun(slot: Slot): Promise<ModelInfo> {
    const info = await this.client.call((remote) => remote.useRun(slot));
    const bytes = await this.client.call((remote) => remote.exportModel("alexnet"));
    this.source = { kind: "bytes", blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) };
    Object.assign(modelState, { status: "ready", info, name: "the network trained here", source: "run", progress: null, problem: "" });
    return info;
  }

  /** Gives a fresh worker the model that the old one had; where that fails there is none until it is asked for again. */
  async restore(remote: Remote<WorkerApi>): Promise<void> {
    if (modelState.status !== "ready" || !this.source) return;
    try {
      await this.load(this.source, remote);
    } catch (error) {
      Object.assign(modelState, { status: "failed", info: null, name: "", source: null, progress: null, problem: sentence(error) });
      throw error;
    }
  }

  private async useAddress(address: string): Promise<ModelInfo> {
    const url = new URL(address, this.base());
    return this.change("address", decodeURIComponent(url.pathname.split("/").at(-1) ?? address), async () => ({ kind: "url", url: url.href, bytes: undefined }));
  }

  private async change(source: "shipped" | "address" | "file", name: string, find: () => Promise<Source>): Promise<ModelInfo> {
    const before = { ...modelState };
    Object.assign(modelState, { status: "loading", name, progress: null, problem: "" });
    try {
      const found = await find();
      const info = await this.client.call((remote) => this.load(found, remote));
      this.source = found;
      Object.assign(modelState, { status: "ready", info, source, progress: null });
      return info;
    } catch (error) {
      // The model in use stays; where there was none, the page says why.
      Object.assign(modelState, before.info ? before : { status: "failed", problem: sentence(error), progress: null, name: "" });
      throw error;
    }
  }

  private async load(source: Source, remote: Remote<WorkerApi>): Promise<ModelInfo> {
    if (source.kind === "url") return remote.loadModel(source.url, source.bytes);
    const buffer = await source.blob.arrayBuffer().catch(() => {
      throw new Error("The file could not be read: it may have been moved or deleted, so choose it again.");
    });
    return remote.importModel(new Uint8Array(buffer));
  }
}

