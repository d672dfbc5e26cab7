/** The training loop on the page's side. It computes nothing: it calls the worker step by step. */
import { messageError } from "../../errors/message";
import type { RunInfo, RunOptions, Validation } from "../../generated/protocol";
import type { StoredRun, Engine, Slot } from "../shared/protocol";
import type { RunRecovery } from "./restart";
import type { LiveMetrics, Phase, Run, RunEvents, SavedRun } from "./types";
import { Interrupted } from "./client";
import { Emitter } from "./emitter";
import { Queue } from "../shared/queue";
import { Rate } from "../shared/throughput";

/** What the loop needs besides the engine. */
export interface RunHost {
  /** This tab's name, under which its run is saved. */
  tab: string;
  saveRuns(run: StoredRun, slots: Slot[]): Promise<void>;
  resumeRuns(run: Omit<StoredRun, "viewState">): Promise<RunInfo[]>;
  latestRun(tab: string): Promise<StoredRun | null>;
  deleteRun(tab: string): Promise<void>;
  /** Tells the visitor. */
  problem(error: unknown): void;
}

type Pair<T> = [T | null, T | null];

/** A call to the worker should take about this long, short enough for other calls to be served in between. */
const CALL_MS = 120;
const MOST_STEPS_A_CALL = 16;
/** How often a run is saved and evaluated. */
export interface SavePolicy {
  /** Least time between two saves in milliseconds, and as a multiple of the time that a save takes. */
  save: { every: number; times: number };
  /** Save from the first step on, and when the run stops. */
  careful: boolean;
  /** The validation at the end of an epoch may be skipped to keep its share of the time: an epoch may be shorter than a validation. */
  patient: boolean;
}
const SAVE_POLICY: SavePolicy = { save: { every: 5_000, times: 20 }, careful: false, patient: false };
/** Validation may take at most about a quarter of the time. */
const VALIDATION_TIMES = 3;

export class TrainingRun implements Run {
  phase: Phase = "empty";
  infos: Pair<RunInfo> = [null, null];
  options: Pair<RunOptions> = [null, null];
  last: Pair<LiveMetrics> = [null, null];
  lastValidation: Pair<Validation> = [null, null];
  viewState: () => unknown = () => null;
  validateEvery = 25;
  validationImages = 256;

  private readonly events = new Emitter<RunEvents>();
  private readonly orders = new Queue();
  private rates: [Rate, Rate] = [new Rate(), new Rate()];
  private shouldContinue = false;
  private loop: Promise<void> = Promise.resolve();
  private stepsACall = 1;
  private saving = { due: 0, broken: false };
  /** The last saved state of this run, not of an earlier one. */
  private lastSaved: Omit<StoredRun, "viewState"> | null = null;
  private validating = { due: 0, epochs: 0 };

  constructor(
    private readonly engine: Engine,
    private readonly host: RunHost,
    private readonly pace = SAVE_POLICY,
  ) {}

  on<K extends keyof RunEvents>(event: K, handler: (event: RunEvents[K]) => void): () => void {
    return this.events.on(event, handler);
  }

  /** New weights in slot 0 and, for a race, in slot 1. The old run stays where this fails. */
  async configure(options: RunOptions, rival: RunOptions | null): Promise<RunInfo> {
    await this.pause();
    return this.prepare(async () => {
      // The rival first: where it fails, the run in slot 0 has not been touched.
      const rivalInfo = rival && (await this.engine.configure(1, rival));
      const info = await this.engine.configure(0, options).catch(async (error: unknown) => {
        if (rivalInfo) {
          await this.engine.dropRun(1);
          this.clear(1);
        }
        throw error;
      });
      this.lastSaved = null;
      this.fill(0, options, info, false);
      if (rival && rivalInfo) this.fill(1, rival, rivalInfo, false);
      else await this.empty(1);
      return info;
    });
  }

  /** Trains until paused or until the planned epochs are done. */
  async start(): Promise<void> {
    if (this.shouldContinue) return;
    if (this.phase === "finished" && this.slots.every((slot) => this.done(slot))) {
      throw messageError("engine.epochsDone");
    }
    if (!this.infos[0]) throw messageError("engine.noRun");
    this.shouldContinue = true;
    this.setPhase("running");
    this.saving = { due: this.pace.careful ? 0 : performance.now() + this.pace.save.every, broken: false };
    // After a paused loop that still has a step in flight.
    this.loop = this.loop.then(() => this.train());
  }

  /** Resolves when the step in flight is done. */
  async pause(): Promise<void> {
    this.shouldContinue = false;
    await this.loop;
  }

