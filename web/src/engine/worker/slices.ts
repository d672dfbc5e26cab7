/** Drives a run slice by slice, so that a worker hears messages in between. */

export interface SliceOptions {
  /** Does a slice of work; the share that is done. */
  advance(): Promise<number>;
  /** Called after the first slice, then at most every `pauseMs`. */
  report(): void;
  /** Least time between two reports, in milliseconds. */
  pauseMs: number;
  /** A clock in milliseconds. */
  now?: () => number;
}

/** How long the worker computes before it hears messages, in milliseconds. */
const DEAF_MS = 40;

/** A gate that a run passes between two slices. */
export class Gate {
  private closed: Promise<void> | undefined;
  private reopen: (() => void) | undefined;

  close(): void {
    this.closed ??= new Promise((resolve) => (this.reopen = resolve));
  }

  open(): void {
    this.reopen?.();
    this.closed = this.reopen = undefined;
  }

  /** Resolves once the gate is open. */
  pass(): Promise<void> {
    return this.closed ?? Promise.resolve();
  }
}

/** Advances until the share is 1. */
export async function runSlices({ advance, report, pauseMs, now = () => performance.now() }: SliceOptions, gate: Gate): Promise<void> {
  let [reported, heard] = [Number.NEGATIVE_INFINITY, now()];
  for (;;) {
    await gate.pass();
    const share = await advance();
    if (share >= 1) return;
    if (now() - reported >= pauseMs) {
      report();
      reported = now();
    }
    if (now() - heard >= DEAF_MS) {
      // Messages, a pause among them, arrive as tasks; awaiting wasm alone lets none through.
      await new Promise((resolve) => setTimeout(resolve));
      heard = now();
    }
  }
}
