import type { LiveMetrics } from "../engine/page/api";
import type { RunInfo, RunOptions, Validation } from "../generated/protocol";
import { decimate } from "../charts/decimate";

/** Columns of a curve: one entry a report. */
export interface Curves {
  steps: number[];
  loss: number[];
  accuracy: number[];
}

/** What is stored of a run beside its weights. */
export interface History {
  training: Curves;
  validation: Curves;
}

const noCurves = (): Curves => ({ steps: [], loss: [], accuracy: [] });

/** The curves of one run; the arrays grow in place. */
export class RunRecord {
  training = noCurves();
  validation = noCurves();
  last: LiveMetrics | undefined;
  lastValidation: Validation | undefined;
  /** The options of the last step: what was changed after it has trained nothing. */
  private trainedWith: RunOptions;

  /**
   * @param id distinct for each run of this visit
   * @param options what it is trained with; live options change along with the run's
   */
  constructor(
    readonly id: string,
    public options: RunOptions,
    readonly info: RunInfo,
  ) {
    this.trainedWith = options;
  }

  /** Steps done. */
  get step(): number {
    return this.last?.step ?? this.info.step;
  }

  /** Steps at which the planned epochs are done. */
  get planned(): number {
    return this.options.epochs * this.info.stepsPerEpoch;
  }

  /** The run is over: its name tells what trained it. */
  close(): void {
    this.options = this.trainedWith;
  }

  stepped(metrics: LiveMetrics): void {
    this.last = metrics;
    this.trainedWith = this.options;
    this.training.steps.push(metrics.step);
    this.training.loss.push(metrics.loss);
    this.training.accuracy.push(metrics.trainAccuracy);
  }

  /** A validation at `step`; a later one at the same step replaces it (a subset first, then all images). */
  validated(step: number, result: Validation): void {
    this.lastValidation = result;
    const { steps, loss, accuracy } = this.validation;
    if (steps[steps.length - 1] === step) for (const column of [steps, loss, accuracy]) column.pop();
    steps.push(step);
    loss.push(result.loss);
    accuracy.push(result.top1);
  }

  /** The curves, thinned for storing. */
  history(most = 2000): History {
    return { training: thin(this.training, most), validation: thin(this.validation, most) };
  }

  /** Puts stored curves back, up to the step from which the run goes on. */
  restore({ training, validation }: History): void {
    this.training = pick(training, (step) => step <= this.step);
    this.validation = pick(validation, (step) => step <= this.step);
  }
}

/** Whether a stored value has the shape of a history: it may come from another version of the page. */
export function isHistory(value: unknown): value is History {
  const curves = (c: unknown) =>
    typeof c === "object" && c !== null && ["steps", "loss", "accuracy"].every((k) => Array.isArray((c as Record<string, unknown>)[k]));
  const { training, validation } = (value ?? {}) as Record<string, unknown>;
  return curves(training) && curves(validation);
}

function thin(curves: Curves, most: number): Curves {
  if (curves.steps.length <= most) return curves;
  const kept = new Set(decimate({ xs: curves.steps, ys: curves.loss }, most).xs);
  return pick(curves, (step) => kept.has(step));
}

function pick(curves: Curves, wanted: (step: number) => boolean): Curves {
  const places = curves.steps.flatMap((step, i) => (wanted(step) ? [i] : []));
  const column = (values: number[]) => places.map((i) => values[i] ?? NaN);
  return { steps: column(curves.steps), loss: column(curves.loss), accuracy: column(curves.accuracy) };
}
