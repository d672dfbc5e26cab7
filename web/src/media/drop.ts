import type { Attachment } from "svelte/attachments";
import { urlFileName } from "../engine/shared/url-file-name";
import { messageError } from "../errors/message";

/** Where dropped files are taken, and by what. */
export interface DropTarget {
  /** `page` takes what is dropped anywhere on the page, for as long as `active` says so; `element` only what is dropped on it. */
  on?: "page" | "element";
  active?: () => boolean;
  /** Whether files are held over the target. */
  over?: (over: boolean) => void;
  /** Whether a dropped link is downloaded; yes, unless said otherwise. */
  address?: boolean;
  /** Takes the files, including those inside dropped folders; `target` is the element they were dropped on. */
  take: (files: File[], target: Element | null) => Promise<unknown> | void;
  failed: (error: unknown) => void;
}

/** Whether files or a link are dragged, not text. A link must be handled too: dropping it would open it in place of this page. */
const isFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.some((type) => type === "Files" || type === "text/uri-list") ?? false;

/** Takes dropped files. An element inside the page goes before the page. */
export function dropFiles({ on = "page", active = () => true, over, address = true, take, failed }: DropTarget): Attachment<HTMLElement> {
  return (element) => {
    const target: EventTarget = on === "page" ? window : element;
    const wanted = (event: Event): event is DragEvent => event instanceof DragEvent && active() && isFile(event);
    const dragged = (event: Event) => {
      if (!wanted(event)) return;
      // An element inside has taken it.
      over?.(!event.defaultPrevented);
      event.preventDefault();
    };
    const left = (event: Event) => {
      const to = event instanceof DragEvent ? event.relatedTarget : null;
      if (on === "page" ? to === null : !(to instanceof Node && element.contains(to))) over?.(false);
    };
    const dropped = (event: Event) => {
      if (!wanted(event) || !event.dataTransfer) return;
      over?.(false);
      if (event.defaultPrevented) return;
      event.preventDefault();
      const to = event.target instanceof Element ? event.target : null;
      const read = async (transfer: DataTransfer) => {
        const { files, unread } = await droppedFiles(transfer, address);
        const [name] = unread;
        // The others are taken all the same.
        if (name !== undefined) failed(messageError("ui.mediaUnread", { count: unread.length, name }));
        if (files.length > 0 || name === undefined) await take(files, to);
      };
      read(event.dataTransfer).catch(failed);
    };
    const listeners = [["dragover", dragged], ["dragleave", left], ["drop", dropped]] as const;
    for (const [name, listener] of listeners) target.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of listeners) target.removeEventListener(name, listener);
    };
  };
}

/**
 * The file with its path inside the chosen folder as its name; the path tells the class of a picture. The path of a
 * folder picker (`webkitRelativePath`) does not reach a worker in every browser, a name does. No bytes are copied.
 */
export function namedByPath(file: File, path = file.webkitRelativePath): File {
  return path.includes("/") ? new File([file], path, { type: file.type, lastModified: file.lastModified }) : file;
}

/** Files of a drop, and the names of those that the browser cannot read. */
interface Dropped { files: File[]; unread: string[] }

/** The files of a drop, including those inside dropped folders; where there are none, the picture that a dropped link leads to. */
async function droppedFiles(transfer: DataTransfer, address: boolean): Promise<Dropped> {
  // Everything must be read before the first await: the lists are emptied when the event ends.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files = [...transfer.files];
  const link = address ? linkOf(transfer) : null;
  const found: Dropped = { files: [], unread: [] };
  if (entries.length > 0) await collectAll(entries, found);
  else if (files.length > 0) found.files = files;
  else if (link !== null) found.files = [await fetchFile(link)];
  return found;
}

/** The address of the picture that is dragged, else of the link; null where there is neither. */
function linkOf(transfer: DataTransfer): string | null {
  const page = new DOMParser().parseFromString(transfer.getData("text/html"), "text/html");
  const picture = page.querySelector("img")?.getAttribute("src");
  const lines = transfer.getData("text/uri-list").split(/\r?\n/);
  const link = picture ?? lines.find((line) => line !== "" && !line.startsWith("#")) ?? "";
  return URL.canParse(link) ? link : null;
}

async function fetchFile(address: string): Promise<File> {
  const { hostname, protocol } = new URL(address);
  const host = hostname || protocol;
  const response = await fetch(address).catch(() => {
    throw messageError("ui.mediaAddressRefused", { host });
  });
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok || type.startsWith("text/html")) throw messageError("ui.mediaAddressNoFile", { host });
  return new File([await response.blob()], hostname === "" ? "picture" : urlFileName(address), { type });
}

/** Adds the files of entries in their order. */
async function collectAll(entries: readonly FileSystemEntry[], to: Dropped): Promise<void> {
  const parts = await Promise.all(
    entries.map(async (entry) => {
      const part: Dropped = { files: [], unread: [] };
      await collect(entry, part);
      return part;
    }),
  );
  for (const { files, unread } of parts) {
    to.files.push(...files);
    to.unread.push(...unread);
  }
}

async function collect(entry: FileSystemEntry, to: Dropped): Promise<void> {
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (entry.isFile) {
      const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
      to.files.push(namedByPath(file, path));
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    // A reader returns at most a hundred entries at a time, and none at the end.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
      if (some.length === 0) return;
      await collectAll(some, to);
    }
  } catch {
    // A placeholder of a cloud's folder, or a file that is gone.
    to.unread.push(path || entry.name);
  }
}
