import type { Attachment } from "svelte/attachments";

/** Where dropped files are taken, and by what. */
export interface DropTarget {
  /** `page` takes what is dropped anywhere on the page, for as long as `active` says so; `element` only what is dropped on it. */
  on?: "page" | "element";
  active?: () => boolean;
  /** Whether files are held over the target. */
  over?: (over: boolean) => void;
  /** Takes the files, including those inside dropped folders; `target` is the element they were dropped on. */
  take: (files: File[], target: Element | null) => Promise<unknown> | void;
  failed: (error: unknown) => void;
}

/** Whether files or a link are dragged, not text. A link must be handled too: dropping it would open it in place of this page. */
const isFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.some((type) => type === "Files" || type === "text/uri-list") ?? false;

/** Takes dropped files. An element inside the page goes before the page. */
export function dropFiles({ on = "page", active = () => true, over, take, failed }: DropTarget): Attachment<HTMLElement> {
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
      droppedFiles(event.dataTransfer).then((files) => take(files, to)).catch(failed);
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

/** The files of a drop, including those inside dropped folders. */
async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // Entries must be read before the first await: the list is emptied when the event ends.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    return [namedByPath(file, entry.fullPath.replace(/^\//, ""))];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // A reader returns at most a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return files;
    files.push(...(await Promise.all(some.map(filesOf))).flat());
  }
}
