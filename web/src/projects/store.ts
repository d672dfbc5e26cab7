/**
 * Projects in IndexedDB, used by the page (pictures, names) and by the worker (bytes, runs). A picture's description,
 * bytes and thumbnail are written in one transaction, so a full disk leaves nothing half written.
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";
import { messageError } from "../errors/message";
import { announceChange, type ProjectChange } from "./changes";
import { Database } from "./database";
import { ignoreAbort } from "./transactions";
import type { EvaluationResult, PictureInfo, Project, ProjectRun } from "./types";

/** A picture to add. */
export interface NewPicture { info: PictureInfo; bytes: Uint8Array; thumb: Uint8Array }

interface Schema extends DBSchema {
  projects: { key: string; value: Project };
  pictures: { key: string; value: PictureInfo; indexes: { project: string; hash: string } };
  /** Bytes by content: projects that share a picture share its bytes. */
  files: { key: string; value: Uint8Array };
  thumbs: { key: string; value: Uint8Array };
  runs: { key: string; value: RunRow };
  judgements: { key: string; value: EvaluationRow };
}

// Field names of the first version of the database. They stay, so that stored projects can still be read.
interface RunRow extends Omit<ProjectRun, "viewState"> { kept: unknown }
interface EvaluationRow extends Omit<EvaluationResult, "predictions"> { judged: EvaluationResult["predictions"] }

const toRunRow = ({ viewState, ...run }: ProjectRun): RunRow => ({ ...run, kept: viewState });
const fromRunRow = ({ kept, ...run }: RunRow): ProjectRun => ({ ...run, viewState: kept });
const toEvaluationRow = ({ predictions, ...evaluation }: EvaluationResult): EvaluationRow => ({ ...evaluation, judged: predictions });
const fromEvaluationRow = ({ judged, ...evaluation }: EvaluationRow): EvaluationResult => ({ ...evaluation, predictions: judged });
type Names = "projects" | "pictures" | "files" | "thumbs" | "runs" | "judgements";
type Writing = IDBPTransaction<Schema, Names[], "readwrite">;

const ALL: Names[] = ["projects", "pictures", "files", "thumbs", "runs", "judgements"];
const stored = new Database<Schema>("alexnet-projects", 1, (db) => {
  const pictures = db.createObjectStore("pictures");
  pictures.createIndex("project", "project");
  pictures.createIndex("hash", "hash");
  for (const name of ["projects", "files", "thumbs", "runs", "judgements"] as const) db.createObjectStore(name);
});

const database = (): Promise<IDBPDatabase<Schema>> => stored.open();

/** Runs `work` in one transaction: all of it is stored or, where anything fails, nothing. Other tabs hear of the change. */
async function write<T>(change: ProjectChange | undefined, work: (transaction: Writing) => Promise<T>): Promise<T> {
  const transaction = (await database()).transaction(ALL, "readwrite") as Writing;
  // The transaction's error says more than the request's. Both are handled here.
  const done = transaction.done.then(() => null, (error: unknown) => error ?? messageError("engine.storageAborted"));
  try {
    const result = await work(transaction);
    const error = await done;
    if (error) throw error;
    if (change) announceChange(change);
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    // A request that failed with its transaction only says AbortError; the transaction has the reason.
    const ended = await done;
    throw ended instanceof DOMException && ended.name !== "AbortError" ? ended : error;
  }
}

/** An object store for reading. */
async function store<N extends Names>(name: N) {
  return ignoreAbort((await database()).transaction(name)).objectStore(name);
}

export async function listProjects(): Promise<Project[]> {
  return (await (await store("projects")).getAll()).sort((a, b) => b.changed - a.changed);
}

export async function getProject(id: string): Promise<Project | undefined> {
  return (await store("projects")).get(id);
}

export const putProject = (project: Project): Promise<void> => write({ project: project.id, what: "project" }, async (t) => void (await t.objectStore("projects").put(project, project.id)));

/** A project's pictures in the order in which they were added. */
export async function listPictures(project: string): Promise<PictureInfo[]> {
  const all = await (await store("pictures")).index("project").getAll(project);
  return all.sort((a, b) => a.added - b.added);
}

/** Pictures of one project have changed. */
const changed = (pictures: readonly Pick<PictureInfo, "project">[]): ProjectChange | undefined => pictures[0] && { project: pictures[0].project, what: "pictures" };

/** Replaces descriptions of stored pictures. */
export const updatePictures = (pictures: readonly PictureInfo[]): Promise<void> =>
  write(changed(pictures), async (t) => void (await Promise.all(pictures.map((info) => t.objectStore("pictures").put(info, info.id)))));

export const addPictures = (pictures: readonly NewPicture[]): Promise<void> =>
  write(changed(pictures.map(({ info }) => info)), async (t) => {
    await Promise.all(
      pictures.flatMap(({ info, bytes, thumb }) => [
        startRequest(() => t.objectStore("pictures").put(info, info.id)),
        startRequest(() => t.objectStore("files").put(bytes, info.hash)),
        startRequest(() => t.objectStore("thumbs").put(thumb, info.hash)),
      ]),
    );
  });

/** Starts a request so that an error thrown at once rejects its promise too: where one fails, the others are still awaited. */
const startRequest = async <T>(request: () => Promise<T>): Promise<T> => request();

export const removePictures = (pictures: readonly PictureInfo[]): Promise<void> => write(changed(pictures), (t) => remove(t, pictures));

