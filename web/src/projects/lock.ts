/** One tab at a time trains a project: two would overwrite each other's weights. */

/** A project that this tab holds until it is given back. */
export interface ProjectLock { project: string; release(): void }

/** Takes a project for this tab; rejects when another tab has it. Browsers without locks let everybody in. */
export function lockProject(project: string): Promise<ProjectLock> {
  if (!("locks" in navigator)) return Promise.resolve({ project, release: () => undefined });
  return new Promise((resolve, reject) => {
    const asked = navigator.locks.request(`alexnet-project-${project}`, { ifAvailable: true }, (lock) => {
      if (!lock) throw new Error("This project is being trained in another tab: go on there, or close that tab first.");
      return new Promise<void>((release) => resolve({ project, release }));
    });
    asked.catch(reject);
  });
}
