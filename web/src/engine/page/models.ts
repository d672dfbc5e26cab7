/** The model in use: the shipped one until another is imported, named by the address, or trained. */
import type { ModelInfo } from "../../generated/protocol";
import { modelState } from "../../state/model.svelte";
import { wrongViewMessage, isOnnx, NO_ONNX } from "../../state/file-kind";
import { errorText } from "../../errors/message";
import type { Accuracy, EngineSlot, Member, ModelHints, PublishedModel, DownloadedModel, WorkerApi } from "../shared/protocol";
import type { Client } from "./client";
import { urlFileName } from "../shared/url-file-name";
import { fetchJson } from "../shared/fetch";
import type { Remote } from "comlink";

/** One line of `models/index.json`, beside the files: the first is the shipped one, `member`s are asked beside it. */
export interface ShippedModel {
  file: string;
  name: string;
  bytes?: number;
  about?: string;
  member?: boolean;
  /** On images that it was not trained on, by `alexnet eval`. */
  measured?: Accuracy;
}

/** How to get the model again in a fresh worker: a file of the page's own, one of any server, or one at hand. */
type Source = { kind: "shipped"; url: string; bytes: number | undefined; measured: Accuracy | undefined } | { kind: "url"; url: string; hints: ModelHints } | { kind: "file"; blob: Blob };
/** `cached`: the file was on this device already. */
interface Loaded { info: ModelInfo; cached: boolean }

const NO_SHIPPED = "This site carries no trained network yet: train one on the Train page, or import a file on the Models page.";

export class Models {
  private source: Source | null = null;
  private loading: Promise<ModelInfo> | null = null;
  private latest: Promise<unknown> = Promise.resolve();

  /** `page`: its `model` is the file that the page's address names, "" for the shipped one; it follows the model in use. */
  constructor(private readonly client: Client, private readonly base: () => string, private readonly page: { model: string }) {}

  /** Resolves when a model is in use, downloading the one that the page starts with if need be. */
  async ensure(): Promise<ModelInfo> {
    if (modelState.info) return modelState.info;
    this.loading ??= this.begin().finally(() => (this.loading = null));
    return this.loading;
  }

  private async begin(): Promise<ModelInfo> {
    // A choice that is under way comes before what the page's address still names.
    await this.latest;
    return modelState.info ?? (this.page.model === "" ? this.useShipped() : this.useUrl(this.page.model));
  }

  async useShipped(): Promise<ModelInfo> {
    return this.change("shipped", "the shipped network", async () => {
      const { name, bytes, url, measured } = await this.shipped();
      modelState.loading = name;
      return { kind: "shipped", url, bytes, measured };
    });
  }

  async members(): Promise<Member[]> {
    const index = (await fetchJson<ShippedModel[]>(new URL("models/index.json", this.base()))) ?? [];
    return index.filter(({ member }) => member).map(({ file, name, bytes }) => ({ file, name, bytes, url: new URL(`models/${file}`, this.base()).href }));
  }

  /** Where the shipped network lies. */
  async shippedUrl(): Promise<string> {
    return (await this.shipped()).url;
  }

  private async shipped(): Promise<ShippedModel & { url: string }> {
    const index = await fetchJson<ShippedModel[]>(new URL("models/index.json", this.base()));
    const shipped = index?.[0];
    if (!shipped) throw new Error(NO_SHIPPED);
    return { ...shipped, url: new URL(`models/${shipped.file}`, this.base()).href };
  }

  /** Makes a file the model in use; where it is not one, the old model stays. */
  async import(file: Blob, name: string): Promise<ModelInfo> {
    return this.change("file", name, async () => ({ kind: "file", blob: file }));
  }

