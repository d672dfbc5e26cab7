/** One thing at a time, in the order of asking: the wasm object must not be entered twice. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve();

  /** Runs `task` when all earlier ones have settled; a failure concerns only its own caller. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.tail.then(task);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
