import { createSubscriber } from "svelte/reactivity";

/**
 * Tells components about data that grows in place: a component, `$derived` or `$effect` that has called `follow` runs
 * again after `changed`. Several changes in one task count as one.
 */
export class Changes {
  private update: (() => void) | undefined;

  readonly follow = createSubscriber((update) => {
    this.update = update;
    return () => (this.update = undefined);
  });

  readonly changed = (): void => this.update?.();
}
