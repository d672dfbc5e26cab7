/** Trains the open project: a new head first, then all layers if wanted; judges it, and puts it to use. */
import { lab } from "../../engine/page/api";
import { FINE_TUNING, type RunOptions } from "../../generated/protocol";
import type { Line } from "../../charts/lines";
import * as store from "../../projects/store";
import { datasetOf, type Judgement, type ProjectRun, type Stage, type StageReport } from "../../projects/types";
import { say, sayError } from "../../state/messages.svelte";
import { modelState } from "../../state/model.svelte";
import { isHistory, RunRecord, type History } from "../../training/record";
import { Rate } from "../../training/step-rate";
import type { ExportFormat, StartFrom } from "../../engine/shared/protocol";
import { album } from "./project.svelte";
import { noteUse } from "./use-model";

/** Pictures judged in one call. */
const JUDGED_AT_ONCE = 48;

/** What is kept of the view beside the weights. */
interface Kept { history: History; offset: number; seconds: number; stages: StageReport[] }

export type Doing = "nothing" | "preparing" | "training" | "pausing" | "judging";

export class Trainer {
  doing = $state<Doing>("nothing");
  stage = $state<Stage>("head");
  judgement = $state.raw<Judgement | null>(null);
  /** Grows with every report. */
  version = $state(0);
  /** The curves of the run; they grow in place. */
  record = $state.raw<RunRecord | null>(null);
  /** The network that was trained last is in memory only: there was no room to store it. */
  unsaved = $state(false);

  /** Steps of the parts before this one. */
  private offset = 0;
  private stages: StageReport[] = [];
  private seconds = 0;
  private since = 0;
  /** The classes' names as the run in the engine has them. */
  private names = "";
  private readonly rate = new Rate();

  constructor() {
    const { tuning } = lab;
    tuning.keep = () => this.keep();
    tuning.on("configured", ({ info, options, resumed, kept }) => {
      this.rate.clear();
      this.names = JSON.stringify(album.project.classes);
      const stored = kept as Partial<Kept> | null | undefined;
      const before = this.record?.history();
      const fromStore = resumed && isHistory(stored?.history);
      // What was only in memory is gone with the worker that had it.
      if (resumed) this.unsaved = false;
      if (fromStore) [this.offset, this.seconds, this.stages] = [stored?.offset ?? 0, stored?.seconds ?? 0, stored?.stages ?? []];
      this.record = new RunRecord("project", options, { ...info, step: info.step + this.offset });
      const history = fromStore ? stored?.history : before;
      if (history && isHistory(history)) this.record.restore(history);
      this.version++;
    });
    tuning.on("step", ({ metrics }) => {
      this.rate.add(performance.now(), metrics.step);
      this.record?.stepped({ ...metrics, step: metrics.step + this.offset });
      this.version++;
    });
    tuning.on("validation", ({ step, result }) => {
      if (result.images > 0) this.record?.validated(step + this.offset, result);
      this.version++;
    });
    tuning.on("phase", ({ phase }) => {
      this.version++;
      if (phase === "running") {
        this.since = performance.now();
        this.doing = "training";
      } else if (this.since > 0) {
        this.seconds = this.worked();
        this.since = 0;
      }
      if (phase === "finished" && this.doing !== "nothing") void this.attempt(() => this.finished());
      else if (phase === "paused" && (this.doing === "training" || this.doing === "pausing")) {
        this.doing = "nothing";
        void album.refresh();
      } else if (phase === "empty") this.doing = "nothing";
    });
  }

  /** Steps done and planned in this part. */
  get progress(): { done: number; planned: number } {
    void this.version;
    const info = lab.tuning.infos[0];
    const done = lab.tuning.last[0]?.step ?? info?.step ?? 0;
    return { done, planned: (info?.stepsPerEpoch ?? 1) * (lab.tuning.options[0]?.epochs ?? 1) };
  }

  /** Seconds to the end of this part, undefined before it can be told. */
  get secondsLeft(): number | undefined {
    const { done, planned } = this.progress;
    const speed = this.rate.stepsPerSecond();
    return speed ? Math.max(0, planned - done) / speed : undefined;
  }

