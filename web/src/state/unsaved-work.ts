/** Work that would be lost with the page: it asks before it is closed, and saves what it can before it is hidden. */

/** A part of the page that holds work. */
export interface WorkHolder {
  /** Whether there is work that is only in memory. */
  unsaved(): boolean;
  /** Begins to save it. */
  save?(): void;
}

const holders = new Set<WorkHolder>();

/** Registers a holder until the returned function is called. */
export function holdsWork(holder: WorkHolder): () => void {
  holders.add(holder);
  return () => holders.delete(holder);
}

/** Whether closing the page would lose work. */
export const hasUnsavedWork = (): boolean => [...holders].some((holder) => holder.unsaved());

type Events = Pick<EventTarget, "addEventListener">;

/** Listens for the page being hidden, frozen or closed. `isHidden`: whether nobody sees it now. */
export function guardWork(window: Events, document: Events, isHidden: () => boolean): void {
  const save = () => {
    for (const holder of holders) if (holder.unsaved()) holder.save?.();
  };
  window.addEventListener("beforeunload", (event) => {
    if (!hasUnsavedWork()) return;
    // It is saved while the visitor reads the browser's question.
    save();
    event.preventDefault();
  });
  window.addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => isHidden() && save());
  document.addEventListener("freeze", save);
}
