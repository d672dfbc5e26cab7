/** The open project: its classes and pictures, and all changes to them. */
import { lab } from "../../engine/page/api";
import { FINE_TUNING } from "../../generated/protocol";
import { Queue } from "../../engine/shared/queue";
import { prepare, STORED_SIDE, type PreparedPicture } from "../../projects/prepare";
import { assignSplit } from "../../projects/split";
import { onProjectChange, type ProjectChange } from "../../projects/changes";
import { EditRight, lockProject } from "../../projects/lock";
import * as store from "../../projects/store";
import { newId, type PictureInfo, type Plan, type Project, type ProjectClass, type ProjectRun } from "../../projects/types";
import { warnings } from "../../projects/warnings";
import { deleteWeights, weightBytes } from "../../projects/weights";
import { message, messageError, messageOf, type Message } from "../../errors/message";
import { storageError, storageMessage } from "../../errors/storage";
import { t } from "../../i18n/index.svelte";
import { showMessage, showError } from "../../state/messages.svelte";
import { savePreference, loadPreference } from "../../state/preferences";
import { holdsWork } from "../../state/unsaved-work";
import { ThumbnailCache } from "./thumbnails";

/** A picture to add. `val` is null if its hash decides the split. */
export interface PictureToAdd { blob: Blob; name: string; class: string; val: boolean | null }

/** What happened to pictures that were added together: for one message, and to undo it. */
export interface ImportSummary { total: number; added: PictureInfo[]; again: number; shrunk: number; problems: (Message | string)[]; /** Ids of classes that were added for them. */ classes: string[] }

export const emptySummary = (): ImportSummary => ({ total: 0, added: [], again: 0, shrunk: 0, problems: [], classes: [] });

export const DEFAULT_PLAN: Plan = { start: "shipped", headEpochs: FINE_TUNING.head.epochs, allEpochs: 0 };
const LAST = "alexnet-lab-project";
/** How many pictures are prepared in parallel, and how many are stored in one transaction. */
const AT_ONCE = 4;
const BATCH = 24;
const FIRST_CLASSES = 2;

export class ProjectEditor {
  projects = $state.raw<Project[]>([]);
  /** Has no name before {@link begin}: the messages may not be loaded yet. */
  project = $state.raw<Project>({ id: newId(), name: "", created: 0, changed: 0, classes: [], plan: { ...DEFAULT_PLAN } });
  pictures = $state.raw<PictureInfo[]>([]);
  /** The saved state of the project's run. */
  saved = $state.raw<ProjectRun | null>(null);
  /** The last run that was trained to its end: the project's network. */
  finished = $state.raw<ProjectRun | null>(null);
  /** Bytes of the project's saved weights. */
  private networkBytes = $state(0);
  /** The id of the class that pasted pictures are added to. */
  active = $state<string | null>(null);
  /** Progress while pictures are being added. */
  intake = $state<{ done: number; total: number } | null>(null);
  /** The browser may delete stored projects when it runs short of space. */
  mayBeDeleted = $state(false);
  /** The project is being opened. */
  busy = $state(true);
  /** Another tab changes the project: this one shows its changes. */
  follows = $state(false);
  /** This tab has asked the other one for the project. */
  takingOver = $state(false);
  private right: EditRight | null = null;
  /** Parts of the project that another tab has changed and that are not read yet. */
  private readonly outdated = new Set<ProjectChange["what"]>();
  readonly thumbs = new ThumbnailCache(store.getThumbnails);
  private readonly orders = new Queue();
  private place = 0;

  readonly byClass = $derived.by(() => {
    const groups = new Map<string, PictureInfo[]>(this.project.classes.map(({ id }) => [id, []]));
    for (const picture of this.pictures) groups.get(picture.class)?.push(picture);
    return groups;
  });
  readonly warnings = $derived(warnings(this.project.classes, this.pictures));
  /** Bytes of the open project in the browser. */
  readonly bytes = $derived(this.pictures.reduce((sum, { bytes }) => sum + bytes, 0) + this.networkBytes);
  /** Ids of the classes that have pictures: a run is trained on these. */
  readonly filled = $derived(this.project.classes.flatMap(({ id }) => ((this.byClass.get(id)?.length ?? 0) > 0 ? [id] : [])));