/** Moves a picture to another class; where the class has it already, one remains. */
export const movePicture = (from: PictureInfo, to: PictureInfo): Promise<void> =>
  write(changed([from]), async (t) => {
    await t.objectStore("pictures").delete(from.id);
    await t.objectStore("pictures").put(to, to.id);
  });

/** Deletes descriptions, and bytes that no other picture uses. */
async function remove(t: Writing, pictures: readonly PictureInfo[]): Promise<void> {
  const store = t.objectStore("pictures");
  await Promise.all(pictures.map(({ id }) => store.delete(id)));
  const left = await Promise.all([...new Set(pictures.map(({ hash }) => hash))].map(async (hash) => [hash, await store.index("hash").count(hash)] as const));
  await Promise.all(left.filter(([, users]) => users === 0).flatMap(([hash]) => [t.objectStore("files").delete(hash), t.objectStore("thumbs").delete(hash)]));
}

export async function getFiles(hashes: readonly string[]): Promise<(Uint8Array | undefined)[]> {
  return getEach("files", hashes);
}

export async function getThumbnails(hashes: readonly string[]): Promise<(Uint8Array | undefined)[]> {
  return getEach("thumbs", hashes);
}

async function getEach(name: "files" | "thumbs", hashes: readonly string[]): Promise<(Uint8Array | undefined)[]> {
  const kept = await store(name);
  return Promise.all(hashes.map((hash) => kept.get(hash)));
}

/** Deletes a class and its pictures in one transaction. `project`: without the class. */
export const removeClass = (project: Project, pictures: readonly PictureInfo[]): Promise<void> =>
  write({ project: project.id, what: "project" }, async (t) => {
    await t.objectStore("projects").put(project, project.id);
    await remove(t, pictures);
  });

/** Deletes a project, except the files of its run. */
export const deleteProject = (id: string): Promise<void> =>
  write({ project: id, what: "project" }, async (t) => {
    await remove(t, await t.objectStore("pictures").index("project").getAll(id));
    await Promise.all([...(["projects", "runs", "judgements"] as const).map((name) => t.objectStore(name).delete(id)), t.objectStore("runs").delete(finishedKey(id))]);
  });

/** Copies a project to another id; bytes are shared. Runs are copied with their files, by the worker. */
export const copyProject = (from: string, to: Project): Promise<void> =>
  write({ project: to.id, what: "project" }, async (t) => {
    const store = t.objectStore("pictures");
    const copies = (await store.index("project").getAll(from)).map((info) => ({ ...info, project: to.id, id: `${to.id}${info.id.slice(from.length)}` }));
    await Promise.all([t.objectStore("projects").put(to, to.id), ...copies.map((info) => store.put(info, info.id))]);
    const evaluation = await t.objectStore("judgements").get(from);
    if (evaluation) {
      const moved = evaluation.judged.map((one) => ({ ...one, picture: `${to.id}${one.picture.slice(from.length)}` }));
      await t.objectStore("judgements").put({ ...evaluation, judged: moved }, to.id);
    }
  });

export async function getRun(project: string): Promise<ProjectRun | undefined> {
  const row = await (await store("runs")).get(project);
  return row && fromRunRow(row);
}

export const putRun = (run: ProjectRun): Promise<void> => write({ project: run.project, what: "run" }, async (t) => void (await t.objectStore("runs").put(toRunRow(run), run.project)));

/** The key of the last finished state, which stays while a later run is trained. */
const finishedKey = (project: string) => `finished/${project}`;

/** The last finished state. */
export async function getFinished(project: string): Promise<ProjectRun | undefined> {
  const row = await (await store("runs")).get(finishedKey(project));
  return row && fromRunRow(row);
}

/** Makes the run's saved state the project's network, with its evaluation. Does nothing where there is no run. */
export const finishRun = (project: string, evaluation: EvaluationResult | null): Promise<void> =>
  write({ project, what: "run" }, async (t) => {
    const run = await t.objectStore("runs").get(project);
    if (!run) return;
    await t.objectStore("runs").put(run, finishedKey(project));
    await (evaluation ? t.objectStore("judgements").put(toEvaluationRow(evaluation), project) : t.objectStore("judgements").delete(project));
  });

/** Discards the run in training: back to the last finished state. */
export const revertRun = (project: string): Promise<void> =>
  write({ project, what: "run" }, async (t) => {
    const run = await t.objectStore("runs").get(finishedKey(project));
    await (run ? t.objectStore("runs").put(run, project) : t.objectStore("runs").delete(project));
  });

/** Stores the states of runs under another project's id; the files must be there. */
export const copyRuns = (runs: readonly (ProjectRun | undefined)[], to: string): Promise<void> =>
  write({ project: to, what: "run" }, async (t) => {
    const [run, finished] = runs.map((one) => one && toRunRow({ ...one, project: to }));
    if (run) await t.objectStore("runs").put(run, to);
    if (finished) await t.objectStore("runs").put(finished, finishedKey(to));
  });

export async function getEvaluation(project: string): Promise<EvaluationResult | undefined> {
  const row = await (await store("judgements")).get(project);
  return row && fromEvaluationRow(row);
}

/** Bytes of each project's pictures; shared bytes count for each project. */
export async function pictureBytes(): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const { project, bytes } of await (await store("pictures")).getAll()) sums.set(project, (sums.get(project) ?? 0) + bytes);
  return sums;
}

/** Closes the connection, for tests. */
export const closeDatabase = (): Promise<void> => stored.close();
