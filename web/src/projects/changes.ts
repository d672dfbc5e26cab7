/** What changed in stored projects, told between tabs and from the worker to the page (BroadcastChannel). */

export interface ProjectChange {
  /** The project's id. */
  project: string;
  /** `project`: names and classes, or that it is gone; `run`: the state of its training. */
  what: "project" | "pictures" | "run";
}

const NAME = "alexnet-projects";
let channel: BroadcastChannel | null | undefined;

function open(): BroadcastChannel | null {
  channel ??= "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
  return channel;
}

/** Tells the other tabs and the page's other thread. */
export function announceChange(change: ProjectChange): void {
  open()?.postMessage(change);
}

/** Hears what other tabs and the other thread have changed. */
export function onProjectChange(listener: (change: ProjectChange) => void): void {
  open()?.addEventListener("message", ({ data }: MessageEvent<ProjectChange>) => listener(data));
}
