/** An experiment that runs: planned, computed by the pool, summarised. It goes on while another view is shown. */
import { messageOf, type Message } from "../../../errors/message";
import type { ExperimentData, RunReport, RunSpec } from "../../../generated/protocol";
import type { ExperimentOutcome } from "../../shared/experiments";
import { jobKey, specKey, type Job, type Pool } from "./pool";
import { keepSpeed, knownSpeed, seconds } from "./speed";

export type Phase = "idle" | "running" | "paused" | "stopped" | "done" | "failed";

export interface RunHost {
  /** Called when it starts. */
  started?: (run: ExperimentRun) => void;
  /** A clock in milliseconds. */
  now?: () => number;
}

export class ExperimentRun {
  phase: Phase = $state("idle");
  /** All planned runs with what they have measured so far, in the order of the plan. */
  reports: readonly RunReport[] = $state.raw([]);
  outcome: ExperimentOutcome | null = $state.raw(null);
  problem: Message | string | null = $state.raw(null);
  /** Seconds until the end of what is planned; NaN where that is not known. */
  left = $state(Number.NaN);
  /** Share of what is planned that is done. */
  share = $state(0);
  /** The runs that are planned so far find the learning rates; those that are measured come after them. */
  sweeping = $state(false);

  readonly key: string;
  private specs: RunSpec[] = [];
  private readonly found = new Map<string, RunReport>();
  private readonly whole = new Set<string>();
  /** Distinguishes this start from earlier ones, whose results come too late. */
  private starts = 0;
  /** Time spent computing, without pauses, and since when it is running. */
  private spent = 0;
  private since = 0;

  private readonly started: (run: ExperimentRun) => void;
  private readonly now: () => number;

  constructor(readonly job: Job, private readonly data: ExperimentData, private readonly pool: Pool, { started = () => undefined, now = () => performance.now() }: RunHost = {}) {
    this.key = jobKey(job);
    this.started = started;
    this.now = now;
  }

  get busy(): boolean {
    return this.phase === "running" || this.phase === "paused";
  }

  /** Seconds that it will take, before it starts; the first stage only, where more stages follow (`more`). */
  async estimate(): Promise<{ seconds: number; runs: number; more: boolean }> {
    const specs = await this.pool.plan(this.job, []);
    let speed = knownSpeed(this.data);
    if (speed === undefined) {
      speed = await this.pool.speed();
      keepSpeed("none", speed);
    }
    return { seconds: seconds(specs, speed, this.pool.size), runs: specs.length, more: specs.every(({ stage }) => stage === "sweep") };
  }

  /** Starts it, or what a stop left of it. */
  async start(): Promise<void> {
    if (this.busy) return;
    const mine = ++this.starts;
    const wanted = () => mine === this.starts && this.busy;
    if (this.phase === "done") this.clear();
    this.problem = null;
    this.phase = "running";
    this.started(this);
    this.since = this.now();
    for (const [key] of this.found) if (!this.whole.has(key)) this.found.delete(key);
    try {
      for (;;) {
        const todo = await this.pool.plan(this.job, this.finished());
        if (!wanted()) return;
        if (todo.length === 0) break;
        this.specs = [...this.specs.filter((spec) => this.whole.has(specKey(spec))), ...todo];
        this.sweeping = todo.every(({ stage }) => stage === "sweep");
        this.measure();
        await this.pool.compute(this.job, todo, (report, whole) => wanted() && this.reported(report, whole), wanted);
        if (!wanted()) return;
      }
      const outcome = await this.pool.summarise(this.job, this.finished());
      if (!wanted()) return;
      this.outcome = outcome;
      this.finish("done");
      if (this.spent > 0) keepSpeed(this.data, this.work(true) / (this.spent / 1000) / Math.min(this.pool.size, this.specs.length));
    } catch (error) {
      if (mine !== this.starts) return;
      this.problem = messageOf(error);
      this.finish("failed");
    }
  }

  async pause(): Promise<void> {
    if (this.phase !== "running") return;
    this.spent += this.now() - this.since;
    this.phase = "paused";
    await this.pool.each((member) => member.call((remote) => remote.pause()));
  }

  async resume(): Promise<void> {
    if (this.phase !== "paused") return;
    this.since = this.now();
    this.phase = "running";
    await this.pool.each((member) => member.call((remote) => remote.resume()));
  }

  /** Ends it. Whole runs stay, and a later start computes the rest. */
  stop(): void {
    if (!this.busy) return;
    this.starts++;
    this.finish("stopped");
    this.pool.end();
  }

  /** Computes all runs again, from the same seeds: the figures must be the same. */
  async again(): Promise<void> {
    if (this.busy) return;
    this.clear();
    await this.start();
  }

  private clear(): void {
    this.found.clear();
    this.whole.clear();
    this.specs = [];
    this.reports = [];
    this.outcome = null;
    this.share = this.spent = 0;
    this.phase = "idle";
  }

  private finish(phase: "done" | "stopped" | "failed"): void {
    if (this.phase === "running") this.spent += this.now() - this.since;
    this.phase = phase;
    this.left = Number.NaN;
    if (phase === "done") this.pool.rest();
  }

  private reported(report: RunReport, whole: boolean): void {
    const key = specKey(report.spec);
    if (!whole && this.whole.has(key)) return;
    this.found.set(key, report);
    if (whole) this.whole.add(key);
    this.reports = this.ordered();
    this.measure();
  }

  /** In the order of the plan, so that sums have the same bits whichever run ended first. */
  private ordered(): RunReport[] {
    return this.specs.map((spec) => this.found.get(specKey(spec))).filter((report) => report !== undefined);
  }

  private finished(): RunReport[] {
    return this.ordered().filter(({ spec }) => this.whole.has(specKey(spec)));
  }

  /** Work that is done (or, `all`, planned), in units of the reference machine's seconds. */
  private work(all = false): number {
    return this.specs.reduce((sum, spec) => sum + spec.seconds * (all ? 1 : (this.found.get(specKey(spec))?.done ?? 0)), 0);
  }

  private measure(): void {
    const [done, all] = [this.work(), this.work(true)];
    this.share = all > 0 ? done / all : 0;
    const time = (this.spent + (this.phase === "running" ? this.now() - this.since : 0)) / 1000;
    const workers = Math.max(1, Math.min(this.pool.size, this.specs.length));
    const speed = knownSpeed(this.data);
    const [assumed, elapsed] = [speed === undefined ? 0 : speed * workers, time];
    // What was measured before counts like three seconds of this run.
    const rate = assumed > 0 ? (done + 3 * assumed) / (elapsed + 3) : done / elapsed;
    this.left = rate > 0 ? (all - done) / rate : Number.NaN;
  }
}