  /** Whether the saved run has steps left, or its second part is still to come. */
  get unfinished(): boolean {
    const { saved, finished, project } = album;
    if (!saved?.resumable || this.unsaved || !this.fits) return false;
    return saved.savedAt !== finished?.savedAt || (saved.stage === "head" && project.plan.allEpochs > 0 && (this.judgement?.stages.length ?? 0) < 2);
  }

  /** Whether the saved run knows the very classes that there are. */
  get fits(): boolean {
    const { saved, filled } = album;
    return saved !== null && JSON.stringify(saved.classes) === JSON.stringify(filled);
  }

  /** Whether there is a network to try and to take away. */
  get trained(): boolean {
    return album.finished !== null || this.unsaved;
  }

  /** The run behind the project's network. */
  get run(): Pick<ProjectRun, "options" | "kept" | "step" | "classes"> | null {
    const options = lab.tuning.options[0];
    if (this.unsaved && options) return { options, kept: this.keep(), step: this.progress.done, classes: this.judgement?.classes ?? [] };
    return album.finished ?? album.saved;
  }

  /** The project's network as a file. */
  file(format: ExportFormat): Promise<Uint8Array> {
    return lab.engine.exportProject(album.project.id, format, this.unsaved);
  }

  lines(of: "loss" | "accuracy"): Line[] {
    void this.version;
    const { record } = this;
    if (!record) return [];
    const common = { name: "your network", tone: 0 } as const;
    return [
      { ...common, id: "training", part: "training", smoothed: true, xs: record.training.steps, ys: record.training[of] },
      { ...common, id: "validation", part: "validation", smoothed: false, xs: record.validation.steps, ys: record.validation[of] },
    ];
  }

  /** What was found out about the open project in an earlier visit. */
  async look(): Promise<void> {
    const { project, saved } = album;
    if (lab.tuning.project === project.id) return;
    this.record = null;
    this.doing = "nothing";
    this.unsaved = false;
    this.judgement = (await store.getJudgement(project.id)) ?? null;
    [this.stages, this.offset, this.seconds] = [this.judgement?.stages ?? [], 0, 0];
    const kept = saved?.kept as Partial<Kept> | null;
    if (saved && isHistory(kept?.history)) {
      const info = { step: saved.step + (kept?.offset ?? 0) } as RunRecord["info"];
      this.record = new RunRecord("project", saved.options, info);
      this.record.restore(kept.history);
    }
    this.version++;
  }

  /** Trains from the beginning. The network from before stays until the new one is whole. */
  train = () =>
    this.attempt(async () => {
      const { start } = album.project.plan;
      this.doing = "preparing";
      this.record = null;
      [this.offset, this.seconds, this.stages] = [0, 0, []];
      const from = await source(start);
      const stage: Stage = start === "own" && album.project.plan.headEpochs === 0 ? "all" : "head";
      await this.begin(stage, from);
    });

  pause = () =>
    this.attempt(async () => {
      this.doing = "pausing";
      await lab.tuning.pause();
    });

  /** Goes on where the run stopped, in this visit or an earlier one. */
  goOn = () =>
    this.attempt(async () => {
      this.doing = "preparing";
      if (lab.tuning.project !== album.project.id || !lab.tuning.infos[0]) this.stage = (await lab.tuning.open(album.project.id)).stage;
      const { done, planned } = this.progress;
      if (done >= planned) await this.finished();
      else await lab.tuning.start();
    });

  /** All layers at a lower rate, from where the network is. */
  tuneAll = () =>
    this.attempt(async () => {
      this.doing = "preparing";
      if (album.project.plan.allEpochs === 0) await album.setPlan({ allEpochs: FINE_TUNING.all.epochs });
      await this.begin("all", this.own());
    });

  /** Gives the run under way up for the network from before it. */
  giveUp = () =>
    this.attempt(async () => {
      await lab.tuning.close();
      await store.revertRun(album.project.id);
      await album.refresh();
    });

  /** Sees to it that the project's network is in the engine with what it has learned from. */
  async atHand(): Promise<void> {
    const { project, saved, finished } = album;
    const here = lab.tuning.project === project.id && lab.tuning.infos[0];
    if (here && (this.unsaved || this.names === JSON.stringify(project.classes))) return;
    if (here) await lab.tuning.close();
    if (saved?.resumable && saved.savedAt === finished?.savedAt) {
      await lab.tuning.open(project.id);
    } else {
      // A network that came from elsewhere has no run: one that begins with it knows the same.
      this.offset = this.record?.step ?? 0;
      await lab.tuning.begin(project.id, "head", { ...FINE_TUNING.head, dataset: datasetOf(project) }, this.own());
    }
  }

