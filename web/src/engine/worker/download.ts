/** Downloads a large file into a sink: resumes where the connection broke, checks the hash. Failures are {@link MessageError}s. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { message, messageError, MessageError, type Message } from "../../errors/message";
import { QUOTA_EXCEEDED } from "../../errors/storage";
import { size, sizeOf } from "../../errors/units";
import { missingFile } from "../shared/fetch";
import { Rate } from "../shared/throughput";

/** What a server says about a file, to tell whether it is still the same one. */
export interface Validators {
  etag: string | null;
  modified: string | null;
  /** Bytes of the whole file, where the server tells. */
  total: number | null;
}

/** Where the bytes go. `validators` belong to the bytes that it has already. */
export interface Sink {
  readonly size: number;
  readonly validators: Validators | null;
  /** Empties it for a file with these validators. */
  begin(validators: Validators): void | Promise<void>;
  append(bytes: Uint8Array): void;
  /** Passes on the stored bytes, piece by piece. */
  replay(use: (bytes: Uint8Array) => void): void;
}

/** The file to download. */
export interface Wanted {
  url: string;
  /** Its name in sentences. */
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
  /** Bytes that may still be stored; undefined where the browser does not tell. */
  room(): Promise<number | undefined>;
  /** The page's own origin; only its server gets every request header. */
  origin: string;
}

/** A download that the visitor stopped. */
export class Stopped extends MessageError {
  override name = "Stopped";
}

/** The connection failed, not the file: another attempt may continue. `status`: the server's, where it answered. */
class Broken extends Error {
  constructor(reason: string, readonly status?: number) {
    super(reason);
  }
}

/** Attempts without a byte of progress before giving up; the stored part is kept. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;
/** A connection without data for this long counts as broken. */
const SILENCE_MS = 30_000;
/** More than any AlexNet with its optimizer state in double precision. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** The beginning of a file's SHA-256 that its name carries, as torch.hub's names do: `alexnet-owt-7be5be79.pth`. */
export function hashInName(url: string): string | undefined {
  return /-([0-9a-f]{8,64})\.\w+$/.exec(new URL(url).pathname)?.[1];
}

/** Fills the sink and returns the SHA-256 of the whole file. After a failure the bytes so far stay in the sink, for the next try. */
export async function download(wanted: Wanted, sink: Sink, signal: AbortSignal, report: (progress: DownloadProgress) => void, around: DownloadEnvironment): Promise<string> {
  const task = new Task(wanted, sink, signal, report, around);
  await task.run();
  const digest = task.digest();
  const expected = (wanted.sha256 ?? hashInName(wanted.url))?.toLowerCase();
  if (expected && !digest.startsWith(expected)) {
    await sink.begin({ etag: null, modified: null, total: null });
    throw messageError("engine.downloadHashMismatch", { name: wanted.name, actual: digest.slice(0, 8), expected: expected.slice(0, 8) });
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
        if (this.signal.aborted) throw new Stopped(message("engine.downloadStopped", { name: this.wanted.name, at: this.soFar() }));
        if (!(error instanceof Broken)) throw error;
        failures = this.sink.size > before ? 1 : failures + 1;
        if (failures >= ATTEMPTS || (this.sink.size === 0 && failures > 1)) throw await this.unreachable(error);
        await this.around.wait(FIRST_WAIT_MS * 2 ** failures);
      }
    }
  }

  /** One request; false where the next one has to start at the first byte. */
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
        // A server of another origin may refuse a range request and still send the whole file.
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
      // Cancels the rest of an unused answer.
      abort();
    }
  }

  private async again(): Promise<false> {
    await this.begin({ etag: null, modified: null, total: null });
    return false;
  }

  private async begin(said: Validators): Promise<void> {
    const { name } = this.wanted;
    if ((said.total ?? 0) > MAX_MODEL_BYTES) throw messageError("engine.downloadTooLarge", { name, size: size(said.total ?? 0) });
    await this.sink.begin(said);
    [this.hash, this.hashed] = [sha256.create(), 0];
    const room = await this.around.room();
    if (room !== undefined && said.total !== null && said.total > room) throw noRoomError(name, said.total);
  }

  private headers(from: number): Record<string, string> {
    if (from === 0) return {};
    const { etag, modified } = this.sink.validators ?? {};
    // If-Range would cause a CORS preflight request; for other origins the answer is compared instead.
    const same = this.foreign ? null : etag && !etag.startsWith("W/") ? etag : modified;
    return { Range: `bytes=${from}-`, ...(same ? { "If-Range": same } : {}) };
  }

  private get foreign(): boolean {
    return new URL(this.wanted.url).origin !== this.around.origin;
  }

  private refuse(response: Response): void {
    const { status } = response;
    if (status === 429 || status >= 500) throw new Broken(`status ${status}`, status);
    const missing = missingFile(response, message("engine.whatModel"), new URL(this.wanted.url).pathname);
    if (missing) throw new MessageError(missing);
  }

  /** Whether a partial answer continues the same file. */
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

  /** Hashes the bytes of an earlier visit. */
  private catchUp(): void {
    if (this.hashed > 0 || this.sink.size === 0) return;
    this.sink.replay((bytes) => this.hash.update(bytes));
    this.hashed = this.sink.size;
  }

  private report(): void {
    const [loaded, total, speed] = [this.sink.size, this.sink.validators?.total ?? undefined, this.rate.value];
    this.tell({ loaded, total, secondsLeft: total !== undefined && speed > 0 ? (total - loaded) / speed : undefined });
  }

  private soFar(): Message {
    return sizeOf(this.sink.size, this.sink.validators?.total);
  }

  /** The error of a server that did not answer, as far as a page can find out why. */
  private async unreachable(error: Broken): Promise<Error> {
    const { wanted, around, sink } = this;
    const { name } = wanted;
    const { host } = new URL(wanted.url);
    if (sink.size > 0) return messageError("engine.downloadBroken", { name, at: this.soFar() });
    if (!around.online()) return messageError("engine.downloadOffline", { name });
    if (error.status !== undefined) return messageError("engine.downloadRefused", { host, status: String(error.status) });
    // Without CORS a page may not read the answer, not even its status, but it can find out that there is one.
    const answers = this.foreign && (await around.fetch(wanted.url, { method: "HEAD", mode: "no-cors", cache: "no-store" }).then(() => true, () => false));
    return answers ? messageError("engine.downloadNoCors", { name, host }) : messageError("engine.downloadUnreachable", { name, host });
  }
}

function validators(response: Response, from: number): Validators {
  const { headers } = response;
  const range = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const length = headers.get("content-length");
  // content-length of a compressed answer is the compressed size, but the body arrives unpacked.
  const stated = headers.has("content-encoding") || length === null ? null : Number(length) + (response.status === 206 ? from : 0);
  return { etag: headers.get("etag"), modified: headers.get("last-modified"), total: range === undefined ? stated : Number(range) };
}

/** There is no room for a file; named like the browser's own error, so that callers treat both alike. */
export function noRoomError(name: string, bytes: number | null): MessageError {
  const said = bytes === null ? message("engine.downloadNoRoom", { name }) : message("engine.downloadNoRoomOf", { name, size: size(bytes) });
  return Object.assign(new MessageError(said), { name: QUOTA_EXCEEDED });
}
