/** Trains the open project: first the head, then all layers if chosen. Evaluates the network and makes it the model in use. */
import { lab } from "../../engine/page/api";
import { FINE_TUNING, type RunOptions } from "../../generated/protocol";
import type { Line } from "../../charts/lines";
import { message, messageError } from "../../errors/message";
import { t } from "../../i18n/index.svelte";
import * as store from "../../projects/store";
import { datasetOf, type EvaluationResult, type ProjectRun, type Stage, type StageReport } from "../../projects/types";
import { showMessage, showError } from "../../state/messages.svelte";
import { modelState } from "../../state/model.svelte";
import { holdsWork } from "../../state/unsaved-work";
import { Changes } from "../../training/changes";
import { isHistory, RunRecord, type History } from "../../training/record";
import { StepRate } from "../../training/step-rate";
import type { ExportFormat, StartFrom } from "../../engine/shared/protocol";
import { editor } from "./project.svelte";
import { markInUse } from "./use-model";

/** Pictures evaluated in one call. */
const EVALUATION_BATCH = 48;

/** State of the view that is saved with the weights. */
interface TrainerState { history: History; offset: number; seconds: number; stages: StageReport[] }

export type TrainerStatus = "idle" | "preparing" | "training" | "pausing" | "evaluating";

export class Trainer {
  status = $state<TrainerStatus>("idle");
  stage = $state<Stage>("head");
  evaluation = $state.raw<EvaluationResult | null>(null);
  /** The curves of the run; their arrays grow in place. */
  record = $state.raw<RunRecord | null>(null);
  /** The last trained network is only in memory, because there was no room to store it. */
  unsaved = $state(false);

  /** Steps of the stages before this one. */
  private offset = 0;
  private stages: StageReport[] = [];
  /** The id of the project that the evaluation is of. */
  private evaluated = "";
  private seconds = 0;
  private since = 0;
  /** The classes as the engine's run has them, as JSON. */
  private names = "";
  private readonly rate = new StepRate();
  /** Tells who shows the run that it has got on. */
  private readonly changes = new Changes();

  constructor() {
    const { fineTune } = lab;
    holdsWork({ unsaved: () => this.unsaved });
    fineTune.viewState = () => this.viewState();
    fineTune.on("configured", ({ info, options, resumed, viewState }) => {
      this.rate.clear();
      this.names = JSON.stringify(editor.project.classes);
      const stored = viewState as Partial<TrainerState> | null | undefined;
      const before = this.record?.history();
      const fromStore = resumed && isHistory(stored?.history);
      // A network that was only in memory is lost with its worker.
      if (resumed) this.unsaved = false;
      if (fromStore) [this.offset, this.seconds, this.stages] = [stored?.offset ?? 0, stored?.seconds ?? 0, stored?.stages ?? []];
      this.record = new RunRecord("project", options, { ...info, step: info.step + this.offset });
      const history = fromStore ? stored?.history : before;
      if (history && isHistory(history)) this.record.restore(history);
      this.changes.changed();
    });
    fineTune.on("step", ({ metrics }) => {
      this.rate.add(performance.now(), metrics.step);
      this.record?.stepped({ ...metrics, step: metrics.step + this.offset });
      this.changes.changed();
    });
    fineTune.on("validation", ({ step, result }) => {
      if (result.images > 0) this.record?.validated(step + this.offset, result);
      this.changes.changed();
    });
    fineTune.on("phase", ({ phase }) => {
      this.changes.changed();
      if (phase === "running") {
        this.since = performance.now();
        this.status = "training";
      } else if (this.since > 0) {
        this.seconds = this.elapsedSeconds();
        this.since = 0;
      }
      if (phase === "finished" && this.status !== "idle") void this.attempt(() => this.finished());
      else if (phase === "paused" && (this.status === "training" || this.status === "pausing")) {
        this.status = "idle";
        void editor.refresh();
      } else if (phase === "empty") this.status = "idle";
    });
  }

  /** Steps done and planned in this stage. */
  get progress(): { done: number; planned: number } {
    this.changes.follow();
    const info = lab.fineTune.infos[0];
    const done = lab.fineTune.last[0]?.step ?? info?.step ?? 0;
    return { done, planned: (info?.stepsPerEpoch ?? 1) * (lab.fineTune.options[0]?.epochs ?? 1) };
  }

  /** Seconds until this stage ends, undefined before it can be estimated. */
  get secondsLeft(): number | undefined {
    const { done, planned } = this.progress;
    const speed = this.rate.stepsPerSecond();
    return speed ? Math.max(0, planned - done) / speed : undefined;
  }