  /** `n` steps of each slot, in calls short enough for other calls to be served in between. */
  async step(n: number): Promise<LiveMetrics> {
    if (!Number.isInteger(n) || n < 1) throw messageError("engine.stepsInvalid", { count: String(n) });
    await this.pause();
    return this.orders.run(async () => {
      for (let left = n; left > 0; ) {
        const part = Math.min(left, this.stepsACall);
        await this.advance(part);
        left -= part;
      }
      this.setPhase(this.slots.every((slot) => this.done(slot)) ? "finished" : "paused");
      const metrics = this.last[0];
      if (!metrics) throw messageError("engine.noRun");
      return metrics;
    });
  }

  /** Ends the runs and frees their memory; saved states stay. */
  async drop(): Promise<void> {
    await this.pause();
    await this.orders.run(async () => {
      for (const slot of this.slots) await this.empty(slot);
      this.lastSaved = null;
      this.setPhase("empty");
    });
  }

  /** To be called when a live option was changed in the engine. */
  changed(slot: Slot, options: RunOptions): void {
    this.options[slot] = options;
    this.events.emit("options", { slot, options });
    if (this.phase === "finished" && !this.done(slot)) this.setPhase("paused");
  }

  validated(slot: Slot, result: Validation): void {
    this.lastValidation[slot] = result;
    const { step, epoch } = this.last[slot] ?? { step: this.infos[slot]?.step ?? 0, epoch: 0 };
    this.events.emit("validation", { slot, step, epoch, result });
  }

  async saved(): Promise<SavedRun | null> {
    // A browser without storage (private windows) has nothing saved.
    return this.host.latestRun(this.host.tab).catch(() => null);
  }

  async resume(): Promise<void> {
    await this.pause();
    const found = await this.host.latestRun(this.host.tab);
    if (!found) throw messageError("engine.noSavedRun");
    const { viewState: curves, ...run } = found;
    await this.prepare(() => this.restoreFrom(run, this.host.resumeRuns, curves));
  }

  async discard(): Promise<void> {
    const found = await this.host.latestRun(this.host.tab);
    if (!found) return;
    await this.host.deleteRun(found.tab);
    if (this.lastSaved?.tab === found.tab) this.lastSaved = null;
  }

  /** What {@link restore} gives a fresh worker; `savedStep` null: the initial weights. */
  get recovery(): RunRecovery | null {
    return this.infos[0] && { running: this.shouldContinue, savedStep: this.lastSaved?.step ?? null };
  }

  /**
   * Gives the run to a fresh worker: its last saved state, else the same initial weights. A run that was training
   * continues by itself. A run that cannot be restored is over; its saved state stays in the browser.
   */
  async restore(resumeRuns: RunHost["resumeRuns"], configure: Engine["configure"]): Promise<void> {
    const [options, rival] = this.options;
    if (!options) return;
    this.setPhase("preparing");
    try {
      if (this.lastSaved) await this.restoreFrom(this.lastSaved, resumeRuns);
      else {
        this.fill(0, options, await configure(0, options), true);
        if (rival) this.fill(1, rival, await configure(1, rival), true);
      }
    } catch (error) {
      this.shouldContinue = false;
      for (const slot of this.slots) this.clear(slot);
      this.setPhase("empty");
      throw error;
    }
    this.setPhase(this.shouldContinue ? "running" : this.slots.every((slot) => this.done(slot)) ? "finished" : "paused");
  }

  private get slots(): Slot[] {
    return ([0, 1] as const).filter((slot) => this.infos[slot] !== null);
  }

  private done(slot: Slot): boolean {
    const info = this.infos[slot];
    const epoch = this.last[slot]?.epoch ?? (info ? info.step / info.stepsPerEpoch : 0);
    return epoch >= (this.options[slot]?.epochs ?? Number.POSITIVE_INFINITY);
  }

  /** Runs `work`, which puts another run into the slots; where it fails, the run before stays. */
  private prepare<T>(work: () => Promise<T>): Promise<T> {
    return this.orders.run(async () => {
      const before = this.phase;
      this.setPhase("preparing");
      try {
        const result = await work();
        this.setPhase("paused");
        return result;
      } catch (error) {
        this.setPhase(this.infos[0] ? (before === "preparing" ? "paused" : before) : "empty");
        throw error;
      }
    });
  }

