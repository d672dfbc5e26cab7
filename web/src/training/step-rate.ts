/** Steps a second over the last half minute, everything between the steps included. */
export class StepRate {
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
