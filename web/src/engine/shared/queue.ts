/** Runs one task at a time, in order: the wasm object must not be entered twice. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve();

  /** Runs `task` when all earlier tasks have settled. A failure only rejects its own promise. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.tail.then(task);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
