import type { Line } from "../../charts/lines";
import type { Run, RunEvents, Slot } from "../../engine/api";
import type { RunOptions } from "../../generated/protocol";
import { nameRuns } from "./differences";
import { isHistory, RunRecord, type History } from "./record";

/** Earlier runs kept on the charts. */
const MOST_PAST = 8;

/** Said when a loss stops being a number. */
export const NOT_A_NUMBER = "The loss is no longer a number: lower the learning rate and press Reset.";

/** What of the lab's run the recorder listens to. */
export type RunSource = Pick<Run, "on">;

/** What the recorder tells its owner. */
export interface RecorderEvents {
  /** Something on show has changed. */
  changed(): void;
  /** The loss has become NaN or infinite: stop the run and say so. */
  exploded(): void;
}

/** Stored beside the weights: the run's and its rival's curves. */
export interface Kept {
  run: History | null;
  rival: History | null;
}

/**
 * Writes down what the run and its rival report, keeps earlier runs, and names them all by what differs.
 * It commands nothing.
 */
export class Recorder {
  /** The run and, in a race, its rival. */
  readonly active: [RunRecord | null, RunRecord | null] = [null, null];
  /** Earlier runs, latest first. */
  past: RunRecord[] = [];
  /** Grows with every change. */
  version = 0;
  /** Curves to put back when a saved run is resumed. */
  restoring: unknown = null;

  private nextId = 1;
  private readonly off: (() => void)[];

  constructor(
    source: RunSource,
    private readonly events: RecorderEvents,
  ) {
    this.off = [
      source.on("configured", (event) => this.configured(event)),
      source.on("step", ({ slot, metrics }) => {
        this.active[slot]?.stepped(metrics);
        this.touch();
        if (!Number.isFinite(metrics.loss)) this.events.exploded();
      }),
      source.on("validation", ({ slot, step, result }) => {
        this.active[slot]?.validated(step, result);
        this.touch();
      }),
      source.on("options", ({ slot, options }) => {
        const record = this.active[slot];
        if (record) record.options = options;
        this.touch();
      }),
    ];
  }

  stop(): void {
    for (const off of this.off) off();
  }

  /** What to store beside the weights. */
  kept(): Kept {
    return { run: this.active[0]?.history() ?? null, rival: this.active[1]?.history() ?? null };
  }

  /** The rival's slot was emptied. */
  retireRival(): void {
    this.retire(1);
    this.touch();
  }

  /** Takes an earlier run off the charts. */
  forget(id: string): void {
    this.past = this.past.filter((record) => record.id !== id);
    this.touch();
  }

  /** Names of run, rival and earlier runs, by id. */
  names(): Map<string, string> {
    const shown = this.shown();
    const [first, ...rest] = shown;
    if (!first) return new Map();
    const names = nameRuns(first.options, rest.map(({ options }) => options));
    return new Map(shown.map(({ id }, i) => [id, names[i] ?? id]));
  }

  /** The curves to draw, the run in the foreground last so that it is on top. */
  lines(of: "loss" | "accuracy"): Line[] {
    const names = this.names();
    const lines = this.shown().flatMap((record): Line[] => {
      const tone = record === this.active[0] ? 0 : record === this.active[1] ? 1 : 2;
      const common = { name: names.get(record.id) ?? "", tone } as const;
      const { training, validation } = record;
      return [
        { ...common, id: `${record.id}-training`, part: "training", smoothed: true, xs: training.steps, ys: training[of] },
        { ...common, id: `${record.id}-validation`, part: "validation", smoothed: false, xs: validation.steps, ys: validation[of] },
      ];
    });
    return lines;
  }

  private shown(): RunRecord[] {
    return [...this.active.filter((record) => record !== null), ...this.past];
  }

  private configured({ slot, options, info, resumed }: RunEvents["configured"]): void {
    this.retire(slot);
    const record = new RunRecord(String(this.nextId++), options, info);
    if (resumed) {
      const stored = (this.restoring as Partial<Kept> | null)?.[slot === 0 ? "run" : "rival"];
      if (isHistory(stored)) record.restore(stored);
    }
    this.active[slot] = record;
    this.touch();
  }

  /** Puts a slot's run among the earlier ones, unless it never got anywhere. */
  private retire(slot: Slot): void {
    const old = this.active[slot];
    this.active[slot] = null;
    if (!old || old.training.steps.length < 2) return;
    // The same configuration again gives the same curve: the longer one is enough.
    const same = (a: RunOptions, b: RunOptions) => JSON.stringify(a) === JSON.stringify(b);
    const twin = this.past.find((record) => same(record.options, old.options));
    if (twin && twin.step > old.step) return;
    this.past = [old, ...this.past.filter((record) => record !== twin)].slice(0, MOST_PAST);
  }

  private touch(): void {
    this.version++;
    this.events.changed();
  }
}
