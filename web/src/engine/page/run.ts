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
  tab: string | Promise<string>;
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
  /** Save from the first step on. */
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
  private readonly validatedAt: [number, number] = [0, 0];
  validateEvery = 25;
  validationImages = 256;

  private readonly events = new Emitter<RunEvents>();
  private readonly orders = new Queue();
  private rates: [Rate, Rate] = [new Rate(), new Rate()];
  private shouldContinue = false;
  private loop: Promise<void> = Promise.resolve();
  private stepsACall = 1;
  /** `due`: when a run in training is saved next; `free`: when a save takes no more than its share of the time. */
  private saving = { due: 0, free: 0, broken: false, queued: false };
  /** The last saved state of this run, not of an earlier one. */
  private lastSaved: Omit<StoredRun, "viewState"> | null = null;
  /** The steps of all slots in that state. */
  private savedSteps = "";
  private validating: { due: number; epochs: [number, number] } = { due: 0, epochs: [0, 0] };

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
      [this.lastSaved, this.savedSteps] = [null, ""];
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
    Object.assign(this.saving, { due: this.pace.careful ? 0 : performance.now() + this.pace.save.every, broken: false });
    // After a paused loop that still has a step in flight.
    this.loop = this.loop.then(() => this.train());
  }

  /** Resolves when the step in flight is done and the run is saved. */
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
      this.queueSave();
      return metrics;
    });
  }

  /** Steps that a closed page would lose. A run whose loss is no number is not worth keeping. */
  get unsaved(): boolean {
    return this.isSound && this.slots.some((slot) => this.last[slot] !== null) && this.savedSteps !== this.stepsNow();
  }

  /** Saves after the step in flight, whatever the time: for a page that is about to be hidden or closed. */
  saveSoon(): void {
    [this.saving.due, this.saving.free] = [0, 0];
    if (!this.shouldContinue) this.queueSave();
  }

  /** Ends the runs and frees their memory; saved states stay. */
  async drop(): Promise<void> {
    await this.pause();
    await this.orders.run(async () => {
      for (const slot of this.slots) await this.empty(slot);
      [this.lastSaved, this.savedSteps] = [null, ""];
      this.setPhase("empty");
    });
  }

  /** To be called when a live option was changed in the engine. */
  changed(slot: Slot, options: RunOptions): void {
    this.options[slot] = options;
    this.events.emit("options", { slot, options });
    if (this.phase === "finished" && !this.done(slot)) this.setPhase("paused");
  }

  /** To be called with each validation. One at the same step on more images stays. */
  validated(slot: Slot, result: Validation): void {
    const { step, epoch } = this.last[slot] ?? { step: this.infos[slot]?.step ?? 0, epoch: 0 };
    const before = this.lastValidation[slot];
    if (before && this.validatedAt[slot] === step && before.images > result.images) return;
    this.lastValidation[slot] = result;
    this.validatedAt[slot] = step;
    this.events.emit("validation", { slot, step, epoch, result });
  }

  async saved(): Promise<SavedRun | null> {
    // A browser without storage (private windows) has nothing saved.
    return Promise.resolve(this.host.tab).then((tab) => this.host.latestRun(tab)).catch(() => null);
  }

  async resume(): Promise<void> {
    await this.pause();
    const found = await this.host.latestRun(await this.host.tab);
    if (!found) throw messageError("engine.noSavedRun");
    const { viewState: curves, ...run } = found;
    await this.prepare(() => this.restoreFrom(run, this.host.resumeRuns, curves));
  }

  async discard(): Promise<void> {
    const found = await this.host.latestRun(await this.host.tab);
    if (!found) return;
    await this.host.deleteRun(found.tab);
    if (this.lastSaved?.tab === found.tab) [this.lastSaved, this.savedSteps] = [null, ""];
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
          const before = this.slots.map((slot) => this.stepOf(slot));
          await this.advance(this.stepsACall);
          await this.validateIfDue(before);
          await this.saveIfDue();
        });
        if (this.slots.some((slot) => !Number.isFinite(this.last[slot]?.loss))) throw messageError("engine.lossNotFinite");
        if (this.slots.every((slot) => this.done(slot))) this.shouldContinue = false;
        if (!this.shouldContinue) await this.orders.run(() => this.save());
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

  /** `n` steps of every slot that has some left, none beyond the planned epochs unless they are all done. */
  private async advance(n: number): Promise<void> {
    const slots = this.slots;
    if (slots.length === 0) throw messageError("engine.noRun");
    const race = slots.length > 1 && !slots.every((slot) => this.done(slot));
    for (const slot of race ? slots.filter((slot) => !this.done(slot)) : slots) {
      const count = race || this.shouldContinue ? Math.min(n, this.stepsLeft(slot)) : n;
      const before = performance.now();
      const metrics = await this.engine.step(slot, count);
      const seconds = (performance.now() - before) / 1000;
      const live = { ...metrics, imagesPerSecond: this.rates[slot].add(metrics.images * count, seconds) };
      this.last[slot] = live;
      this.events.emit("step", { slot, metrics: live });
      const fitting = Math.floor((CALL_MS * count) / Math.max(1, seconds * 1000));
      this.stepsACall = Math.max(1, Math.min(MOST_STEPS_A_CALL, fitting));
    }
  }

  private stepOf(slot: Slot): number {
    return this.last[slot]?.step ?? this.infos[slot]?.step ?? 0;
  }

  /** Steps to the end of the planned epochs, at least one. */
  private stepsLeft(slot: Slot): number {
    const planned = (this.options[slot]?.epochs ?? 0) * (this.infos[slot]?.stepsPerEpoch ?? 0);
    return Math.max(1, Math.ceil(planned) - this.stepOf(slot));
  }

  /** Validates each slot that has trained since `before`, its steps then. With other batch sizes the epochs of a rival end at other steps. */
  private async validateIfDue(before: readonly number[]): Promise<void> {
    const began = performance.now();
    const early = began < this.validating.due;
    const wanted = this.slots.flatMap((slot, i) => {
      const [from, step] = [before[i] ?? 0, this.stepOf(slot)];
      if (step === from) return [];
      const epochs = Math.floor(this.last[slot]?.epoch ?? 0);
      // All validation images at the end of an epoch, some of them in between.
      if (epochs > this.validating.epochs[slot] || this.done(slot)) return this.pace.patient && early && !this.done(slot) ? [] : [{ slot, epochs, images: 0 }];
      const crossed = Math.floor(step / this.validateEvery) > Math.floor(from / this.validateEvery);
      return crossed && !early ? [{ slot, epochs, images: this.validationImages }] : [];
    });
    for (const { slot, epochs, images } of wanted) {
      this.validating.epochs[slot] = epochs;
      this.validated(slot, await this.engine.validate(slot, images));
    }
    const now = performance.now();
    if (wanted.length > 0) this.validating.due = now + VALIDATION_TIMES * (now - began);
  }

  private async saveIfDue(): Promise<void> {
    if (performance.now() >= this.saving.due) await this.save();
  }

  /** Saves a run that rests after the work before it; where saves take long, not more often than their share allows. */
  private queueSave(): void {
    if (this.saving.queued) return;
    this.saving.queued = true;
    const save = () =>
      this.orders
        .run(() => {
          this.saving.queued = false;
          return this.save();
        })
        // Only a lost worker: the run goes back to its last saved step.
        .catch(() => undefined);
    const wait = this.saving.free - performance.now();
    if (wait <= 0) void save();
    else setTimeout(save, wait);
  }

  /** No slot's loss is infinite or no number. */
  private get isSound(): boolean {
    return this.slots.every((slot) => Number.isFinite(this.last[slot]?.loss ?? 0));
  }

  /** The steps of all slots, to compare. */
  private stepsNow(): string {
    return this.slots.map((slot) => this.stepOf(slot)).join(" ");
  }

  private async save(): Promise<void> {
    const before = performance.now();
    const [options, rival] = this.options;
    const steps = this.stepsNow();
    if (!options || !this.unsaved || this.saving.broken) return;
    const run = { tab: await this.host.tab, options, rival, step: this.stepOf(0), savedAt: Date.now() };
    try {
      await this.host.saveRuns({ ...run, viewState: this.viewState() }, this.slots);
      [this.lastSaved, this.savedSteps] = [run, steps];
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      this.saving.broken = true;
      this.host.problem(messageError("engine.runNotStored"));
    }
    const now = performance.now();
    this.saving.free = now + this.pace.save.times * (now - before);
    this.saving.due = Math.max(now + this.pace.save.every, this.saving.free);
  }

  /** Without `curves`, those on show stay, up to the saved step. */
  private async restoreFrom(run: Omit<StoredRun, "viewState">, resumeRuns: RunHost["resumeRuns"], curves?: unknown): Promise<void> {
    const [info, rivalInfo] = await resumeRuns(run);
    if (!info) throw messageError("engine.savedRunGone");
    this.lastSaved = run;
    this.fill(0, run.options, info, true, curves);
    if (run.rival && rivalInfo) this.fill(1, run.rival, rivalInfo, true, curves);
    this.savedSteps = this.stepsNow();
  }

  private fill(slot: Slot, options: RunOptions, info: RunInfo, resumed: boolean, viewState?: unknown): void {
    this.infos[slot] = info;
    this.options[slot] = options;
    this.last[slot] = null;
    this.lastValidation[slot] = null;
    this.rates[slot] = new Rate();
    this.stepsACall = 1;
    this.validating.due = 0;
    this.validating.epochs[slot] = Math.floor(info.step / info.stepsPerEpoch);
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
