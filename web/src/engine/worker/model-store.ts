/** Downloaded model files on this device, in the browser's private file system (OPFS). The worker alone writes there. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { messageError } from "../../errors/message";
import { QUOTA_EXCEEDED } from "../../errors/storage";
import type { DownloadedModel } from "../shared/protocol";
import type { Sink, Validators } from "./download";
import { urlFileName } from "../shared/url-file-name";

/** What is stored beside a file, in JSON. */
interface Note {
  url: string;
  validators: Validators;
  whole: boolean;
  sha256: string;
  /** Milliseconds since 1970. */
  at: number;
}

const FOLDER = "models";
const PIECE = 4 * 2 ** 20;

export class ModelStore {
  private constructor(private readonly folder: FileSystemDirectoryHandle) {}

  /** Null where the browser stores no files for this page. */
  static async open(): Promise<ModelStore | null> {
    try {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle(FOLDER, { create: true });
      return "createSyncAccessHandle" in FileSystemFileHandle.prototype ? new ModelStore(folder) : null;
    } catch {
      return null;
    }
  }

  /** The whole file of an address, disk-backed: nothing of it is in memory. */
  async find(url: string): Promise<File | null> {
    const key = keyOf(url);
    const note = await this.note(key);
    if (!note?.whole) return null;
    const file = await this.file(key);
    return file && file.size === (note.validators.total ?? file.size) ? file : null;
  }

  /** Everything that is here, the latest first. */
  async list(): Promise<DownloadedModel[]> {
    const all: DownloadedModel[] = [];
    for await (const { name } of this.folder.values()) {
      if (!name.endsWith(".json")) continue;
      const key = name.slice(0, -".json".length);
      const note = await this.note(key);
      const bytes = (await this.file(key))?.size ?? 0;
      if (note) all.push({ key, url: note.url, name: urlFileName(note.url), bytes, total: note.validators.total, whole: note.whole, sha256: note.sha256, at: note.at });
    }
    return all.sort((a, b) => b.at - a.at);
  }

  async forget(url: string): Promise<void> {
    await this.remove(keyOf(url));
  }

  async remove(key: string): Promise<void> {
    for (const name of [`${key}.json`, `${key}.bin`]) {
      await this.folder.removeEntry(name).catch((error: Error) => {
        if (error.name === "NoModificationAllowedError") throw messageError("engine.downloadInProgress");
        if (error.name !== "NotFoundError") throw error;
      });
    }
  }

  /** Opens the file of an address for writing; the part from an earlier download is kept. */
  async write(url: string): Promise<FileSink> {
    const key = keyOf(url);
    const note = await this.note(key);
    const handle = await this.handle(`${key}.bin`).catch((error: Error) => {
      if (error.name === "NoModificationAllowedError") throw messageError("engine.downloadInOtherTab");
      throw error;
    });
    if (!note || note.whole) handle.truncate(0);
    return new FileSink(handle, note && !note.whole ? note.validators : null, (validators, whole) => this.keep(key, { url, validators, whole: whole !== undefined, sha256: whole ?? "", at: Date.now() }));
  }

  private async handle(name: string): Promise<FileSystemSyncAccessHandle> {
    return (await this.folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
  }

  private async keep(key: string, note: Note): Promise<void> {
    const handle = await this.handle(`${key}.json`);
    try {
      handle.truncate(0);
      writeAll(handle, utf8ToBytes(JSON.stringify(note)), 0);
      handle.flush();
    } finally {
      handle.close();
    }
  }

  private async file(key: string): Promise<File | null> {
    return this.folder.getFileHandle(`${key}.bin`).then((handle) => handle.getFile(), () => null);
  }

  private async note(key: string): Promise<Note | null> {
    try {
      const handle = await this.folder.getFileHandle(`${key}.json`);
      return JSON.parse(await (await handle.getFile()).text()) as Note;
    } catch {
      // Not there, or cut off when the browser ended: the file counts as not there.
      return null;
    }
  }
}

/** A file that grows in the private file system. */
export class FileSink implements Sink {
  size: number;

  constructor(
    private readonly handle: FileSystemSyncAccessHandle,
    public validators: Validators | null,
    private readonly keep: (validators: Validators, sha256?: string) => Promise<void>,
  ) {
    this.size = handle.getSize();
  }

  async begin(validators: Validators): Promise<void> {
    this.handle.truncate(0);
    [this.size, this.validators] = [0, validators];
    await this.keep(validators);
  }

  append(bytes: Uint8Array): void {
    writeAll(this.handle, bytes, this.size);
    this.size += bytes.byteLength;
  }

  replay(use: (bytes: Uint8Array) => void): void {
    const piece = new Uint8Array(PIECE);
    for (let at = 0; at < this.size; ) {
      const read = this.handle.read(piece, { at });
      if (read === 0) break;
      use(piece.subarray(0, read));
      at += read;
    }
  }

  /** Marks the file as whole. */
  async finish(sha256: string): Promise<void> {
    this.handle.flush();
    await this.keep({ etag: null, modified: null, ...this.validators, total: this.size }, sha256);
  }

  close(): void {
    this.handle.flush();
    this.handle.close();
  }
}

/** For browsers that store no files: pieces in memory, which the browser may move to disk once they are a blob. */
export class MemorySink implements Sink {
  size = 0;
  validators: Validators | null = null;
  private pieces: Uint8Array[] = [];

  begin(validators: Validators): void {
    [this.size, this.validators, this.pieces] = [0, validators, []];
  }

  append(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.size += bytes.byteLength;
  }

  replay(use: (bytes: Uint8Array) => void): void {
    this.pieces.forEach(use);
  }

  blob(): Blob {
    const blob = new Blob(this.pieces as BlobPart[]);
    this.pieces = [];
    return blob;
  }
}

/** A browser that is out of room throws, or reports fewer written bytes, or (Chromium) writes fewer without reporting it. */
function writeAll(handle: FileSystemSyncAccessHandle, bytes: Uint8Array, at: number): void {
  if (handle.write(bytes, { at }) < bytes.byteLength || handle.getSize() < at + bytes.byteLength) throw new DOMException("", QUOTA_EXCEEDED);
}

const keyOf = (url: string) => bytesToHex(sha256(utf8ToBytes(url))).slice(0, 32);