  /** Opens the project of the last visit, or a new one. */
  begin(): Promise<void> {
    this.project = fresh();
    onProjectChange((change) => this.changedElsewhere(change));
    holdsWork({ unsaved: () => this.intake !== null });
    return this.order(async () => {
      await this.hold(this.project.id);
      await this.list();
      const last = loadPreference(LAST);
      const found = this.projects.find(({ id }) => id === last) ?? this.projects[0];
      if (found) await this.show(found);
      else this.active = this.project.classes[0]?.id ?? null;
      if (found) this.mayBeDeleted = (await navigator.storage?.persisted?.().catch(() => false)) === false;
      this.busy = false;
    });
  }

  /** The names of a project that nobody has changed yet follow the page's language. */
  followLanguage(): void {
    if (this.busy || this.isStored) return;
    const { name, classes } = fresh(this.projects);
    this.project = { ...this.project, name, classes: this.project.classes.map((one, i) => ({ ...one, name: classes[i]?.name ?? one.name })) };
  }

  open = (id: string) =>
    this.order(async () => {
      const found = await store.getProject(id);
      if (!found) throw messageError("studio.projectGone");
      await this.show(found);
    });

  /** Opens an empty project; it is stored with its first change. */
  create = () => this.order(async () => this.show(fresh(this.projects)));

  /** Changes the project here from now on; the other tab finishes its work first. */
  takeOver = async (): Promise<void> => {
    this.takingOver = true;
    await this.right?.take();
    this.takingOver = false;
  };

  /** Asks for the right to change a project, in place of the one before. */
  private async hold(id: string): Promise<void> {
    if (this.right?.project === id) return;
    this.right?.release();
    const right: EditRight = new EditRight(id, (mine) => (mine ? this.gained(right) : this.lost(right)));
    this.right = right;
    await right.ready;
    this.follows = !right.mine;
  }

  private gained = async (right: EditRight): Promise<void> => {
    await this.order(async () => {
      if (right !== this.right) return;
      await this.reload();
      this.follows = !right.mine;
    });
  };

  /** Another tab takes the project: what is being stored is finished, a run in training is saved and ended. */
  private lost = async (right: EditRight): Promise<void> => {
    if (right !== this.right) return;
    this.follows = true;
    showMessage(message("studio.movedToOtherTab"));
    if (lab.fineTune.project === right.project) await lab.fineTune.close().catch(showError);
    await this.order(async () => undefined);
  };

  private changedElsewhere({ project, what }: ProjectChange): void {
    const idle = this.outdated.size === 0;
    if (what === "project") this.outdated.add(what);
    if (project === this.project.id && this.follows) this.outdated.add(what);
    if (idle && this.outdated.size > 0) void this.order(() => this.catchUp());
  }

  private async catchUp(): Promise<void> {
    const outdated = new Set(this.outdated);
    this.outdated.clear();
    const stored = this.isStored;
    await this.list();
    if (!this.follows) return;
    if (outdated.has("project") || outdated.has("pictures")) await this.reload(stored);
    else await this.refresh();
  }

  /** Reads the open project again; where another tab has deleted it, another one is opened. */
  private async reload(stored = this.isStored): Promise<void> {
    const { id, name } = this.project;
    const [found, pictures] = await Promise.all([store.getProject(id), store.listPictures(id)]);
    await this.list();
    if (found) [this.project, this.pictures] = [found, pictures];
    else if (stored) {
      await this.show(this.projects[0] ?? fresh());
      showMessage(message("studio.deletedElsewhere", { name }));
      return;
    }
    await this.refresh();
  }

  private get isStored(): boolean {
    return this.projects.some(({ id }) => id === this.project.id);
  }

  /** Throws where another tab changes the open project. */
  private checkRight(): void {
    if (this.follows) throw messageError("studio.otherTabEdits");
  }

