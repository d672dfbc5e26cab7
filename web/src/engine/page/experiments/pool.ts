/** The workers of the experiments: a few, started when they are needed, ended when they are not. */
import type { RunReport, RunSpec } from "../../../generated/protocol";
import type { DatasetChoice } from "../../shared/protocol";
import type { ExperimentSettings } from "../../shared/experiments";
import { Member, WorkerEnded, type ExperimentConnection } from "./worker";

/** An experiment with everything that its result depends on. */
export interface Job {
  name: string;
  settings: ExperimentSettings;
  seeds: number[];
  /** A data set's id, "" where the experiment needs none. */
  images: string;
}

/** Tells jobs apart: the same text, the same result to the last bit. */
export const jobKey = ({ name, settings, seeds, images }: Job): string =>
  JSON.stringify([name, Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)), seeds, images]);

/** Tells the runs of a job apart. */
export const specKey = ({ arm, seed, stage, learningRate }: RunSpec): string => JSON.stringify([stage, arm, seed, learningRate ?? null]);

/** How many workers this device gets: one processor is left to the page. */
export const poolSize = (processors = globalThis.navigator?.hardwareConcurrency ?? 1): number => Math.max(1, Math.min(4, processors - 1));

/** A worker that ended is replaced this often in a job. */
const MOST_RESTARTS = 3;

export interface PoolHost {
  connect(): ExperimentConnection;
  /** The page's address, beside which the data sets lie. */
  base(): string;
  /** What the visitor imported under this id. */
  imported(id: string): { choice: DatasetChoice; files: File[] } | undefined;
  /** Progress of loading the wasm. */
  progress?(loaded: number, total: number | undefined): void;
}

export class Pool {
  private members: (Promise<Member> | undefined)[] = [];
  private readonly registered = new WeakMap<Member, Set<string>>();
  private restarts = 0;

  constructor(private readonly host: PoolHost, readonly size = poolSize()) {}

  /** The worker in a place, started and with the data set. */
  async member(place: number, images = ""): Promise<Member> {
    const member = await (this.members[place] ??= this.boot(place));
    if (member.ended) {
      this.members[place] = undefined;
      return this.member(place, images);
    }
    const own = images === "" ? undefined : this.host.imported(images);
    const known = this.registered.get(member) ?? new Set();
    if (own && !known.has(images)) {
      await member.call((remote) => remote.registerDataset(own.choice, own.files));
      this.registered.set(member, known.add(images));
    }
    return member;
  }

  private boot(place: number): Promise<Member> {
    const booting = (async () => {
      const member = new Member(this.host.connect(), (loaded, total) => this.host.progress?.(loaded, total));
      try {
        await member.call((remote) => remote.boot(this.host.base()));
        return member;
      } catch (error) {
        member.end();
        throw error;
      }
    })();
    booting.catch(() => (this.members[place] = undefined));
    return booting;
  }

  /** Ends all workers but the first one, which plans. */
  rest(): void {
    for (const member of this.members.splice(1)) void member?.then((one) => one.end(), () => undefined);
  }

  /** Ends all workers. */
  end(): void {
    for (const member of this.members.splice(0)) void member?.then((one) => one.end(), () => undefined);
  }

  /** What is still to do of a job. */
  async plan(job: Job, done: readonly RunReport[]): Promise<RunSpec[]> {
    const first = await this.member(0);
    return first.call((remote) => remote.plan(job.name, job.settings, job.seeds, done.map(withoutPictures)));
  }

  async summarise(job: Job, reports: readonly RunReport[]) {
    const first = await this.member(0);
    return first.call((remote) => remote.summarise(job.name, job.settings, reports.map(withoutPictures)));
  }

  /** How fast a worker of this device is. */
  async speed(): Promise<number> {
    const first = await this.member(0);
    return first.call((remote) => remote.speed());
  }

  /** Asks every worker that runs. */
  async each(task: (member: Member) => Promise<void>): Promise<void> {
    await Promise.all(this.members.map(async (member) => {
      const one = await member?.catch(() => undefined);
      if (one && !one.ended) await task(one).catch((error: unknown) => { if (!(error instanceof WorkerEnded)) throw error; });
    }));
  }

  /** Computes runs, as many at once as there are workers. A worker that ends is replaced, and its run begins again. */
  async compute(job: Job, specs: readonly RunSpec[], report: (report: RunReport, whole: boolean) => void, wanted: () => boolean): Promise<void> {
    const waiting = [...specs];
    this.restarts = 0;
    const work = async (place: number): Promise<void> => {
      for (let spec = waiting.shift(); spec && wanted(); spec = waiting.shift()) {
        const now = spec;
        try {
          const member = await this.member(place, job.images);
          member.onReport = (partial) => report(partial, false);
          report(await member.call((remote) => remote.run(job.name, job.settings, now, job.images)), true);
        } catch (error) {
          if (!wanted()) return;
          if (!(error instanceof WorkerEnded) || ++this.restarts > MOST_RESTARTS) throw error;
          waiting.unshift(now);
        }
      }
    };
    const places = Math.min(this.size, specs.length);
    await Promise.all(Array.from({ length: places }, (_, place) => work(place)));
  }
}

/** Plans and summaries read curves and values only; pictures are large. */
const withoutPictures = (report: RunReport): RunReport => ({ ...report, pictures: [] });
