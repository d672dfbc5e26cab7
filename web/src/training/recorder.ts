import type { Line } from "../charts/lines";
import type { Run, RunEvents } from "../engine/page/api";
import type { Slot } from "../engine/shared/protocol";
import type { RunOptions } from "../generated/protocol";
import { Changes } from "./changes";
import { nameRuns } from "./differences";
import { isHistory, RunRecord, type History } from "./record";

/** Earlier runs kept on the charts. */
const MOST_PAST = 8;

/** What of the lab's run the recorder looks at. */
export type RunSource = Pick<Run, "on" | "infos" | "options" | "last" | "lastValidation">;

/** Stored beside the weights: the run's and its rival's curves. */
export interface RecorderState {
  run: History | null;
  rival: History | null;
}

/**
 * Writes down what the run and its rival report, keeps earlier runs, and names them all by what differs.
 * It commands nothing. What it gives out is followed by components: they run again when it has changed.
 */
export class Recorder {
  private readonly changes = new Changes();
  private readonly slots: [RunRecord | null, RunRecord | null] = [null, null];
  private earlier: RunRecord[] = [];
  private nextId = 1;

  constructor(source: RunSource) {
    for (const slot of [0, 1] as const) this.adopt(source, slot);
    source.on("configured", (event) => this.configured(event));
    source.on("step", ({ slot, metrics }) => {
      this.slots[slot]?.stepped(metrics);
      this.changes.changed();
    });
    source.on("validation", ({ slot, step, result }) => {
      this.slots[slot]?.validated(step, result);
      this.changes.changed();
    });
    source.on("options", ({ slot, options }) => {
      const record = this.slots[slot];
      if (record) record.options = options;
      this.changes.changed();
    });
    source.on("phase", () => {
      // A slot that was emptied says nothing itself.
      for (const slot of [0, 1] as const) if (!source.infos[slot] && this.slots[slot]) this.retire(slot);
      this.changes.changed();
    });
  }

  /** The run and, in a race, its rival. */
  get active(): readonly [RunRecord | null, RunRecord | null] {
    this.changes.follow();
    return this.slots;
  }

  /** Earlier runs, latest first. */
  get past(): readonly RunRecord[] {
    this.changes.follow();
    return this.earlier;
  }

  /** What to store beside the weights. */
  state(): RecorderState {
    return { run: this.slots[0]?.history() ?? null, rival: this.slots[1]?.history() ?? null };
  }

  /** Takes an earlier run off the charts. */
  forget(id: string): void {
    this.earlier = this.earlier.filter((record) => record.id !== id);
    this.changes.changed();
  }

  /** Names of run, rival and earlier runs, by id. */
  names(): Map<string, string> {
    const [run, rival] = this.active;
    const first = run ?? this.past[0];
    if (!first) return new Map();
    const earlier = this.past.filter((record) => record !== first);
    const optionsOf = (records: readonly RunRecord[]) => records.map(({ options }) => options);
    const [name, ...rest] = nameRuns(first.options, optionsOf(earlier));
    const names = new Map([[first.id, name], ...earlier.map(({ id }, i) => [id, rest[i] ?? id] as const)]);
    // In a race the two are named by what they race about.
    if (rival) nameRuns(first.options, [rival.options]).forEach((own, i) => names.set(i === 0 ? first.id : rival.id, own));
    return names;
  }

  /** The curves to draw, the run in the foreground last so that it is on top. */
  lines(of: "loss" | "accuracy"): Line[] {
    const names = this.names();
    const lines = this.shown().flatMap((record): Line[] => {
      const tone = record === this.slots[0] ? 0 : record === this.slots[1] ? 1 : 2;
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

  /** Takes over a run that began before anybody looked. */
  private adopt({ infos, options, last, lastValidation }: RunSource, slot: Slot): void {
    const [info, own, metrics, validation] = [infos[slot], options[slot], last[slot], lastValidation[slot]];
    if (!info || !own) return;
    const record = (this.slots[slot] = new RunRecord(String(this.nextId++), own, info));
    if (metrics) record.stepped(metrics);
    if (validation) record.validated(record.step, validation);
  }

  private configured({ slot, options, info, resumed, viewState }: RunEvents["configured"]): void {
    // A resumed run goes on with its own curves; what was drawn beyond its saved step goes.
    const before = this.slots[slot];
    if (!resumed) this.retire(slot);
    const record = new RunRecord(String(this.nextId++), options, info);
    const stored = resumed ? (viewState as Partial<RecorderState> | null | undefined)?.[slot === 0 ? "run" : "rival"] : undefined;
    if (isHistory(stored)) record.restore(stored);
    else if (resumed && before) record.restore(before.history());
    this.slots[slot] = record;
    this.changes.changed();
  }

  /** Puts a slot's run among the earlier ones, unless it never got anywhere. */
  private retire(slot: Slot): void {
    const old = this.slots[slot];
    this.slots[slot] = null;
    if (!old || old.training.steps.length < 2) return;
    old.close();
    // The same configuration again gives the same curve: the longer one is enough.
    const same = (a: RunOptions, b: RunOptions) => JSON.stringify(a) === JSON.stringify(b);
    const twin = this.earlier.find((record) => same(record.options, old.options));
    if (twin && twin.step > old.step) return;
    this.earlier = [old, ...this.earlier.filter((record) => record !== twin)].slice(0, MOST_PAST);
  }
}