  /** The run's network becomes the model in use. */
  async useRun(slot: EngineSlot, name = "the network trained here"): Promise<ModelInfo> {
    const info = await this.client.call((remote) => remote.useRun(slot));
    const bytes = await this.client.call((remote) => remote.exportModel("alexnet"));
    this.follow({ kind: "file", blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) });
    Object.assign(modelState, { status: "ready", info, measured: null, testResult: null, name, source: "run", cached: false, progress: null, problem: "" });
    return info;
  }

  /** Gives a fresh worker the model that the old one had; where that fails there is none until it is asked for again. */
  async restore(remote: Remote<WorkerApi>): Promise<void> {
    if (modelState.status !== "ready" || !this.source) return;
    try {
      await this.load(this.source, remote);
    } catch (error) {
      Object.assign(modelState, { status: "failed", info: null, measured: null, name: "", source: null, progress: null, problem: errorText(error) });
      throw error;
    }
  }

  async useUrl(address: string, hints?: ModelHints): Promise<ModelInfo> {
    const url = webAddress(address, this.base());
    const name = urlFileName(url);
    if (isOnnx(name)) throw new Error(NO_ONNX);
    return this.change("address", hints?.name ?? name, async () => {
      const known = hints ?? (await this.known()).find((one) => one.url === url) ?? {};
      modelState.loading = known.name ?? name;
      return { kind: "url", url, hints: known };
    });
  }

  /** Removes downloaded files from this device; the model in use stays, but the page's address would fetch its file again. */
  async forget(files: readonly DownloadedModel[]): Promise<void> {
    await this.client.call((remote) => remote.deleteModelFiles(files.map(({ key }) => key)));
    if (files.some(({ url }) => this.names(url))) this.page.model = "";
  }

  async stop(): Promise<void> {
    await this.client.call((remote) => remote.stopDownload());
  }

  async published(): Promise<PublishedModel[]> {
    const list = (await fetchJson<PublishedModel[]>(new URL("generated/weights.json", this.base()))) ?? [];
    return list.map((one) => ({ ...one, url: new URL(one.url, this.base()).href }));
  }

  /** The published weights, to recognise one by; none where their list cannot be had. */
  private known(): Promise<PublishedModel[]> {
    return this.published().catch(() => []);
  }

  /** Whether the page's address names this file, however it is spelt there. */
  private names(url: string): boolean {
    try {
      return webAddress(this.page.model, this.base()) === url;
    } catch {
      return false;
    }
  }

  /** Notes where the model in use came from; the page's address tells what of it a link can tell. */
  private follow(source: Source): void {
    this.source = source;
    this.page.model = source.kind === "url" ? source.url : "";
  }

  /** One after another, so that the latest wish is the one that stays; a download under way gives way to it. */
  private async change(source: "shipped" | "address" | "file", name: string, find: () => Promise<Source>): Promise<ModelInfo> {
    if (modelState.stoppable) await this.stop();
    const mine = this.latest.then(() => this.replace(source, name, find));
    this.latest = mine.catch(() => undefined);
    return mine;
  }

  private async replace(source: "shipped" | "address" | "file", name: string, find: () => Promise<Source>): Promise<ModelInfo> {
    const before = { ...modelState };
    Object.assign(modelState, { status: "loading", loading: name, progress: null, problem: "", stoppable: source === "address" });
    try {
      const found = await find();
      const { info, cached } = await this.client.call((remote) => this.load(found, remote));
      this.follow(found);
      const measured = found.kind === "shipped" ? (found.measured ?? null) : null;
      Object.assign(modelState, { status: "ready", info, measured, testResult: null, name: modelState.loading, source, cached, progress: null, stoppable: false });
      return info;
    } catch (error) {
      const pointed = source === "file" ? wrongViewMessage(name, "models") : null;
      const reason = pointed === null ? error : new Error(pointed);
      // The model in use stays; where there was none, the page says why.
      Object.assign(modelState, before.info ? before : { status: "failed", problem: errorText(reason), progress: null, name: "", stoppable: false });
      throw reason;
    }
  }

  private async load(source: Source, remote: Remote<WorkerApi>): Promise<Loaded> {
    switch (source.kind) {
      case "shipped":
        return { info: await remote.loadModel(source.url, source.bytes), cached: false };
      case "url":
        return remote.loadModelFromUrl(source.url, source.hints, await this.known());
      case "file":
        return { info: await remote.importFile(source.blob, await this.known()), cached: false };
    }
  }
}

/** A server's name and a path, as people write addresses down: `example.org/net.pth`, where `v1.5/net.pth` is a path. */
const WITHOUT_SCHEME = /^([\w-]+\.)+[a-z]{2,}(:\d+)?\//i;

/** An address that a model can be fetched from, in full. */
function webAddress(address: string, base: string): string {
  const written = address.trim();
  const whole = WITHOUT_SCHEME.test(written) ? `https://${written}` : written;
  const url = URL.canParse(whole, base) ? new URL(whole, base) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error(`“${address}” is no address of a file on the web: it should look like https://example.org/alexnet.safetensors.`);
  return url.href;
}
