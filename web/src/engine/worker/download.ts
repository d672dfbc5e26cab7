/** A large file from another server into a sink: resumed where it broke off, checked against its hash, or one sentence. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { megabytes } from "../../ui/format";
import { Rate } from "../shared/throughput";

/** What a server says of a file, to tell whether it still is the same one. */
export interface Validators {
  etag: string | null;
  modified: string | null;
  /** Bytes of the whole file, where the server tells. */
  total: number | null;
}

/** Where the bytes go; what is there already came with `validators`. */
export interface Sink {
  readonly size: number;
  readonly validators: Validators | null;
  /** Empties it for a file of these validators. */
  begin(validators: Validators): void | Promise<void>;
  append(bytes: Uint8Array): void;
  /** Hands on what is there, piece by piece. */
  replay(use: (bytes: Uint8Array) => void): void;
}

/** What is wanted. */
export interface Wanted {
  url: string;
  /** What a person calls it. */
  name: string;
  /** SHA-256 in hexadecimal, or its beginning. */
  sha256?: string | undefined;
}

export interface DownloadProgress { loaded: number; total: number | undefined; secondsLeft?: number | undefined }

/** What the download needs of the browser; tests give their own. */
export interface DownloadEnvironment {
  fetch(url: string, init: RequestInit): Promise<Response>;
  wait(milliseconds: number): Promise<void>;
  now(): number;
  /** False where the browser knows that it is offline. */
  online(): boolean;
  /** Bytes that may still be stored; undefined where nobody knows. */
  room(): Promise<number | undefined>;
  /** The page's own origin, whose server may be asked with every header. */
  origin: string;
}

/** A download that the visitor stopped. */
export class Stopped extends Error {
  override name = "Stopped";
}

/** The connection, not the file, is at fault: another attempt may go on. */
class Broken extends Error {}

/** Attempts without a byte of progress before giving up; what is there is kept. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;
/** A connection that is silent for so long has broken. */
const SILENCE_MS = 30_000;
/** More than any AlexNet with its optimiser's state in double precision. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** The beginning of a file's SHA-256 that its name carries, as torch.hub's names do: `alexnet-owt-7be5be79.pth`. */
export function hashInName(url: string): string | undefined {
  return /-([0-9a-f]{8,64})\.\w+$/.exec(new URL(url).pathname)?.[1];
}

/** Fills the sink; gives the whole file's SHA-256. What arrived before a failure stays in the sink, for the next try. */
export async function download(wanted: Wanted, sink: Sink, signal: AbortSignal, report: (progress: DownloadProgress) => void, around: DownloadEnvironment): Promise<string> {
  const task = new Task(wanted, sink, signal, report, around);
  await task.run();
  const digest = task.digest();
  const expected = (wanted.sha256 ?? hashInName(wanted.url))?.toLowerCase();
  if (expected && !digest.startsWith(expected)) {
    await sink.begin({ etag: null, modified: null, total: null });
    throw new Error(`What arrived is not “${wanted.name}” as it was published (its SHA-256 begins with ${digest.slice(0, 8)}, not ${expected.slice(0, 8)}), so it was thrown away: try again, or use another source.`);
  }
  return digest;
}

class Task {
  private hash = sha256.create();
  private hashed = 0;
  private readonly rate = new Rate();
  private plain = false;

  constructor(
    private readonly wanted: Wanted,
    private readonly sink: Sink,
    private readonly signal: AbortSignal,
    private readonly tell: (progress: DownloadProgress) => void,
    private readonly around: DownloadEnvironment,
  ) {}

  digest(): string {
    return bytesToHex(this.hash.digest());
  }

  async run(): Promise<void> {
    for (let failures = 0; ; ) {
      const before = this.sink.size;
      try {
        if (await this.attempt()) return this.catchUp();
      } catch (error) {
        if (this.signal.aborted) throw new Stopped(`The download of “${this.wanted.name}” was stopped at ${this.sofar()}: started again, it goes on from there.`);
        if (!(error instanceof Broken)) throw error;
        failures = this.sink.size > before ? 1 : failures + 1;
        if (failures >= ATTEMPTS || (this.sink.size === 0 && failures > 1)) throw await this.unreachable(error);
        await this.around.wait(FIRST_WAIT_MS * 2 ** failures);
      }
    }
  }

