/** Steps a second over the last half minute, everything between the steps included. */
export class Rate {
  private readonly samples: { at: number; step: number }[] = [];

  /** @param at milliseconds, rising */
  add(at: number, step: number): void {
    this.samples.push({ at, step });
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > 30_000) this.samples.shift();
  }

  /** `undefined` before there are two samples. */
  stepsPerSecond(): number | undefined {
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    if (!first || !last || last.at <= first.at || last.step <= first.step) return undefined;
    return ((last.step - first.step) * 1000) / (last.at - first.at);
  }

  clear(): void {
    this.samples.length = 0;
  }
}

/** A duration in words: `40 s`, `3 min`, `2 h 5 min`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
