import { Interrupted, lab, type LabApi, type Phase, type SavedRun } from "../../engine/page/api";
import type { DatasetChoice, Slot } from "../../engine/shared/protocol";
import { message } from "../../errors/message";
import { t } from "../../i18n/index.svelte";
import { OPTIONS, type OptionSpec, type RunOptions } from "../../generated/protocol";
import { showMessage, showError } from "../../state/messages.svelte";
import { openView, page } from "../../state/page.svelte";
import { differences, needsReset, describeOption, inRow, valueOf, withLive, type Value } from "../../training/differences";
import { Inspector, type Part } from "./inspection.svelte";
import { withOption } from "../../training/numbers";
import { StepRate } from "../../training/step-rate";
import { Recorder } from "../../training/recorder";

/** Validation images evaluated when the planned epochs are done: all of them would keep a processor busy for a minute. */
const FINAL_IMAGES = 2000;

/** What the Train view shows and what its controls do; it lives as long as the page, so that switching views loses nothing. */
export class TrainState {
  phase = $state<Phase>("empty");
  datasets = $state.raw<DatasetChoice[]>([]);
  saved = $state.raw<SavedRun | null>(null);
  /** A command is under way: buttons wait. */
  busy = $state(false);
  /** Pause was pressed and the step in flight is not done. */
  pausing = $state(false);
  /** A validation that was asked for is under way. */
  validating = $state(false);

  readonly recorder: Recorder;
  readonly insight: Inspector;
  private readonly rate = new StepRate();
  /** Start or Step was pressed and the run is being made. */
  private beginning = false;
  /** The run in slot 0 has done no step since it was made. */
  private unseen = false;

  constructor(private readonly lab: LabApi) {
    const { run } = lab;
    this.recorder = new Recorder(run);
    this.insight = new Inspector(lab.engine, unasked);
    run.viewState = () => this.recorder.state();
    run.on("configured", ({ slot, resumed }) => {
      if (slot === 0) {
        this.insight.clear();
        this.unseen = true;
      }
      this.rate.clear();
      // An archive beside the page is counted when it was opened.
      if (this.dataset?.trainImages === 0) void this.attempt(() => this.list(), unasked);
      // A run that a fresh worker was given has the options of its last saved step.
      if (resumed) void this.applyLive();
    });
    run.on("step", ({ slot, metrics }) => {
      if (slot !== 0) return;
      this.rate.add(performance.now(), metrics.step);
      // The first masks of a run show at once.
      void this.lookAgain(this.unseen);
      this.unseen = false;
    });
    run.on("phase", ({ phase }) => {
      if (phase !== "running") this.rate.clear();
      // Nothing may come between the weights and the first step: it is waited for.
      const still = phase === "paused" || phase === "finished";
      if (still && !this.beginning) void this.lookAgain(true);
      if (phase === "finished" && !this.validatedHere()) void this.validate(FINAL_IMAGES, unasked);
      if (phase === "empty") void this.attempt(() => this.findSaved());
      this.phase = phase;
    });
    this.phase = run.phase;
  }

  get record() {
    return this.recorder.active[0];
  }

  get rivalRecord() {
    return this.recorder.active[1];
  }

  /** Data set named by the options, once the list is there. */
  get dataset(): DatasetChoice | undefined {
    return this.datasets.find(({ id }) => id === page.options.dataset);
  }

  /** Seconds to the end of the planned epochs, `undefined` before it can be told. */
  get secondsLeft(): number | undefined {
    const { record } = this;
    const speed = this.rate.stepsPerSecond();
    return record && speed ? Math.max(0, record.planned - record.step) / speed : undefined;
  }

  /** What was changed since the run began and needs new weights. */
  get pending(): OptionSpec[] {
    const { record } = this;
    if (!record) return [];
    return differences(record.options, page.options).filter(({ when }) => when === "reset");
  }

  /** Whether Start begins anew instead of going on. */
  get startsNew(): boolean {
    const { record, rivalRecord } = this;
    if (!record || needsReset(record.options, page.options)) return true;
    if (!page.rival) return rivalRecord !== null;
    return !rivalRecord || needsReset(rivalRecord.options, page.rival);
  }

  /** What is asked for at the start of a visit. */
  async begin(): Promise<void> {
    try {
      await this.list();
      if (this.phase === "empty") await this.findSaved();
    } catch (error) {
      showError(error);
    }
  }

  /** Changes an option of the run and, but for what the race is about, of its rival. */
  setOption(name: string, value: Value): void {
    const { options, rival } = page;
    const raced = rival !== null && valueOf(options, name) !== valueOf(rival, name);
    page.options = withOption(options, name, value);
    if (rival && !raced) page.rival = withOption(rival, name, value);
    void this.applyLive();
  }

  /** The rival: the run with one option changed; `null` for no race. */
  setRival(change: { name: string; value: Value } | null): void {
    page.rival = change && withOption(page.options, change.name, change.value);
    void this.applyLive();
  }

  /** Takes back what would need new weights. */
  keepCurrentRun(): void {
    const { record, rivalRecord } = this;
    if (!record) return;
    page.options = withLive(record.options, page.options);
    page.rival = rivalRecord && { ...rivalRecord.options };
  }