  /** One request; false where the next one has to begin anew. */
  private async attempt(): Promise<boolean> {
    const { sink } = this;
    const from = this.plain ? 0 : sink.size;
    if (from > 0 && sink.validators?.total === from) return true;
    const request = new AbortController();
    const abort = () => request.abort();
    this.signal.addEventListener("abort", abort);
    if (this.signal.aborted) abort();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onData = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
    };
    onData();
    try {
      const init = { headers: this.headers(from), cache: "no-store", signal: request.signal } as const;
      const response = await this.around.fetch(this.wanted.url, init).catch((error: unknown) => {
        // A server of another origin may refuse a part while it gives the whole.
        this.plain = from > 0 && this.foreign;
        throw new Broken(String(error));
      });
      this.plain = false;
      if (response.status === 416) return this.again();
      this.refuse(response);
      const said = validators(response, from);
      if (response.status === 206) {
        if (!this.goesOn(response, said, from)) return this.again();
      } else {
        await this.begin(said);
      }
      await this.receive(response, onData);
      return true;
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", abort);
      // What is left of an answer that is of no use.
      abort();
    }
  }

  private async again(): Promise<false> {
    await this.begin({ etag: null, modified: null, total: null });
    return false;
  }

  private async begin(said: Validators): Promise<void> {
    const { name } = this.wanted;
    if ((said.total ?? 0) > MAX_MODEL_BYTES) throw new Error(`“${name}” has ${megabytes(said.total ?? 0)}, far more than an AlexNet: choose another file.`);
    await this.sink.begin(said);
    [this.hash, this.hashed] = [sha256.create(), 0];
    const room = await this.around.room();
    if (room !== undefined && said.total !== null && said.total > room) throw Object.assign(new Error(storageFullMessage(name, said.total)), { name: FULL });
  }

  private headers(from: number): Record<string, string> {
    if (from === 0) return {};
    const { etag, modified } = this.sink.validators ?? {};
    // If-Range would make the browser ask a foreign server's permission first; there the answer is compared instead.
    const same = this.foreign ? null : etag && !etag.startsWith("W/") ? etag : modified;
    return { Range: `bytes=${from}-`, ...(same ? { "If-Range": same } : {}) };
  }

  private get foreign(): boolean {
    return new URL(this.wanted.url).origin !== this.around.origin;
  }

  private refuse(response: Response): void {
    const { status } = response;
    if (status === 429 || status >= 500) throw new Broken(`status ${status}`);
    const html = (response.headers.get("content-type") ?? "").startsWith("text/html");
    if (response.ok && !html) return;
    const answer = response.ok ? "a web page in its place" : `status ${status}`;
    throw new Error(`The model is not there: the server answered with ${answer} for ${new URL(this.wanted.url).pathname}.`);
  }

  /** Whether a part is the next one of the same file. */
  private goesOn(response: Response, said: Validators, from: number): boolean {
    const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
    const known = this.sink.validators;
    const same = <T>(a: T | null | undefined, b: T | null) => a === null || a === undefined || b === null || a === b;
    return (start === undefined || Number(start) === from) && same(known?.etag, said.etag) && same(known?.modified, said.modified) && same(known?.total, said.total);
  }

  private async receive(response: Response, onData: () => void): Promise<void> {
    const reader = response.body?.getReader();
    let at = this.around.now();
    for (;;) {
      const part = await reader?.read().catch((error: unknown) => {
        throw new Broken(String(error));
      });
      if (!part || part.done) break;
      onData();
      this.catchUp();
      this.sink.append(part.value);
      this.hash.update(part.value);
      this.hashed += part.value.byteLength;
      const now = this.around.now();
      this.rate.add(part.value.byteLength, (now - at) / 1000);
      at = now;
      this.report();
    }
    const total = this.sink.validators?.total ?? null;
    if (total !== null && this.sink.size < total) throw new Broken("the file ended early");
  }

  /** Hashes what an earlier visit left. */
  private catchUp(): void {
    if (this.hashed > 0 || this.sink.size === 0) return;
    this.sink.replay((bytes) => this.hash.update(bytes));
    this.hashed = this.sink.size;
  }

  private report(): void {
    const [loaded, total, speed] = [this.sink.size, this.sink.validators?.total ?? undefined, this.rate.value];
    this.tell({ loaded, total, secondsLeft: total !== undefined && speed > 0 ? (total - loaded) / speed : undefined });
  }

  private sofar(): string {
    const total = this.sink.validators?.total;
    return total ? `${megabytes(this.sink.size)} of ${megabytes(total)}` : megabytes(this.sink.size);
  }

  /** Why there was no answer, as far as a page can find out. */
  private async unreachable(error: Broken): Promise<Error> {
    const { wanted, around, sink } = this;
    const { host } = new URL(wanted.url);
    if (sink.size > 0) return new Error(`The download of “${wanted.name}” broke off at ${this.sofar()}: check the connection and start it again, it goes on from there.`);
    if (!around.online()) return new Error(`“${wanted.name}” could not be downloaded: this device is offline, so connect it and try again.`);
    if (error.message.startsWith("status")) return new Error(`The model could not be downloaded: ${host} answered with ${error.message}, so try again later.`);
    // Without CORS a page may not see the answer, nor even whether it is an error, but it may see that there is one.
    const answers = this.foreign && (await around.fetch(wanted.url, { method: "HEAD", mode: "no-cors", cache: "no-store" }).then(() => true, () => false));
    if (answers) return new Error(`“${wanted.name}” could not be read from ${host}: either it is not there, or that server does not let other pages read it (no CORS), so open the address in a tab of its own and, if the browser saves the file, import that here.`);
    return new Error(`“${wanted.name}” could not be downloaded: ${host} could not be reached, so check the address and the connection and try again.`);
  }
}

function validators(response: Response, from: number): Validators {
  const { headers } = response;
  const range = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const length = headers.get("content-length");
  // A compressed answer states its compressed size, but its body arrives unpacked.
  const stated = headers.has("content-encoding") || length === null ? null : Number(length) + (response.status === 206 ? from : 0);
  return { etag: headers.get("etag"), modified: headers.get("last-modified"), total: range === undefined ? stated : Number(range) };
}

/** What browsers throw when a page's storage is full. */
export const FULL = "QuotaExceededError";
export const isFull = (error: unknown) => error instanceof Error && error.name === FULL;

export const storageFullMessage = (name: string, bytes: number | null) =>
  `There is no room for “${name}”${bytes === null ? "" : ` (${megabytes(bytes)})`} in what this browser lets the page store: remove files under “On this device”, or save the file with the browser and import it here.`;