  /** Whether the saved run has steps left, or its second stage is still to come. */
  get unfinished(): boolean {
    this.changes.follow();
    const { saved, finished, project } = editor;
    if (!saved?.resumable || this.unsaved || !this.fits) return false;
    return saved.savedAt !== finished?.savedAt || (saved.stage === "head" && project.plan.allEpochs > 0 && (this.evaluation?.stages.length ?? 0) < 2);
  }

  /** Whether the saved run has exactly the project's current classes. */
  get fits(): boolean {
    const { saved, filled } = editor;
    return saved !== null && JSON.stringify(saved.classes) === JSON.stringify(filled);
  }

  /** Whether there is a network to try and to download. */
  get trained(): boolean {
    return editor.finished !== null || this.unsaved;
  }

  /** The run of the project's network. */
  get run(): Pick<ProjectRun, "options" | "viewState" | "step" | "classes"> | null {
    const options = lab.fineTune.options[0];
    if (this.unsaved && options) return { options, viewState: this.viewState(), step: this.progress.done, classes: this.evaluation?.classes ?? [] };
    return editor.finished ?? editor.saved;
  }

  /** The project's network as a file. */
  file(format: ExportFormat): Promise<Uint8Array> {
    return lab.engine.exportProject(editor.project.id, format, this.unsaved);
  }

  lines(of: "loss" | "accuracy"): Line[] {
    this.changes.follow();
    const { record } = this;
    if (!record) return [];
    const common = { name: t.studio.yourNetwork(), tone: 0 } as const;
    return [
      { ...common, id: "training", part: "training", smoothed: true, xs: record.training.steps, ys: record.training[of] },
      { ...common, id: "validation", part: "validation", smoothed: false, xs: record.validation.steps, ys: record.validation[of] },
    ];
  }

  /** Loads the evaluation and curves of the open project from an earlier visit. */
  async loadResults(): Promise<void> {
    const { project, saved } = editor;
    if (lab.fineTune.project === project.id) return;
    this.record = null;
    this.status = "idle";
    this.unsaved = false;
    if (project.id !== this.evaluated) this.evaluation = null;
    const evaluation = (await store.getEvaluation(project.id)) ?? null;
    // Another project was opened meanwhile.
    if (editor.project.id !== project.id) return;
    [this.evaluation, this.evaluated] = [evaluation, project.id];
    [this.stages, this.offset, this.seconds] = [this.evaluation?.stages ?? [], 0, 0];
    const state = saved?.viewState as Partial<TrainerState> | null;
    if (saved && isHistory(state?.history)) {
      const info = { step: saved.step + (state?.offset ?? 0) } as RunRecord["info"];
      this.record = new RunRecord("project", saved.options, info);
      this.record.restore(state.history);
    }
    this.changes.changed();
  }

  /** Trains from the beginning. The previous network stays until the new one is trained. */
  train = () =>
    this.attempt(async () => {
      const { project } = editor;
      const { start } = project.plan;
      this.status = "preparing";
      this.record = null;
      [this.offset, this.seconds, this.stages] = [0, 0, []];
      const from = await startWeights(start);
      if (editor.project.id !== project.id) return;
      const stage: Stage = start === "own" && project.plan.headEpochs === 0 ? "all" : "head";
      await this.begin(stage, from);
    });

  pause = () =>
    this.attempt(async () => {
      this.status = "pausing";
      await lab.fineTune.pause();
    });

  /** Continues the run, of this visit or an earlier one. */
  resume = () =>
    this.attempt(async () => {
      const { id } = editor.project;
      this.status = "preparing";
      if (lab.fineTune.project !== id || !lab.fineTune.infos[0]) this.stage = (await lab.fineTune.open(id)).stage;
      if (editor.project.id !== id) return lab.fineTune.close();
      const { done, planned } = this.progress;
      if (done >= planned) await this.finished();
      else await lab.fineTune.start();
    });

  /** Fine-tunes all layers of the project's network at a lower learning rate. */
  trainAllLayers = () =>
    this.attempt(async () => {
      this.status = "preparing";
      if (editor.project.plan.allEpochs === 0) await editor.setPlan({ allEpochs: FINE_TUNING.all.epochs });
      await this.begin("all", this.projectNetwork());
    });

  /** Discards the unfinished run; the previous network stays. */
  discardRun = () =>
    this.attempt(async () => {
      await lab.fineTune.close();
      await store.revertRun(editor.project.id);
      await editor.refresh();
    });

  /** Makes sure that the engine holds the project's network and its training pictures. */
  async loadNetwork(): Promise<void> {
    const { project, saved, finished } = editor;
    const here = lab.fineTune.project === project.id && lab.fineTune.infos[0];
    if (here && (this.unsaved || this.names === JSON.stringify(project.classes))) return;
    if (here) await lab.fineTune.close();
    if (saved?.resumable && saved.savedAt === finished?.savedAt) {
      await lab.fineTune.open(project.id);
    } else {
      // An imported network has no run, so a new run that starts from it is configured.
      this.offset = this.record?.step ?? 0;
      await lab.fineTune.begin(project.id, "head", { ...FINE_TUNING.head, dataset: datasetOf(project) }, this.projectNetwork());
    }
  }