  start = () =>
    this.command(async () => {
      await this.beginIfNew();
      await this.lab.start();
    });

  pause = () =>
    this.attempt(async () => {
      this.pausing = true;
      try {
        await this.lab.pause();
      } finally {
        this.pausing = false;
      }
    });

  step = () =>
    this.command(async () => {
      await this.beginIfNew();
      await this.lab.step(1);
      await this.lookAgain(true);
    });

  reset = () =>
    this.command(async () => {
      if (this.startsNew) await this.configure();
      else await this.lab.reset();
    });

  newSeed = () =>
    this.command(async () => {
      this.setOption("seed", crypto.getRandomValues(new Uint32Array(1))[0] ?? 1);
      await this.configure();
    });

  resume = () =>
    this.command(async () => {
      const { saved } = this;
      if (!saved) return;
      await this.lab.run.resume();
      this.saved = null;
    });

  discard = () =>
    this.attempt(async () => {
      this.saved = null;
      await this.lab.run.discard();
    });

  /** The run's network becomes the one that Classify uses. */
  use = (slot: Slot = 0) =>
    this.attempt(async () => {
      await this.lab.models.useRun(slot);
      showMessage(message("train.inUse"), "info", { label: message("train.openClassify"), run: () => openView("classify") });
    });

  /** Tests on the first `images` validation images, 0 for all of them. */
  validate = (images: number, failed: (error: unknown) => unknown = showError) =>
    this.attempt(async () => {
      this.validating = true;
      try {
        await this.lab.validate(images);
      } finally {
        this.validating = false;
      }
    }, failed);

  /** The visitor's own pictures: chosen as the run's data once they are read. */
  importData = (files: File[]) =>
    this.command(async () => {
      const name = files[0]?.name.split("/")[0] ?? "";
      const choice = await this.lab.engine.importData(name, files, page.options.network);
      this.datasets = [...this.datasets.filter(({ id }) => id !== choice.id), choice];
      this.setOption("dataset", choice.id);
    });

  /** A part is looked at until the returned function is called; it is fetched at once, also of a run that rests. */
  look(part: Part): () => void {
    const away = this.insight.look(part);
    void this.lookAgain(true);
    return away;
  }

  /** Asks for masks, filters and watched images again, if somebody looks. */
  lookAgain(force: boolean): Promise<void> {
    const { record } = this;
    if (!record) return Promise.resolve();
    return this.insight.refresh({ valImages: record.info.valImages, trained: record.last !== undefined, force });
  }

  /** Whether the run's last step was validated on as many images as a finished run shows. */
  private validatedHere(): boolean {
    const { record } = this;
    if (record?.validation.steps.at(-1) !== record?.step) return false;
    return (record?.lastValidation?.images ?? 0) >= Math.min(FINAL_IMAGES, record?.info.valImages ?? 0);
  }

  private async beginIfNew(): Promise<void> {
    if (!this.startsNew) return;
    this.beginning = true;
    try {
      await this.configure();
    } finally {
      this.beginning = false;
    }
  }

  private async configure(): Promise<void> {
    await this.lab.configure($state.snapshot(page.options), $state.snapshot(page.rival));
    this.saved = null;
  }

  private async findSaved(): Promise<void> {
    this.saved = await this.lab.run.saved();
  }

  private async list(): Promise<void> {
    this.datasets = await this.lab.engine.datasets();
  }

  /** Hands changed live options to the run and its rival. */
  private async applyLive(): Promise<void> {
    for (const slot of [0, 1] as const) {
      const record = this.recorder.active[slot];
      if (!record) continue;
      const wished = slot === 0 ? page.options : page.rival;
      if (!wished) continue;
      const options = withLive(record.options, $state.snapshot(wished));
      if (differences(record.options, options).length === 0) continue;
      // Where this is cut short, the restored run brings it here again.
      await this.attempt(() => this.lab.engine.setOptions(slot, options), unasked);
    }
  }

  private async command(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    await this.attempt(work);
    this.busy = false;
  }

  private async attempt(work: () => Promise<void>, failed: (error: unknown) => unknown = showError): Promise<void> {
    try {
      await work();
    } catch (error) {
      failed(error);
    }
  }
}

/** Says what went wrong with a call that nobody made by hand: one that a replaced worker cut short comes again by itself. */
function unasked(error: unknown): void {
  if (!(error instanceof Interrupted)) showError(error);
}

/** The page's one training. */
export const train = new TrainState(lab);

/** One sentence about what Start will begin anew; `datasetName` is what a person calls the chosen data. */
export function pendingText(pending: readonly OptionSpec[], options: RunOptions, datasetName = options.dataset): string {
  const named = { ...options, dataset: datasetName };
  const changes = inRow(pending.map((spec) => describeOption(spec, valueOf(named, spec.name))));
  return t.train.pending({ changes: `${changes.charAt(0).toUpperCase()}${changes.slice(1)}` });
}

/** A row of the option table by name. */
export function optionSpec(name: string): OptionSpec | undefined {
  return OPTIONS.find((spec) => spec.name === name);
}
