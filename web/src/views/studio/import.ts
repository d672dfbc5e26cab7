/** Imports files, folders and archives into the open project. */
import { lab } from "../../engine/page/api";
import { Queue } from "../../engine/shared/queue";
import { openZip, type Description, type OpenedArchive } from "../../projects/archive";
import { message, messageError } from "../../errors/message";
import { t } from "../../i18n/index.svelte";
import { isPicture, classifyPaths } from "../../projects/names";
import { fromResults } from "../../projects/results";
import { newId, type Project } from "../../projects/types";
import { wrongViewMessage } from "../../state/file-kind";
import { showMessage } from "../../state/messages.svelte";
import { editor, DEFAULT_PLAN, uniqueName, emptySummary, sentences, unusedFiles, type PictureToAdd, type ImportSummary } from "./project.svelte";

const isZip = (file: File) => /\.zip$/i.test(file.name);
/** How many pictures are unpacked at a time. */
const PORTION = 48;

/** Files are imported one drop after another: a project that the first one brings would take the second one's pictures. */
const imports = new Queue();

/** Imports files that were dropped, chosen or pasted. `into` is the id of the class they were given to, null for the page. */
export function importFiles(files: readonly File[], into: string | null): Promise<void> {
  const { id } = editor.project;
  return imports.run(() => importNow(files, into, id));
}

/** `project`: the id of the project that was open when the files were dropped. */
async function importNow(files: readonly File[], into: string | null, project: string): Promise<void> {
  const check = () => {
    if (editor.project.id !== project) throw messageError("studio.projectChanged");
  };
  const archives = files.filter(isZip);
  const loose = files.filter((file) => !isZip(file) && wrongViewMessage(file.name, "studio") === null);
  if (files.length === 0) return void showMessage(message("studio.noFile"), "error");
  for (const { name } of files) {
    const pointed = wrongViewMessage(name, "studio");
    if (pointed !== null) showMessage(pointed, "error");
  }
  for (const archive of archives) {
    const opened = await openZip(archive, archive.name);
    if (opened.description) await importProject(opened, opened.description);
    else {
      check();
      await importArchive(opened, archive.name, into);
    }
  }
  if (loose.length === 0) return;
  if (archives.length === 0) check();
  await importLoose(loose, into);
}

/** The class to add files to. Files in several folders become several classes, even if they were dropped on one. */
function chosen(given: string | null, found: ReturnType<typeof classifyPaths>): string | null {
  return new Set(found.flatMap((place) => place?.class ?? [])).size > 1 ? null : given;
}

async function importLoose(files: readonly File[], given: string | null): Promise<void> {
  const found = classifyPaths(files.map(({ name }) => name));
  const into = chosen(given, found);
  // A single file that was chosen may be a picture even if its name does not say so.
  const one = into !== null || files.every(({ name }) => !name.includes("/"));
  if (one) {
    const to = into ?? editor.active ?? (await editor.addClass())?.id;
    const pictures = files.filter(({ name, type }) => !name.includes("/") || isPicture(name) || type.startsWith("image/"));
    if (to) await editor.add(pictures.map((blob) => ({ blob, name: nameOf(blob.name), class: to, val: null })));
    return;
  }
  const count = emptySummary();
  const byName = await classesFor(found.map((place) => place?.class ?? null), count);
  const fallback = byName.size === 0 ? (editor.active ?? (await editor.addClass())?.id) : undefined;
  const incoming = files.flatMap((blob, i): PictureToAdd[] => {
    const place = found[i];
    const to = place && (place.class === null ? fallback : byName.get(place.class));
    return place && to ? [{ blob, name: nameOf(blob.name), class: to, val: place.val }] : [];
  });
  if (incoming.length === 0) return void showMessage(message("studio.noPicture"), "error");
  await editor.add(incoming, count);
}

