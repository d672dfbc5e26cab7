/** Which tabs of this page are open: each holds a lock with its name. */

const PREFIX = "alexnet-lab-tab-";

export const tabLock = (tab: string): string => `${PREFIX}${tab}`;

/** The names of the open tabs; empty in browsers without locks. */
export async function liveTabs(): Promise<ReadonlySet<string>> {
  const { held = [] } = (await globalThis.navigator?.locks?.query()) ?? {};
  return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}
