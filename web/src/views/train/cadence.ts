/** Most images of a validation in the middle of an epoch. */
export const SUBSET = 500;

/** What decides whether to validate now. Times in milliseconds. */
export interface Moment {
  step: number;
  stepsPerEpoch: number;
  valImages: number;
  /** Steps and time since the last validation (or since the run began). */
  stepsSince: number;
  timeSince: number;
  /** What one image costs, as measured; `undefined` before the first validation. */
  costPerImage: number | undefined;
  /** Time that an epoch of training takes, as measured. */
  epochTime: number | undefined;
  last: boolean;
}

/**
 * How many images to validate on now: `undefined` for not now, 0 for all of them.
 *
 * Within an epoch a subset, every twentieth of it or every 5 s, but never so that validating takes more than about
 * a tenth of the time. At the end of an epoch all of them, if that is below a fifth of the epoch: with few
 * training images the whole validation set would take far longer than the epoch it judges.
 */
export function imagesToValidate(moment: Moment): number | undefined {
  const { step, stepsPerEpoch, valImages, stepsSince, timeSince, costPerImage, epochTime, last } = moment;
  if (valImages === 0 || stepsSince === 0) return undefined;
  const subset = Math.min(SUBSET, valImages);
  const subsetCost = subset * (costPerImage ?? 0);
  const endOfEpoch = step > 0 && step % stepsPerEpoch === 0;
  if (endOfEpoch || last) {
    const whole = valImages * (costPerImage ?? Infinity);
    if (valImages <= SUBSET || (last && whole < 60_000) || whole < (epochTime ?? 0) / 5) return 0;
    if (last) return subset;
  }
  if (timeSince < subsetCost * 9) return undefined;
  const due = timeSince >= 5000 || (stepsSince >= Math.max(1, stepsPerEpoch / 20) && timeSince >= 1000);
  return due ? subset : undefined;
}