  /** The project's network, as the start of a run. */
  private projectNetwork(): StartFrom {
    return this.unsaved ? { kind: "model" } : { kind: "project", project: editor.project.id };
  }

  private async begin(stage: Stage, from: StartFrom): Promise<void> {
    const { project } = editor;
    this.offset = this.record?.step ?? 0;
    this.seconds = 0;
    const epochs = stage === "head" ? project.plan.headEpochs : project.plan.allEpochs;
    const options: RunOptions = { ...FINE_TUNING[stage], epochs: Math.max(1, epochs), dataset: datasetOf(project) };
    await lab.fineTune.begin(project.id, stage, options, from);
    this.stage = stage;
    this.unsaved = false;
    await lab.fineTune.start();
  }

  private async finished(): Promise<void> {
    this.status = "evaluating";
    const { project } = editor;
    // Where another project is opened meanwhile, this one's run ends: it is evaluated when it is continued.
    const closed = () => lab.fineTune.project !== project.id || editor.project.id !== project.id;
    const tested = await this.evaluate().catch((error: unknown) => {
      if (closed()) return null;
      throw error;
    });
    if (!tested || closed()) return;
    const { predictions } = tested;
    const right = predictions.filter(({ label, top }) => top[0]?.index === label).length;
    const report: StageReport = { stage: this.stage, accuracy: predictions.length > 0 ? right / predictions.length : 0, seconds: this.seconds, steps: this.progress.done };
    this.stages = [...this.stages.filter(({ stage }) => stage !== this.stage), report];
    const evaluation = { ...tested, step: this.offset + this.progress.done, stages: this.stages };
    await lab.models.useRun(2, project.name);
    if (closed()) return;
    [this.evaluation, this.evaluated] = [evaluation, project.id];
    this.unsaved = !(await this.saveFinished(project.id, evaluation));
    if (closed()) return;
    markInUse(this, evaluation);
    if (this.stage === "head" && project.plan.allEpochs > 0) await this.begin("all", this.projectNetwork());
    else {
      this.status = "idle";
      if (this.unsaved) showMessage(message("studio.readyNotSaved"), "error");
      else showMessage(message("studio.ready"));
    }
  }

  /** Makes the saved run the project's network; false if its last step could not be saved. */
  private async saveFinished(id: string, evaluation: EvaluationResult): Promise<boolean> {
    try {
      const saved = await store.getRun(id);
      if (saved?.stage !== this.stage || saved.step !== this.progress.done) return false;
      await lab.engine.finishProject(id, evaluation);
      return true;
    } catch (error) {
      showError(error);
      return false;
    } finally {
      await editor.refresh();
    }
  }

  /** The network's predictions for all validation pictures. */
  private async evaluate(): Promise<Pick<EvaluationResult, "classes" | "predictions">> {
    const { engine, fineTune } = lab;
    const [info, options] = [fineTune.infos[0], fineTune.options[0]];
    if (!info || !options) throw messageError("studio.runGone");
    const { pictures, classes } = await engine.setApart(options.dataset);
    const predictions: EvaluationResult["predictions"] = [];
    for (let from = 0; from < pictures.length; from += EVALUATION_BATCH) {
      const indices = pictures.slice(from, from + EVALUATION_BATCH).map((_, i) => from + i);
      for (const { index, label, top } of await engine.watch(2, indices)) {
        predictions.push({ picture: pictures[index] ?? "", label: info.labels.indexOf(label), top });
      }
    }
    return { classes, predictions };
  }

  private viewState(): Partial<TrainerState> {
    return { ...(this.record ? { history: this.record.history() } : {}), offset: this.offset, seconds: this.elapsedSeconds(), stages: this.stages };
  }

  private elapsedSeconds(): number {
    return this.seconds + (this.since > 0 ? (performance.now() - this.since) / 1000 : 0);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.status = "idle";
      showError(error);
      void editor.refresh();
    }
  }
}

/** The weights to start from. */
async function startWeights(start: "shipped" | "model" | "own"): Promise<StartFrom> {
  if (start === "own") return { kind: "project", project: editor.project.id };
  if (start === "shipped" && modelState.source !== "shipped" && modelState.source !== null) return { kind: "url", url: await lab.models.shippedUrl() };
  await lab.models.ensure();
  if (start === "shipped" && modelState.source !== "shipped") return { kind: "url", url: await lab.models.shippedUrl() };
  return { kind: "model" };
}

export const trainer = new Trainer();
