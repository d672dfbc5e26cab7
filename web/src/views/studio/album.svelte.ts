/** The open project: its classes and pictures, and what is done to them. It lives as long as the page. */
import { lab } from "../../engine/api";
import { FINE_TUNING } from "../../generated/protocol";
import { Queue } from "../../engine/queue";
import { prepare, STORED_SIDE, type Prepared } from "../../projects/intake";
import { splitNew } from "../../projects/split";
import * as store from "../../projects/store";
import { newId, type PictureInfo, type Plan, type Project, type ProjectClass, type ProjectRun } from "../../projects/types";
import { warnings } from "../../projects/warnings";
import { deleteWeights } from "../../projects/weights";
import { say, sayError, sentence } from "../../state/messages.svelte";
import { remember, remembered } from "../../state/remember";
import { Thumbs } from "./thumbs";

/** A picture to be added; `val` null where its content decides. */
export interface Incoming { blob: Blob; name: string; class: string; val: boolean | null }

export const DEFAULT_PLAN: Plan = { start: "shipped", headEpochs: FINE_TUNING.head.epochs, allEpochs: 0 };
const LAST = "alexnet-lab-project";
/** Pictures that are prepared at a time, and that are stored in one transaction. */
const AT_ONCE = 4;
const BATCH = 24;
const FIRST_NAMES = ["Class 1", "Class 2"];

export class Album {
  projects = $state.raw<Project[]>([]);
  project = $state.raw<Project>(fresh());
  pictures = $state.raw<PictureInfo[]>([]);
  /** What was saved of the project's run. */
  saved = $state.raw<ProjectRun | null>(null);
  /** The class that pasted pictures go to. */
  active = $state<string | null>(null);
  /** Pictures that are coming in. */
  intake = $state<{ done: number; total: number } | null>(null);
  /** The project is being opened. */
  busy = $state(true);
  readonly thumbs = new Thumbs(store.getThumbs);
  private readonly orders = new Queue();

  readonly byClass = $derived.by(() => {
    const groups = new Map<string, PictureInfo[]>(this.project.classes.map(({ id }) => [id, []]));
    for (const picture of this.pictures) groups.get(picture.class)?.push(picture);
    return groups;
  });
  readonly warnings = $derived(warnings(this.project.classes, this.pictures));
  /** Bytes of the open project in the browser. */
  readonly bytes = $derived(this.pictures.reduce((sum, { bytes }) => sum + bytes, 0) + weightBytes(this.saved));

  /** Opens the project of the last visit, else a new one. */
  begin(): Promise<void> {
    return this.order(async () => {
      await this.list();
      const last = remembered(LAST);
      const found = this.projects.find(({ id }) => id === last) ?? this.projects[0];
      if (found) await this.show(found);
      else this.active = this.project.classes[0]?.id ?? null;
      this.busy = false;
    });
  }

  open = (id: string) =>
    this.order(async () => {
      const found = await store.getProject(id);
      if (!found) throw new Error("This project is no longer in the browser.");
      await this.show(found);
    });

  /** An empty project; it is stored with its first change. */
  create = () => this.order(async () => this.show(fresh()));

  rename = (name: string) => this.change(() => ({ name: name.trim() || "Untitled" }));
  setPlan = (plan: Partial<Plan>) => this.change(({ plan: old }) => ({ plan: { ...old, ...plan } }));

  addClass = async (name?: string): Promise<ProjectClass | undefined> => {
    let made: ProjectClass | undefined;
    await this.change(({ classes }) => {
      made = { id: newId(), name: freeName(name?.trim() || `Class ${classes.length + 1}`, classes) };
      return { classes: [...classes, made] };
    });
    if (made) this.active = made.id;
    return made;
  };

  renameClass = (id: string, text: string) =>
    this.change(({ classes }) => {
      const name = text.trim();
      const twin = classes.find((one) => one.id !== id && one.name.toLowerCase() === name.toLowerCase());
      if (name === "") throw new Error("A class needs a name: the old one stays.");
      if (twin) throw new Error(`There is a class “${twin.name}” already: choose another name.`);
      return { classes: classes.map((one) => (one.id === id ? { ...one, name } : one)) };
    });

