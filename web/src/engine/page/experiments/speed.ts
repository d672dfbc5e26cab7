/** How fast this device computes experiments: measured once, and again by every experiment that ends. */
import type { ExperimentData, RunSpec } from "../../../generated/protocol";
import { loadPreference, savePreference } from "../../../state/preferences";

const KEY = "alexnet-lab-experiment-speed";

type Speeds = Partial<Record<ExperimentData, number>>;

const valid = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value > 0;

let kept: Speeds | undefined;

function speeds(): Speeds {
  if (kept) return kept;
  try {
    const stored: unknown = JSON.parse(loadPreference(KEY) ?? "{}");
    const { none, images } = (stored ?? {}) as Record<string, unknown>;
    kept = { ...(valid(none) ? { none } : {}), ...(valid(images) ? { images } : {}) };
  } catch {
    // Not ours, or from another version: it is measured again.
    kept = {};
  }
  return kept;
}

/** Units of `RunSpec.seconds` that one worker does in a second; undefined where nothing was measured. */
export const knownSpeed = (data: ExperimentData): number | undefined => speeds()[data] ?? speeds().none;

/** Keeps a measured speed on this device. */
export function keepSpeed(data: ExperimentData, speed: number): void {
  if (!valid(speed)) return;
  kept = { ...speeds(), [data]: speed };
  savePreference(KEY, JSON.stringify(kept));
}

/** For tests: as if the page were opened anew. */
export function forgetSpeeds(): void {
  kept = undefined;
}

/** Seconds that runs take on this device. */
export function seconds(specs: readonly Pick<RunSpec, "seconds">[], speed: number, workers: number): number {
  const work = specs.reduce((sum, spec) => sum + spec.seconds, 0);
  const longest = specs.reduce((most, spec) => Math.max(most, spec.seconds), 0);
  // The last run keeps one worker busy while the others have nothing left.
  return Math.max(work / Math.max(1, Math.min(workers, specs.length)), longest) / speed;
}