  /** Runs a change of a project that may not be the open one; throws where another tab changes it. */
  private async changing<T>(id: string, work: () => Promise<T>): Promise<T> {
    const lock = await lockProject(id);
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  rename = (name: string) => this.change(() => ({ name: name.trim() || t.studio.untitled() }));
  setPlan = (plan: Partial<Plan>) => this.change(({ plan: old }) => ({ plan: { ...old, ...plan } }));

  addClass = async (name?: string): Promise<ProjectClass | undefined> => {
    let made: ProjectClass | undefined;
    await this.change(({ classes }) => {
      made = { id: newId(), name: uniqueName(name?.trim() || className(classes.length + 1), classes) };
      return { classes: [...classes, made] };
    });
    if (made) this.active = made.id;
    return made;
  };

  renameClass = (id: string, text: string) =>
    this.change(({ classes }) => {
      const name = text.trim();
      const twin = classes.find((one) => one.id !== id && one.name.toLowerCase() === name.toLowerCase());
      if (name === "") throw messageError("studio.nameMissing");
      if (twin) throw messageError("studio.nameTaken", { name: twin.name });
      return { classes: classes.map((one) => (one.id === id ? { ...one, name } : one)) };
    });

  removeClass = (id: string) =>
    this.order(async () => {
      this.checkRight();
      const gone = this.pictures.filter((picture) => picture.class === id);
      const project = { ...this.project, classes: this.project.classes.filter((one) => one.id !== id), changed: Date.now() };
      await store.removeClass(project, gone);
      this.project = project;
      this.pictures = this.pictures.filter((picture) => picture.class !== id);
      if (this.active === id) this.active = project.classes[0]?.id ?? null;
      await this.list();
    });

  /** Removes pictures. The message offers to undo it. */
  remove = (ids: ReadonlySet<string>) =>
    this.order(async () => {
      this.checkRight();
      const gone = this.pictures.filter(({ id }) => ids.has(id));
      const hashes = gone.map(({ hash }) => hash);
      const [files, thumbs] = await Promise.all([store.getFiles(hashes), store.getThumbnails(hashes)]);
      const news = gone.flatMap((info, i): store.NewPicture[] => {
        const [bytes, thumb] = [files[i], thumbs[i]];
        return bytes && thumb ? [{ info, bytes, thumb }] : [];
      });
      await this.drop(gone);
      const [only, ...others] = gone;
      const what = only && others.length === 0 ? message("studio.removedPicture", { name: only.name }) : message("studio.removedPictures", { count: gone.length });
      showMessage(what, "info", { label: message("studio.undo"), run: () => void this.order(() => this.putBack(news)) });
    });

  private async drop(gone: readonly PictureInfo[]): Promise<void> {
    const ids = new Set(gone.map(({ id }) => id));
    await store.removePictures(gone);
    this.pictures = this.pictures.filter(({ id }) => !ids.has(id));
  }

  /** Brings removed pictures back, into their project: another one may be open by now. */
  private async putBack(news: readonly store.NewPicture[]): Promise<void> {
    const id = news[0]?.info.project;
    if (id === undefined) return;
    await this.changing(id, async () => {
      const classes = (await store.getProject(id))?.classes.map((one) => one.id) ?? [];
      const there = new Set((await store.listPictures(id)).map((picture) => picture.id));
      const back = news.filter(({ info }) => classes.includes(info.class) && !there.has(info.id));
      await store.addPictures(back);
      if (id === this.project.id) this.pictures = [...this.pictures, ...back.map(({ info }) => info)].sort((a, b) => a.added - b.added);
    });
  }

  /** Removes pictures that were added, and the classes that were added for them, from their project. */
  private takeBack = ({ added, classes }: ImportSummary) =>
    this.order(async () => {
      const id = added[0]?.project;
      if (id === undefined) return;
      await this.changing(id, async () => {
        const ids = new Set(added.map((picture) => picture.id));
        const there = await store.listPictures(id);
        await this.drop(there.filter((picture) => ids.has(picture.id)));
        const project = await store.getProject(id);
        const used = new Set(there.flatMap((picture) => (ids.has(picture.id) ? [] : [picture.class])));
        const left = project?.classes.filter((one) => !classes.includes(one.id) || used.has(one.id));
        if (!project || left?.length === project.classes.length) return;
        const changed = { ...project, classes: left ?? [], changed: Date.now() };
        await store.putProject(changed);
        if (id === this.project.id) this.project = changed;
        await this.list();
      });
    });

  /** Makes pictures validation pictures. */
  setValidation = (ids: ReadonlySet<string>) =>
    this.order(async () => {
      this.checkRight();
      const moved = this.pictures.filter(({ id }) => ids.has(id)).map((picture) => ({ ...picture, val: true }));
      await store.updatePictures(moved);
      const byId = new Map(moved.map((picture) => [picture.id, picture]));
      this.pictures = this.pictures.map((picture) => byId.get(picture.id) ?? picture);
    });

  /** Moves a picture to another class; it stays in its split. */
  move = (id: string, to: ProjectClass) =>
    this.order(async () => {
      this.checkRight();
      const from = this.pictures.find((picture) => picture.id === id);
      if (!from) return;
      const moved = { ...from, class: to.id, id: pictureId(this.project, to.id, from.hash), added: this.nextPlace() };
      await store.movePicture(from, moved);
      this.pictures = [...this.pictures.filter((picture) => picture.id !== from.id && picture.id !== moved.id), moved];
    });

  duplicate = (id: string) =>
    this.order(async () => {
      const from = await store.getProject(id);
      if (!from) return;
      const copy: Project = { ...from, id: newId(), name: uniqueName(t.studio.copyName({ name: from.name }), this.projects), created: Date.now(), changed: Date.now() };
      try {
        await store.copyProject(id, copy);
        await lab.engine.copyNetwork(id, copy.id);
      } catch (error) {
        await this.wipe(copy.id);
        throw error;
      }
      await this.show(copy);
      showMessage(message("studio.duplicated", { copy: copy.name, name: from.name }));
    });

  destroy = (id: string) =>
    this.order(async () => {
      await this.changing(id, async () => {
        if (lab.fineTune.project === id) await lab.fineTune.close();
        await this.wipe(id);
      });
      await this.list();
      if (this.project.id === id) await this.show(this.projects[0] ?? fresh());
    });

  private async wipe(id: string): Promise<void> {
    await store.deleteProject(id);
    await deleteWeights(id);
  }

  /**
   * Adds a project whose pictures are added by `fill`. It is shown meanwhile. If anything fails, it is deleted and the
   * previous project is shown again.
   */
  async take(project: Project, fill: () => Promise<void>): Promise<void> {
    const before = this.project;
    try {
      await this.inTurn(async () => {
        await store.putProject(project);
        await this.show(project);
      });
      await fill();
      await this.inTurn(() => this.show(project));
    } catch (error) {
      await this.inTurn(async () => {
        await this.wipe(project.id);
        if (this.project.id === project.id) await this.show(before);
        await this.list();
      });
      throw messageError("studio.notImported", { name: project.name, reason: storageMessage(error) });
    }
  }

  /** Announces pictures that will be added (or fewer, if negative): training has to wait for them. */
  expect(count: number): void {
    const { done, total } = this.intake ?? { done: 0, total: 0 };
    this.intake = done < total + count ? { done, total: total + count } : null;
  }

  /** Adds pictures and shows a message about the result. */
  async add(incoming: readonly PictureToAdd[], to = emptySummary()): Promise<void> {
    this.expect(incoming.length);
    try {
      await this.addExpected(incoming, to);
      this.report(to);
    } catch (error) {
      showError(error);
    }
  }

  /** Adds announced pictures in batches and counts the results in `to`. */
  addExpected(incoming: readonly PictureToAdd[], to: ImportSummary): Promise<void> {
    if (incoming.length === 0) return Promise.resolve();
    to.total += incoming.length;
    let left = incoming.length;
    const passed = (count: number) => {
      left -= count;
      const { done, total } = this.intake ?? { done: 0, total: 0 };
      this.intake = done + count < total ? { done: done + count, total } : null;
    };
    const { id } = this.project;
    return this.inTurn(async () => {
      try {
        this.checkRight();
        if (this.project.id !== id) throw messageError("studio.projectChanged");
        await this.stored();
        for (let from = 0; from < incoming.length; from += BATCH) {
          this.checkRight();
          const some = incoming.slice(from, from + BATCH);
          await this.addBatch(some, to);
          passed(some.length);
        }
        await this.touch();
      } catch (error) {
        const problem = storageMessage(error);
        if (to.added.length === 0) throw storageError(error);
        throw messageError("studio.addedPartly", { problem: withoutStop(problem), added: to.added.length, total: to.total });
      } finally {
        passed(left);
      }
    });
  }

  /** Shows a message about added pictures. It offers to undo it. */
  report(to: ImportSummary): void {
    const { added, again, shrunk, problems } = to;
    const names = new Set(added.map((picture) => this.project.classes.find(({ id }) => id === picture.class)?.name));
    const [name] = names;
    const said: (Message | string)[] = [];
    if (names.size === 1) said.push(message("studio.addedTo", { count: added.length, name: name ?? "" }));
    else if (names.size > 1) said.push(message("studio.addedToClasses", { count: added.length, classes: names.size }));
    if (again > 0) said.push(message("studio.duplicates", { count: again }));
    if (shrunk > 0) said.push(message("studio.shrunk", { count: shrunk, side: STORED_SIDE }));
    said.push(...unusedFiles(to));
    if (said.length === 0) return;
    const undo = added.length > 0 ? { label: message("studio.undo"), run: () => void this.takeBack(to) } : undefined;
    showMessage(sentences(said), problems.length > 0 && added.length === 0 ? "error" : "info", undo);
  }

  /** Reads the stored state of the project's network and run. */
  async refresh(): Promise<void> {
    const { id } = this.project;
    const [project, run, finished, bytes] = await Promise.all([store.getProject(id), store.getRun(id), store.getFinished(id), weightBytes(id)]);
    if (!project && this.project.id === id && this.projects.some((one) => one.id === id)) await this.cleared();
    if (this.project.id === id) [this.saved, this.finished, this.networkBytes] = [run ?? null, finished ?? null, bytes];
  }

  /** Handles storage that was cleared while the page is open. */
  private async cleared(): Promise<void> {
    await store.putProject(this.project);
    this.pictures = await store.listPictures(this.project.id);
    await this.list();
    showError(message("studio.cleared"));
  }

  /** Shows a stored project. */
  show = async (project: Project): Promise<void> => {
    if (lab.fineTune.project !== null && lab.fineTune.project !== project.id) await lab.fineTune.close();
    await this.hold(project.id);
    this.thumbs.clear();
    const [pictures, run, finished, bytes] = await Promise.all([store.listPictures(project.id), store.getRun(project.id), store.getFinished(project.id), weightBytes(project.id)]);
    [this.project, this.pictures, this.saved, this.finished, this.networkBytes] = [project, pictures, run ?? null, finished ?? null, bytes];
    this.active = project.classes[0]?.id ?? null;
    savePreference(LAST, project.id);
    await this.list();
  };

  /** Runs work on the store after the work before it; shows errors. */
  async order<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.inTurn(work);
    } catch (error) {
      this.busy = false;
      showError(storageMessage(error));
      return undefined;
    }
  }

  /** The same, but rejects on errors. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.orders.run(work);
  }

  private async addBatch(some: readonly PictureToAdd[], to: ImportSummary): Promise<void> {
    const ready: ({ prepared: PreparedPicture; to: PictureToAdd } | null)[] = [];
    for (let from = 0; from < some.length; from += AT_ONCE) {
      const prepared = await Promise.all(
        some.slice(from, from + AT_ONCE).map((one) =>
          prepare(one.blob, one.name).then(
            (prepared) => ({ prepared, to: one }),
            (error: unknown) => {
              to.problems.push(messageOf(error));
              return null;
            },
          ),
        ),
      );
      ready.push(...prepared);
    }
    const there = new Set(this.pictures.map(({ id }) => id));
    const fresh: store.NewPicture[] = [];
    for (const one of ready) {
      // The class may have been removed in the meantime.
      if (!one || !this.project.classes.some(({ id }) => id === one.to.class)) continue;
      const { prepared, to: { class: into, val } } = one;
      const id = pictureId(this.project, into, prepared.hash);
      if (there.has(id)) {
        to.again++;
        continue;
      }
      there.add(id);
      if (prepared.shrunk) to.shrunk++;
      const added = this.nextPlace();
      const info = { id, project: this.project.id, class: into, hash: prepared.hash, name: prepared.name, bytes: prepared.bytes.byteLength, val: val ?? false, added };
      fresh.push({ info, bytes: prepared.bytes, thumb: prepared.thumb });
    }
    // The hash decides the split of pictures for which nothing else does.
    const open = new Set(some.filter(({ val }) => val === null).map((one) => one.class));
    for (const id of open) {
      const own = this.byClass.get(id) ?? [];
      const news = fresh.filter(({ info }) => info.class === id);
      const split = assignSplit(news.map(({ info }) => info.hash), { pictures: own.length, val: own.filter(({ val }) => val).length });
      news.forEach((picture, i) => (picture.info.val = split[i] ?? false));
    }
    await store.addPictures(fresh);
    to.added.push(...fresh.map(({ info }) => info));
    this.pictures = [...this.pictures, ...fresh.map(({ info }) => info)];
  }

  /** The current time in milliseconds, but greater than the time of every earlier picture. */
  private nextPlace(): number {
    this.place = Math.max(Date.now(), this.place + 1, (this.pictures.at(-1)?.added ?? 0) + 1);
    return this.place;
  }

  /** Stores the project if it is not stored yet. */
  private async stored(): Promise<void> {
    if (this.isStored) return;
    await store.putProject(this.project);
    savePreference(LAST, this.project.id);
    await this.list();
    this.askToPersist();
  }

  /** With persistent storage, a browser short of space deletes other pages' data first. Where it is refused, the page offers the export. */
  private askToPersist(): void {
    const asked = navigator.storage?.persist?.().catch(() => false);
    // The visitor may answer late: nothing waits for it.
    void asked?.then((granted) => (this.mayBeDeleted = !granted));
  }

  private touch(): Promise<void> {
    this.project = { ...this.project, changed: Date.now() };
    return store.putProject(this.project).then(() => this.list());
  }

  private change(what: (project: Project) => Partial<Project>): Promise<void | undefined> {
    return this.order(async () => {
      this.checkRight();
      const project = { ...this.project, ...what(this.project), changed: Date.now() };
      const first = !this.isStored;
      await store.putProject(project);
      this.project = project;
      await this.list();
      savePreference(LAST, project.id);
      if (first) this.askToPersist();
    });
  }

  private async list(): Promise<void> {
    this.projects = await store.listProjects();
  }
}

