/** Class names as folder names, and back. */
import type { ProjectClass } from "./types";

/** Folder names that mean a split, not a class: true for validation. */
const SPLITS = new Map([["train", false], ["training", false], ["val", true], ["valid", true], ["validation", true], ["test", true], ["testing", true]]);
const PICTURE = /\.(jpe?g|png|webp|gif|bmp|avif|heic|heif|tiff?)$/i;

export const isPicture = (path: string): boolean => PICTURE.test(path);

/** Whether a path is hidden or belongs to the operating system. */
const isHidden = (path: string): boolean => path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");

/** The class and split of a picture by its path; null where no folder names one. */
export interface Place { class: string | null; val: boolean | null }

/**
 * Classes and splits of paths in the layout of torchvision's ImageFolder: `[any/…/][train|val/]class/file`. Outer folders
 * that contain everything are ignored, except one that contains the pictures directly: that is a class.
 *
 * `train` without `val`, or `val` without `train`, does not decide the split. For an exported project (`exported`) it does.
 */
export function classifyPaths(paths: readonly string[], exported = false): (Place | null)[] {
  const parts = paths.map((path) => path.replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== "."));
  const wanted = paths.map((path, i) => isPicture(path) && !isHidden(path) && !parts[i]?.includes(".."));
  const used = parts.filter((_, i) => wanted[i]);
  let top = 0;
  const splitAt = (depth: number) => used.some((path) => path.length > depth + 2 && SPLITS.has((path[depth] ?? "").toLowerCase()));
  while (used.length > 0 && !splitAt(top) && used.every((path) => path.length > top + 2 && path[top] === used[0]?.[top])) top++;
  const splits = splitAt(top);
  const splitOf = (path: readonly string[]) => (splits ? SPLITS.get((path[top] ?? "").toLowerCase()) : undefined);
  const both = [true, false].every((split) => used.some((path) => splitOf(path) === split));
  return parts.map((path, i) => {
    if (!wanted[i]) return null;
    const split = splitOf(path);
    const from = top + (split === undefined ? 0 : 1);
    return { class: path.length > from + 1 ? (path[from] ?? null) : null, val: both || exported ? (split ?? null) : null };
  });
}

/** The folders of classes, by their ids. */
export function foldersOf(classes: readonly ProjectClass[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const { id, name } of classes) folders.set(id, folderName(name, new Set(folders.values())));
  return folders;
}

/** A folder name that every file system accepts, different from those in `taken`. */
export function folderName(name: string, taken: ReadonlySet<string>): string {
  const safe = name.normalize("NFC").replace(/[\u0000-\u001f\u007f/\\:*?"<>|]/g, "_").replace(/^\.+/, "_").replace(/[. ]+$/, "").slice(0, 80) || "class";
  const reserved = SPLITS.has(safe.toLowerCase()) || /^(con|prn|aux|nul|com\d|lpt\d)$/i.test(safe) ? `${safe}_` : safe;
  let folder = reserved;
  for (let i = 2; [...taken].some((other) => other.toLowerCase() === folder.toLowerCase()); i++) folder = `${reserved} ${i}`;
  return folder;
}

/** A project's name as a file name, without the extension. */
export const fileName = (name: string): string => folderName(name, new Set());