  private async train(): Promise<void> {
    while (this.shouldContinue) {
      try {
        await this.orders.run(async () => {
          await this.advance(this.stepsACall);
          await this.validateIfDue();
          await this.saveIfDue();
        });
        if (this.slots.some((slot) => !Number.isFinite(this.last[slot]?.loss))) throw messageError("engine.lossNotFinite");
        if (this.slots.every((slot) => this.done(slot))) this.shouldContinue = false;
        if (!this.shouldContinue && this.pace.careful) await this.orders.run(() => this.save());
      } catch (error) {
        // A fresh worker may be far slower.
        this.stepsACall = 1;
        if (error instanceof Interrupted) continue;
        this.shouldContinue = false;
        // A run that could not be restored was reported already.
        if (this.slots.length > 0) this.host.problem(error);
      }
    }
    if (this.phase === "running") this.setPhase(this.slots.length > 0 && this.slots.every((slot) => this.done(slot)) ? "finished" : "paused");
  }

  /** `n` steps of every slot that has some left. */
  private async advance(n: number): Promise<void> {
    const slots = this.slots;
    if (slots.length === 0) throw messageError("engine.noRun");
    for (const slot of slots.length > 1 && !slots.every((slot) => this.done(slot)) ? slots.filter((slot) => !this.done(slot)) : slots) {
      const before = performance.now();
      const metrics = await this.engine.step(slot, n);
      const seconds = (performance.now() - before) / 1000;
      const live = { ...metrics, imagesPerSecond: this.rates[slot].add(metrics.images * n, seconds) };
      this.last[slot] = live;
      this.events.emit("step", { slot, metrics: live });
      const fitting = Math.floor((CALL_MS * n) / Math.max(1, seconds * 1000));
      this.stepsACall = Math.max(1, Math.min(MOST_STEPS_A_CALL, fitting));
    }
  }

  private async validateIfDue(): Promise<void> {
    const step = this.last[0]?.step ?? 0;
    const crossed = Math.floor(step / this.validateEvery) > Math.floor((step - this.stepsACall) / this.validateEvery);
    const epochs = Math.floor(this.last[0]?.epoch ?? 0);
    // All validation images at the end of an epoch, some of them in between.
    const whole = epochs > this.validating.epochs;
    if (whole && this.pace.patient && performance.now() < this.validating.due && !this.slots.every((slot) => this.done(slot))) return;
    const images = whole ? 0 : this.validationImages;
    if (images > 0 && (!crossed || performance.now() < this.validating.due)) return;
    this.validating.epochs = epochs;
    const before = performance.now();
    for (const slot of this.slots) this.validated(slot, await this.engine.validate(slot, images));
    const now = performance.now();
    this.validating.due = now + VALIDATION_TIMES * (now - before);
  }

  private async saveIfDue(): Promise<void> {
    if (performance.now() >= this.saving.due) await this.save();
  }

  private async save(): Promise<void> {
    const before = performance.now();
    const [options, rival] = this.options;
    const whole = this.slots.every((slot) => Number.isFinite(this.last[slot]?.loss));
    if (!options || !whole || this.saving.broken || this.lastSaved?.step === this.last[0]?.step) return;
    const run = { tab: this.host.tab, options, rival, step: this.last[0]?.step ?? 0, savedAt: Date.now() };
    try {
      await this.host.saveRuns({ ...run, viewState: this.viewState() }, this.slots);
      this.lastSaved = run;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      this.saving.broken = true;
      this.host.problem(messageError("engine.runNotStored"));
    }
    const now = performance.now();
    this.saving.due = now + Math.max(this.pace.save.every, this.pace.save.times * (now - before));
  }

  /** Without `curves`, those on show stay, up to the saved step. */
  private async restoreFrom(run: Omit<StoredRun, "viewState">, resumeRuns: RunHost["resumeRuns"], curves?: unknown): Promise<void> {
    const [info, rivalInfo] = await resumeRuns(run);
    if (!info) throw messageError("engine.savedRunGone");
    this.lastSaved = run;
    this.fill(0, run.options, info, true, curves);
    if (run.rival && rivalInfo) this.fill(1, run.rival, rivalInfo, true, curves);
  }

  private fill(slot: Slot, options: RunOptions, info: RunInfo, resumed: boolean, viewState?: unknown): void {
    this.infos[slot] = info;
    this.options[slot] = options;
    this.last[slot] = null;
    this.lastValidation[slot] = null;
    this.rates[slot] = new Rate();
    this.stepsACall = 1;
    this.validating = { due: 0, epochs: Math.floor(info.step / info.stepsPerEpoch) };
    this.events.emit("configured", { slot, options, info, resumed, viewState });
  }

  private async empty(slot: Slot): Promise<void> {
    if (!this.infos[slot]) return;
    await this.engine.dropRun(slot);
    this.clear(slot);
  }

  private clear(slot: Slot): void {
    [this.infos[slot], this.options[slot], this.last[slot], this.lastValidation[slot]] = [null, null, null, null];
  }

  private setPhase(phase: Phase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.events.emit("phase", { phase });
  }
}