const pictureId = (project: Project, classId: string, hash: string): string => `${project.id}/${classId}/${hash}`;

function fresh(others: readonly Project[] = []): Project {
  const now = Date.now();
  return { id: newId(), name: uniqueName(t.studio.projectName(), others), created: now, changed: now, classes: Array.from({ length: FIRST_CLASSES }, (_, i) => ({ id: newId(), name: className(i + 1) })), plan: { ...DEFAULT_PLAN } };
}

const className = (number: number): string => t.studio.classNumber({ number: String(number) });

const withoutStop = (text: Message | string): Message | string => (typeof text === "string" ? text.replace(/[.。]$/, "") : text);

/** Several sentences as one text. */
export function sentences(all: readonly (Message | string)[]): Message | string {
  return all.map(withoutStop).reduce((first, second) => message("studio.sentences", { first, second }));
}

/** A message about files that could not be used: one file's problem, or their number and the first problem. */
export function unusedFiles({ problems, total }: ImportSummary): (Message | string)[] {
  const [problem] = problems;
  if (problem === undefined) return [];
  return problems.length === 1 ? [problem] : [message("studio.unusedFiles", { count: problems.length, total, problem })];
}

/** The name, with a number if it is taken. */
export function uniqueName(name: string, those: readonly { name: string }[]): string {
  const taken = (text: string) => those.some((one) => one.name.toLowerCase() === text.toLowerCase());
  let free = name;
  for (let i = 2; taken(free); i++) free = `${name} ${i}`;
  return free;
}

export const editor = new ProjectEditor();
