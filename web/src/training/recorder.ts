import type { Line } from "../charts/lines";
import type { Run, RunEvents } from "../engine/page/api";
import type { Slot } from "../engine/shared/protocol";
import type { RunOptions } from "../generated/protocol";
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
 * It commands nothing.
 */
export class Recorder {
  /** The run and, in a race, its rival. */
  readonly active: [RunRecord | null, RunRecord | null] = [null, null];
  /** Earlier runs, latest first. */
  past: RunRecord[] = [];
  /** Grows with every change. */
  version = 0;
  private nextId = 1;

  /** @param changed called when something on show has changed */
  constructor(
    source: RunSource,
    private readonly changed: () => void,
  ) {
    for (const slot of [0, 1] as const) this.adopt(source, slot);
    source.on("configured", (event) => this.configured(event));
    source.on("step", ({ slot, metrics }) => {
      this.active[slot]?.stepped(metrics);
      this.touch();
    });
    source.on("validation", ({ slot, step, result }) => {
      this.active[slot]?.validated(step, result);
      this.touch();
    });
    source.on("options", ({ slot, options }) => {
      const record = this.active[slot];
      if (record) record.options = options;
      this.touch();
    });
    source.on("phase", () => {
      // A slot that was emptied says nothing itself.
      for (const slot of [0, 1] as const) if (!source.infos[slot] && this.active[slot]) this.retire(slot);
      this.touch();
    });
  }

  /** What to store beside the weights. */
  state(): RecorderState {
    return { run: this.active[0]?.history() ?? null, rival: this.active[1]?.history() ?? null };
  }

  /** Takes an earlier run off the charts. */
  forget(id: string): void {
    this.past = this.past.filter((record) => record.id !== id);
    this.touch();
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

  /** Takes over a run that began before anybody looked. */
  private adopt({ infos, options, last, lastValidation }: RunSource, slot: Slot): void {
    const [info, own, metrics, validation] = [infos[slot], options[slot], last[slot], lastValidation[slot]];
    if (!info || !own) return;
    const record = (this.active[slot] = new RunRecord(String(this.nextId++), own, info));
    if (metrics) record.stepped(metrics);
    if (validation) record.validated(record.step, validation);
  }

  private configured({ slot, options, info, resumed, viewState }: RunEvents["configured"]): void {
    // A resumed run goes on with its own curves; what was drawn beyond its saved step goes.
    const before = this.active[slot];
    if (!resumed) this.retire(slot);
    const record = new RunRecord(String(this.nextId++), options, info);
    const stored = resumed ? (viewState as Partial<RecorderState> | null | undefined)?.[slot === 0 ? "run" : "rival"] : undefined;
    if (isHistory(stored)) record.restore(stored);
    else if (resumed && before) record.restore(before.history());
    this.active[slot] = record;
    this.touch();
  }

  /** Puts a slot's run among the earlier ones, unless it never got anywhere. */
  private retire(slot: Slot): void {
    const old = this.active[slot];
    this.active[slot] = null;
    if (!old || old.training.steps.length < 2) return;
    old.close();
    // The same configuration again gives the same curve: the longer one is enough.
    const same = (a: RunOptions, b: RunOptions) => JSON.stringify(a) === JSON.stringify(b);
    const twin = this.past.find((record) => same(record.options, old.options));
    if (twin && twin.step > old.step) return;
    this.past = [old, ...this.past.filter((record) => record !== twin)].slice(0, MOST_PAST);
  }

  private touch(): void {
    this.version++;
    this.changed();
  }
}
