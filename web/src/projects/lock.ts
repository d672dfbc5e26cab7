/** Only one tab at a time changes and trains a project: two would overwrite each other's changes and weights. */
import { messageError } from "../errors/message";

const lockName = (project: string): string => `alexnet-project-${project}`;
/** The projects that this tab may change, with the number of their locks. */
const held = new Map<string, number>();
/** A tab that does not answer for this long is frozen or hangs: its lock is taken. */
const PATIENCE_MS = 3000;

const count = (project: string, by: 1 | -1): void => void held.set(project, (held.get(project) ?? 0) + by);
const locks = (): LockManager | undefined => globalThis.navigator?.locks;

/** The lock of a project, held until `release` is called. */
export interface ProjectLock { project: string; release(): void }

/** Locks a project for this tab; rejects when another tab has the lock. Browsers without locks do not check. */
export function lockProject(project: string): Promise<ProjectLock> {
  const manager = locks();
  if (!manager || (held.get(project) ?? 0) > 0) return Promise.resolve({ project, release: () => undefined });
  return new Promise((resolve, reject) => {
    const asked = manager.request(lockName(project), { ifAvailable: true }, (lock) => {
      if (!lock) throw messageError("engine.projectBusy");
      count(project, 1);
      return new Promise<void>((done) => {
        const release = () => {
          count(project, -1);
          done();
        };
        resolve({ project, release });
      });
    });
    asked.catch(reject);
  });
}

/** Hears whether this tab may change the project. Where it no longer may, it finishes its work before the promise resolves. */
type Listener = (mine: boolean) => Promise<void> | void;

/** The right to change a project. One tab has it; the others wait for it, or take it. */
export class EditRight {
  mine = false;
  /** Resolves when it is known whether another tab has the right. */
  readonly ready: Promise<void>;
  private readonly channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("alexnet-edit") : null;
  private waiting: AbortController | null = null;
  private letGo: (() => void) | null = null;
  private ended = false;

  constructor(readonly project: string, private readonly listener: Listener) {
    this.channel?.addEventListener("message", ({ data }: MessageEvent<{ give?: string }>) => {
      if (data.give === project && this.mine) void this.give();
    });
    this.ready = this.begin();
  }

  /** Takes the right from the tab that has it: that tab finishes its work first, unless it does not answer. */
  async take(): Promise<void> {
    if (this.mine) return;
    this.channel?.postMessage({ give: this.project });
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    if (this.mine || this.ended) return;
    this.waiting?.abort();
    this.request({ steal: true });
  }

  release(): void {
    this.ended = true;
    this.channel?.close();
    this.waiting?.abort();
    this.drop();
  }

  private async begin(): Promise<void> {
    const manager = locks();
    if (!manager) {
      this.mine = true;
      return;
    }
    const free = await new Promise<boolean>((resolve) => this.request({ ifAvailable: true }, resolve));
    if (!free && !this.ended) this.wait();
  }

  private async give(): Promise<void> {
    this.mine = false;
    await this.listener(false);
    this.drop();
    if (!this.ended) this.wait();
  }

  private drop(): void {
    this.mine = false;
    this.letGo?.();
    this.letGo = null;
  }

  /** Gets the right as soon as no other tab has it. */
  private wait(): void {
    this.waiting = new AbortController();
    this.request({ signal: this.waiting.signal });
  }

  /** `first`: for the request of a project that is being opened, whose owner is told by its answer. */
  private request(options: LockOptions, first?: (free: boolean) => void): void {
    let granted = false;
    const asked = locks()?.request(lockName(this.project), options, (lock) => {
      if (!lock || this.ended) {
        return first?.(false);
      }
      granted = true;
      this.mine = true;
      count(this.project, 1);
      if (first) first(true);
      else void this.listener(true);
      return new Promise<void>((done) => {
        this.letGo = () => {
          granted = false;
          count(this.project, -1);
          done();
        };
      });
    });
    asked?.catch(async () => {
      // Taken by a tab that got no answer; otherwise a wait that was given up.
      if (!granted || !this.mine) return;
      this.mine = false;
      this.letGo = null;
      count(this.project, -1);
      await this.listener(false);
      if (!this.ended) this.wait();
    });
  }
}