async function importArchive(opened: OpenedArchive, name: string, given: string | null): Promise<void> {
  const found = classifyPaths(opened.paths);
  const into = chosen(given, found);
  const all = opened.paths.flatMap((path, i) => (found[i] ? [{ path, place: found[i] }] : []));
  if (all.length === 0) throw messageError("studio.zipNoPicture", { name });
  const count = emptySummary();
  const byName = into === null ? await classesFor(all.map(({ place }) => place.class), count) : new Map<string, string>();
  const fallback = into ?? (all.some(({ place }) => place.class === null) ? (editor.active ?? (await editor.addClass())?.id) : undefined);
  await unpack(opened, all.flatMap(({ path, place }) => {
    const to = into ?? (place.class === null ? fallback : byName.get(place.class));
    return to ? [{ path, to, val: place.val }] : [];
  }), count);
  editor.report(count);
}

/** Adds pictures of an archive to classes, in portions. */
async function unpack(opened: OpenedArchive, pictures: readonly { path: string; to: string; val: boolean | null }[], count: ImportSummary): Promise<void> {
  let left = pictures.length;
  editor.expect(left);
  try {
    for (let from = 0; from < pictures.length; from += PORTION) {
      const some = pictures.slice(from, from + PORTION);
      const contents = opened.read(some.map(({ path }) => path));
      left -= some.length;
      await editor.addExpected(some.map(({ path, to, val }, i) => ({ blob: new Blob([contents[i] as Uint8Array<ArrayBuffer>]), name: nameOf(path), class: to, val })), count);
    }
  } finally {
    editor.expect(-left);
  }
}

/** Whether a class still has its default name. */
function isDefaultName(name: string): boolean {
  const number = /\d+/.exec(name)?.[0];
  return number !== undefined && name === t.studio.classNumber({ number });
}

/** The ids of the classes with these names. Missing classes are added; empty classes with a default name are removed. */
async function classesFor(names: readonly (string | null)[], count: ImportSummary): Promise<Map<string, string>> {
  const wanted = [...new Set(names.filter((name) => name !== null))].sort((a, b) => (a < b ? -1 : 1));
  const ids = new Map<string, string>();
  if (wanted.length === 0) return ids;
  const unused = editor.project.classes.filter(({ id, name }) => isDefaultName(name) && editor.byClass.get(id)?.length === 0);
  for (const name of wanted) {
    const there = editor.project.classes.find((one) => one.name.toLowerCase() === name.toLowerCase());
    const made = there ?? (await editor.addClass(name));
    if (made && !there) count.classes.push(made.id);
    if (made) ids.set(name, made.id);
  }
  for (const { id } of unused) if (![...ids.values()].includes(id)) await editor.removeClass(id);
  return ids;
}

/** Imports an exported project as a new project: completely, or not at all. */
async function importProject(opened: OpenedArchive, description: Description): Promise<void> {
  const classes = description.classes.map(({ name }) => ({ id: newId(), name }));
  const name = uniqueName(description.name, editor.projects.map(({ id, name }) => ({ id, name })));
  const project: Project = { id: newId(), name, created: Date.now(), changed: Date.now(), classes, plan: { ...DEFAULT_PLAN, ...description.plan } };
  const found = classifyPaths(opened.paths, true);
  const byFolder = new Map(description.classes.map(({ folder }, i) => [folder, classes[i]?.id ?? ""]));
  const count = emptySummary();
  await editor.take(project, async () => {
    await unpack(opened, opened.paths.flatMap((path, i) => {
      const place = found[i];
      const to = place?.class ? byFolder.get(place.class) : undefined;
      return place && to ? [{ path, to, val: place.val }] : [];
    }), count);
    const { trained } = description;
    if (opened.network) await lab.engine.importNetwork(project.id, opened.network, fromResults(trained, project.id, byFolder), trained?.kept ?? null);
  });
  const params = { name: project.name, classes: classes.length, pictures: editor.pictures.length };
  const imported = opened.network ? message("studio.importedWithNetwork", params) : message("studio.imported", params);
  showMessage(sentences([imported, ...unusedFiles(count)]));
}

const nameOf = (path: string): string => path.split("/").at(-1) ?? path;
