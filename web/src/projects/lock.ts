/** Only one tab at a time trains a project: two would overwrite each other's weights. */
import { messageError } from "../errors/message";

/** The lock of a project, held until `release` is called. */
export interface ProjectLock { project: string; release(): void }

/** Locks a project for this tab; rejects when another tab has the lock. Browsers without locks do not check. */
export function lockProject(project: string): Promise<ProjectLock> {
  if (!("locks" in navigator)) return Promise.resolve({ project, release: () => undefined });
  return new Promise((resolve, reject) => {
    const asked = navigator.locks.request(`alexnet-project-${project}`, { ifAvailable: true }, (lock) => {
      if (!lock) throw messageError("engine.projectBusy");
      return new Promise<void>((release) => resolve({ project, release }));
    });
    asked.catch(reject);
  });
}
