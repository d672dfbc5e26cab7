/** Notices a call to the device that will never end, without counting the time that it waits for downloads. */
export class CallTimer {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Milliseconds that the call may still take, and since when they run. */
  private left = Number.POSITIVE_INFINITY;
  private since = 0;
  private downloads = 0;
  private measuring = false;

  /** `limit`: milliseconds that a call may take now. `expired`: called once for a call that takes longer. */
  constructor(private readonly limit: () => number, private readonly expired: () => void) {}

  /** Runs a call; calls do not overlap. */
  async measure<T>(call: () => T | Promise<T>): Promise<T> {
    this.left = this.limit();
    this.measuring = true;
    this.resume();
    try {
      return await call();
    } finally {
      this.measuring = false;
      clearTimeout(this.timer);
    }
  }

  /** Runs a download, whose time does not count. */
  async download<T>(work: () => Promise<T>): Promise<T> {
    this.downloads++;
    this.halt();
    try {
      return await work();
    } finally {
      this.downloads--;
      this.resume();
    }
  }

  private halt(): void {
    if (!this.measuring || this.downloads > 1) return;
    clearTimeout(this.timer);
    this.left -= performance.now() - this.since;
  }

  private resume(): void {
    if (!this.measuring || this.downloads > 0 || !Number.isFinite(this.left)) return;
    this.since = performance.now();
    this.timer = setTimeout(this.expired, Math.max(0, this.left));
  }
}
