/** The model in use: the shipped one until another is imported, named by the address, or trained. */
import type { ModelInfo } from "../../generated/protocol";
import { modelState } from "../../state/model.svelte";
import { wrongViewMessage, isOnnx } from "../../state/file-kind";
import { message, messageError, messageOf, MessageError, type Message } from "../../errors/message";
import type { Accuracy, EngineSlot, Member, ModelHints, PublishedModel, DownloadedModel, WorkerApi } from "../shared/protocol";
import type { Client } from "./client";
import { urlFileName } from "../shared/url-file-name";
import { fetchJson } from "../shared/fetch";
import type { Remote } from "comlink";

/** One entry of `models/index.json`, beside the files: the first is the shipped model, `member`s are the other networks of the ensemble. */
export interface ShippedModel {
  file: string;
  name: string;
  bytes?: number;
  about?: string;
  member?: boolean;
  /** On images that it was not trained on, by `alexnet eval`. */
  measured?: Accuracy;
}

/** How to load the model again in a fresh worker: a file of this site, a file of any server, or a file in memory. */
type Source = { kind: "shipped"; url: string; bytes: number | undefined; measured: Accuracy | undefined } | { kind: "url"; url: string; hints: ModelHints } | { kind: "file"; blob: Blob };
/** `cached`: the file was on this device already. */
interface Loaded { info: ModelInfo; cached: boolean }

/** The name of the model that this project ships, as a message; a site with another model names it itself. */
function translatedName(name: string): Message | string {
  const [, network, classes] = /^(AlexNet \d+), (\d+) classes$/.exec(name) ?? [];
  return network !== undefined ? message("engine.nameWithClasses", { network, count: Number(classes) }) : name;
}

export class Models {
  private source: Source | null = null;
  private loading: Promise<ModelInfo> | null = null;
  private latest: Promise<unknown> = Promise.resolve();

  /** `page`: its `model` is the file that the page's address names, "" for the shipped one; it follows the model in use. */
  constructor(private readonly client: Client, private readonly base: () => string, private readonly page: { model: string }) {}

  /** Resolves when a model is in use; downloads the one that the page starts with if there is none. */
  async ensure(): Promise<ModelInfo> {
    if (modelState.info) return modelState.info;
    this.loading ??= this.begin().finally(() => (this.loading = null));
    return this.loading;
  }

  private async begin(): Promise<ModelInfo> {
    // A model that is being loaded comes before the one that the page's address still names.
    await this.latest;
    return modelState.info ?? (this.page.model === "" ? this.useShipped() : this.useUrl(this.page.model));
  }

  async useShipped(): Promise<ModelInfo> {
    return this.change("shipped", message("engine.nameShipped"), async () => {
      const { name, bytes, url, measured } = await this.shipped();
      modelState.loading = translatedName(name);
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
    if (!shipped) throw messageError("engine.noShippedModel");
    return { ...shipped, url: new URL(`models/${shipped.file}`, this.base()).href };
  }

  /** Makes a file the model in use; where it is not one, the old model stays. */
  async import(file: Blob, name: Message | string): Promise<ModelInfo> {
    return this.change("file", name, async () => ({ kind: "file", blob: file }));
  }

  /** The run's network becomes the model in use. */
  async useRun(slot: EngineSlot, name: Message | string = message("engine.nameTrained")): Promise<ModelInfo> {
    return this.inTurn(async () => {
      const info = await this.client.call((remote) => remote.useRun(slot));
      const bytes = await this.client.call((remote) => remote.exportModel("alexnet"));
      this.follow({ kind: "file", blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) });
      Object.assign(modelState, { status: "ready", info, measured: null, testResult: null, name, source: "run", cached: false, progress: null, problem: "" });
      return info;
    });
  }

  /** Gives a fresh worker the model of the old one. Where that fails there is no model until it is loaded again. */
  async restore(remote: Remote<WorkerApi>): Promise<void> {
    if (modelState.status !== "ready" || !this.source) return;
    try {
      await this.load(this.source, remote);
    } catch (error) {
      Object.assign(modelState, { status: "failed", info: null, measured: null, name: "", source: null, progress: null, problem: messageOf(error) });
      throw error;
    }
  }

  async useUrl(address: string, hints?: ModelHints): Promise<ModelInfo> {
    const url = webAddress(address, this.base());
    const name = urlFileName(url);
    if (isOnnx(name)) throw messageError("engine.onnxNotRead");
    return this.change("address", hints?.name ?? name, async () => {
      const known = hints ?? (await this.known()).find((one) => one.url === url) ?? {};
      modelState.loading = known.name ?? name;
      return { kind: "url", url, hints: known };
    });
  }

  /** Deletes downloaded files from this device. The model in use stays, but the page's address no longer names its file. */
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

  /** The published weights, to recognise a file by; empty where their list cannot be loaded. */
  private known(): Promise<PublishedModel[]> {
    return this.published().catch(() => []);
  }

  /** Whether the page's address names this file, in whatever spelling. */
  private names(url: string): boolean {
    try {
      return webAddress(this.page.model, this.base()) === url;
    } catch {
      return false;
    }
  }

  /** Stores where the model in use came from; the page's address names it where it has a URL. */
  private follow(source: Source): void {
    this.source = source;
    this.page.model = source.kind === "url" ? source.url : "";
  }

  private change(source: "shipped" | "address" | "file", name: Message | string, find: () => Promise<Source>): Promise<ModelInfo> {
    return this.inTurn(() => this.replace(source, name, find));
  }

  /** Changes of the model happen in the order in which they were asked for, so that the latest one wins; it stops a download in progress. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const stopped = modelState.stoppable ? this.stop() : undefined;
    const mine = Promise.all([this.latest, stopped]).then(work);
    this.latest = mine.catch(() => undefined);
    return mine;
  }

  private async replace(source: "shipped" | "address" | "file", name: Message | string, find: () => Promise<Source>): Promise<ModelInfo> {
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
      const wrongView = source === "file" && typeof name === "string" ? wrongViewMessage(name, "models") : null;
      const reason = wrongView === null ? error : new MessageError(wrongView);
      // The model in use stays; where there was none, the page says why.
      Object.assign(modelState, before.info ? before : { status: "failed", problem: messageOf(reason), progress: null, name: "", stoppable: false });
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

/** A host name and a path, as people type addresses: `example.org/net.pth`; `v1.5/net.pth` is only a path. */
const WITHOUT_SCHEME = /^([\w-]+\.)+[a-z]{2,}(:\d+)?\//i;

/** The full URL of a model file. */
function webAddress(address: string, base: string): string {
  const written = address.trim();
  const whole = WITHOUT_SCHEME.test(written) ? `https://${written}` : written;
  const url = URL.canParse(whole, base) ? new URL(whole, base) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw messageError("engine.modelAddressInvalid", { address });
  return url.href;
}