  removeClass = (id: string) =>
    this.order(async () => {
      const gone = this.pictures.filter((picture) => picture.class === id);
      const project = { ...this.project, classes: this.project.classes.filter((one) => one.id !== id), changed: Date.now() };
      await store.removeClass(project, gone);
      this.project = project;
      this.pictures = this.pictures.filter((picture) => picture.class !== id);
      if (this.active === id) this.active = project.classes[0]?.id ?? null;
      await this.list();
    });

  remove = (ids: ReadonlySet<string>) =>
    this.order(async () => {
      await store.removePictures(this.pictures.filter(({ id }) => ids.has(id)));
      this.pictures = this.pictures.filter(({ id }) => !ids.has(id));
    });

  /** What was in the wrong class; it stays set apart, or stays to be learned from. */
  move = (id: string, to: ProjectClass) =>
    this.order(async () => {
      const from = this.pictures.find((picture) => picture.id === id);
      if (!from) return;
      const moved = { ...from, class: to.id, id: pictureId(this.project, to.id, from.hash) };
      await store.movePicture(from, moved);
      this.pictures = [...this.pictures.filter((picture) => picture.id !== from.id && picture.id !== moved.id), moved];
    });

  duplicate = (id: string) =>
    this.order(async () => {
      const from = await store.getProject(id);
      if (!from) return;
      const copy: Project = { ...from, id: newId(), name: `${from.name}, copy`, created: Date.now(), changed: Date.now() };
      await store.copyProject(id, copy);
      const run = await store.getRun(id);
      // The network goes along; a run in the middle begins anew in the copy.
      if (run) await lab.engine.importNetwork(copy.id, await lab.engine.exportProject(id, "safetensors"));
      await this.show(copy);
      say(`“${copy.name}” is open now; “${from.name}” is as it was.`);
    });

  destroy = (id: string) =>
    this.order(async () => {
      if (lab.tuning.project === id) await lab.tuning.close();
      await store.deleteProject(id);
      await deleteWeights(id);
      await this.list();
      if (this.project.id === id) await this.show(this.projects[0] ?? fresh());
    });

  /** So many more pictures are coming in, or fewer: nobody trains before they are here. */
  expect(count: number): void {
    const { done, total } = this.intake ?? { done: 0, total: 0 };
    this.intake = done < total + count ? { done, total: total + count } : null;
  }

  /** Adds pictures, a few at a time; what cannot be added is named in one sentence. `expected`: they were announced. */
  add(incoming: readonly Incoming[], expected = false): Promise<void> {
    if (incoming.length === 0) return Promise.resolve();
    if (!expected) this.expect(incoming.length);
    let left = incoming.length;
    const passed = (count: number) => {
      left -= count;
      const { done, total } = this.intake ?? { done: 0, total: 0 };
      this.intake = done + count < total ? { done: done + count, total } : null;
    };
    return this.order(async () => {
      const tally = { added: 0, again: 0, shrunk: 0, problems: [] as string[] };
      try {
        await this.stored();
        for (let from = 0; from < incoming.length; from += BATCH) {
          const some = incoming.slice(from, from + BATCH);
          await this.addBatch(some, tally);
          passed(some.length);
        }
        await this.touch();
      } catch (error) {
        const kept = tally.added > 0 ? ` ${tally.added} of ${incoming.length} pictures were added.` : "";
        throw new Error(`${sentence(store.storageSentence(error))}${kept}`);
      } finally {
        passed(left);
      }
      report(tally, incoming.length);
    });
  }

  /** The project with its network as it is stored now. */
  async refresh(): Promise<void> {
    this.saved = (await store.getRun(this.project.id)) ?? null;
  }

  /** Puts a project on show whose pictures were just stored. */
  show = async (project: Project): Promise<void> => {
    if (lab.tuning.project !== null && lab.tuning.project !== project.id) await lab.tuning.close();
    this.thumbs.clear();
    const [pictures, run] = await Promise.all([store.listPictures(project.id), store.getRun(project.id)]);
    [this.project, this.pictures, this.saved] = [project, pictures, run ?? null];
    this.active = project.classes[0]?.id ?? null;
    remember(LAST, project.id);
    await this.list();
  };

