/** One tab at a time trains a project: two would overwrite each other's weights. */

/** A project that this tab holds until it is given back. */
export interface Hold { project: string; giveBack(): void }

/** Takes a project for this tab; rejects when another tab has it. Browsers without locks let everybody in. */
export function holdProject(project: string): Promise<Hold> {
  if (!("locks" in navigator)) return Promise.resolve({ project, giveBack: () => undefined });
  return new Promise((resolve, reject) => {
    const asked = navigator.locks.request(`alexnet-project-${project}`, { ifAvailable: true }, (lock) => {
      if (!lock) throw new Error("This project is being trained in another tab: go on there, or close that tab first.");
      return new Promise<void>((giveBack) => resolve({ project, giveBack }));
    });
    asked.catch(reject);
  });
}
