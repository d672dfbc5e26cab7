/** Typed events. A handler that throws disturbs neither the other handlers nor the caller of `emit`. */
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
        // The run continues; the console and window.onerror get the error.
        reportError(error);
      }
    }
  }
}
