/** Typed events with handlers that cannot disturb each other or the one who tells. */
export class Emitter<Events> {
  private readonly handlers = new Map<keyof Events, Set<(event: never) => void>>();

  on<K extends keyof Events>(event: K, handler: (event: Events[K]) => void): () => void {
    const set = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, set);
    set.add(handler as (event: never) => void);
    return () => set.delete(handler as (event: never) => void);
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const handler of this.handlers.get(event) ?? []) {
      try {
        (handler as (event: Events[K]) => void)(value);
      } catch (error) {
        // The run goes on; the console and window.onerror get the fault.
        reportError(error);
      }
    }
  }
}
