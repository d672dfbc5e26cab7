import type { Attachment } from "svelte/attachments";

/** Who takes dropped files, and where. */
export interface DropTarget {
  /** `page` takes what is dropped anywhere on the page, for as long as `active` says so; `element` only what is dropped on it. */
  on?: "page" | "element";
  active?: () => boolean;
  /** Whether files are held over the target. */
  over?: (over: boolean) => void;
  /** Takes the files, those inside dropped folders included; `target` is what they were dropped on. */
  take: (files: File[], target: Element | null) => Promise<unknown> | void;
  failed: (error: unknown) => void;
}

/** What is dragged, unless it is a piece of text: a link or a picture of another page would replace this one. */
const isFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.some((type) => type === "Files" || type === "text/uri-list") ?? false;

/** Takes dropped files. An element inside a page that takes files goes first. */
export function dropFiles({ on = "page", active = () => true, over, take, failed }: DropTarget): Attachment<HTMLElement> {
  return (element) => {
    const target: EventTarget = on === "page" ? window : element;
    const wanted = (event: Event): event is DragEvent => event instanceof DragEvent && active() && isFile(event);
    const dragged = (event: Event) => {
      if (!wanted(event)) return;
      // What an element inside takes is not for the page.
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
 * A file named by its path within the chosen folder, which tells the class of a picture. The path that a folder
 * picker gives (`webkitRelativePath`) does not reach a worker in every browser, a name does; no bytes are copied.
 */
export function namedByPath(file: File, path = file.webkitRelativePath): File {
  return path.includes("/") ? new File([file], path, { type: file.type, lastModified: file.lastModified }) : file;
}

/** The files of a drop, those inside dropped folders included. */
async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // Entries must be taken before the first await: the list is emptied when the event ends.
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
  // A reader gives a hundred entries at a time, and none when it is done.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return files;
    files.push(...(await Promise.all(some.map(filesOf))).flat());
  }
}