  /** Work on the store, in its turn; what goes wrong is told. */
  async order<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.orders.run(work);
    } catch (error) {
      this.busy = false;
      sayError(store.storageSentence(error));
      return undefined;
    }
  }

  private async addBatch(some: readonly Incoming[], tally: { added: number; again: number; shrunk: number; problems: string[] }): Promise<void> {
    const ready: ({ prepared: Prepared; to: Incoming } | null)[] = [];
    for (let from = 0; from < some.length; from += AT_ONCE) {
      const prepared = await Promise.all(
        some.slice(from, from + AT_ONCE).map((to) =>
          prepare(to.blob, to.name).then(
            (prepared) => ({ prepared, to }),
            (error: unknown) => {
              tally.problems.push(sentence(error));
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
      // A class may have gone while its pictures were on their way.
      if (!one || !this.project.classes.some(({ id }) => id === one.to.class)) continue;
      const { prepared, to } = one;
      const id = pictureId(this.project, to.class, prepared.hash);
      if (there.has(id)) {
        tally.again++;
        continue;
      }
      there.add(id);
      if (prepared.shrunk) tally.shrunk++;
      const info = { id, project: this.project.id, class: to.class, hash: prepared.hash, name: prepared.name, bytes: prepared.bytes.byteLength, val: to.val ?? false };
      fresh.push({ info, bytes: prepared.bytes, thumb: prepared.thumb });
    }
    // Where nothing says which split a picture belongs to, its content does.
    const open = new Set(some.filter(({ val }) => val === null).map((to) => to.class));
    for (const id of open) {
      const own = this.byClass.get(id) ?? [];
      const news = fresh.filter(({ info }) => info.class === id);
      const split = splitNew(news.map(({ info }) => info.hash), { pictures: own.length, val: own.filter(({ val }) => val).length });
      news.forEach((picture, i) => (picture.info.val = split[i] ?? false));
    }
    await store.addPictures(fresh);
    tally.added += fresh.length;
    this.pictures = [...this.pictures, ...fresh.map(({ info }) => info)];
  }

  /** Stores the project if it is not yet. */
  private async stored(): Promise<void> {
    if (this.projects.some(({ id }) => id === this.project.id)) return;
    await store.putProject(this.project);
    remember(LAST, this.project.id);
    await this.list();
    // A browser that is short of space then deletes other pages' data first.
    void navigator.storage?.persist?.().catch(() => false);
  }

  private touch(): Promise<void> {
    this.project = { ...this.project, changed: Date.now() };
    return store.putProject(this.project).then(() => this.list());
  }

  private change(what: (project: Project) => Partial<Project>): Promise<void | undefined> {
    return this.order(async () => {
      const project = { ...this.project, ...what(this.project), changed: Date.now() };
      await store.putProject(project);
      this.project = project;
      await this.list();
      remember(LAST, project.id);
    });
  }

  private async list(): Promise<void> {
    this.projects = await store.listProjects();
  }
}

/** Bytes of a project's network: a run writes two files in turn, one that came from elsewhere is in one. */
export const weightBytes = (run: ProjectRun | null | undefined): number => (run ? run.bytes * (run.kept === null ? 1 : 2) : 0);

const pictureId = (project: Project, classId: string, hash: string): string => `${project.id}/${classId}/${hash}`;

function fresh(): Project {
  const now = Date.now();
  return { id: newId(), name: "My pictures", created: now, changed: now, classes: FIRST_NAMES.map((name) => ({ id: newId(), name })), plan: { ...DEFAULT_PLAN } };
}

/** A name that no class has yet. */
export function freeName(name: string, classes: readonly ProjectClass[]): string {
  const taken = (text: string) => classes.some((one) => one.name.toLowerCase() === text.toLowerCase());
  let free = name;
  for (let i = 2; taken(free); i++) free = `${name} ${i}`;
  return free;
}

function report({ added, again, shrunk, problems }: { added: number; again: number; shrunk: number; problems: string[] }, total: number): void {
  const pictures = (n: number) => (n === 1 ? "One picture" : `${n} pictures`);
  const words: string[] = [];
  if (again > 0) words.push(`${pictures(again)} ${again === 1 ? "was" : "were"} in that class already.`);
  if (shrunk > 0) words.push(`${pictures(shrunk)} above 1 MB ${shrunk === 1 ? "is" : "are"} kept with a shorter side of ${STORED_SIDE} pixels, the others as they came.`);
  if (problems.length === 1) words.push(problems[0] ?? "");
  else if (problems.length > 1) words.push(`${problems.length} of ${total} files could not be used. The first: ${problems[0]}`);
  if (words.length > 0) say(words.join(" "), problems.length > 0 && added === 0 ? "error" : "info");
}

export const album = new Album();