  /** The project's network to begin with. */
  private own(): StartFrom {
    return this.unsaved ? { kind: "model" } : { kind: "project", project: album.project.id };
  }

  private async begin(stage: Stage, from: StartFrom): Promise<void> {
    const { project } = album;
    this.offset = this.record?.step ?? 0;
    this.seconds = 0;
    const epochs = stage === "head" ? project.plan.headEpochs : project.plan.allEpochs;
    const options: RunOptions = { ...FINE_TUNING[stage], epochs: Math.max(1, epochs), dataset: datasetOf(project) };
    await lab.tuning.begin(project.id, stage, options, from);
    this.stage = stage;
    this.unsaved = false;
    await lab.tuning.start();
  }

  private async finished(): Promise<void> {
    this.doing = "judging";
    const { project } = album;
    const judgement = await this.judge();
    await lab.models.useRun(2, project.name);
    this.judgement = judgement;
    this.unsaved = !(await this.kept(judgement));
    noteUse(judgement);
    if (this.stage === "head" && project.plan.allEpochs > 0) await this.begin("all", this.own());
    else {
      this.doing = "nothing";
      if (this.unsaved) say("Your network is ready, but this browser has no room to keep it: save it as a file below before you close the page.", "error");
      else say("Your network is ready: try it below. Classify uses it now, too.");
    }
  }

  /** Makes the saved run the project's network; false where its last step could not be saved. */
  private async kept(judgement: Judgement): Promise<boolean> {
    const { id } = album.project;
    try {
      await album.refresh();
      if (album.saved?.stage !== this.stage || album.saved.step !== this.progress.done) return false;
      await lab.engine.finishProject(id, judgement);
      return true;
    } catch (error) {
      sayError(error);
      return false;
    } finally {
      await album.refresh();
    }
  }

  /** Asks the network about every picture that was set apart. */
  private async judge(): Promise<Judgement> {
    const { engine, tuning } = lab;
    const [info, options] = [tuning.infos[0], tuning.options[0]];
    if (!info || !options) throw new Error("The run is no longer there: train again.");
    const { pictures, classes } = await engine.setApart(options.dataset);
    const judged: Judgement["judged"] = [];
    for (let from = 0; from < pictures.length; from += JUDGED_AT_ONCE) {
      const indices = pictures.slice(from, from + JUDGED_AT_ONCE).map((_, i) => from + i);
      for (const { index, label, top } of await engine.watch(2, indices)) {
        judged.push({ picture: pictures[index] ?? "", label: info.labels.indexOf(label), top });
      }
    }
    const right = judged.filter(({ label, top }) => top[0]?.index === label).length;
    const report: StageReport = { stage: this.stage, accuracy: judged.length > 0 ? right / judged.length : 0, seconds: this.seconds, steps: this.progress.done };
    this.stages = [...this.stages.filter(({ stage }) => stage !== this.stage), report];
    return { classes, step: this.offset + this.progress.done, judged, stages: this.stages };
  }

  private keep(): Partial<Kept> {
    return { ...(this.record ? { history: this.record.history() } : {}), offset: this.offset, seconds: this.worked(), stages: this.stages };
  }

  private worked(): number {
    return this.seconds + (this.since > 0 ? (performance.now() - this.since) / 1000 : 0);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.doing = "nothing";
      sayError(error);
      void album.refresh();
    }
  }
}

/** The weights to begin with. */
async function source(start: "shipped" | "model" | "own"): Promise<StartFrom> {
  if (start === "own") return { kind: "project", project: album.project.id };
  if (start === "shipped" && modelState.source !== "shipped" && modelState.source !== null) return { kind: "url", url: await lab.models.shippedUrl() };
  await lab.models.ensure();
  if (start === "shipped" && modelState.source !== "shipped") return { kind: "url", url: await lab.models.shippedUrl() };
  return { kind: "model" };
}

export const trainer = new Trainer();
