import { tabLock } from "../shared/live-tabs";

const KEY = "alexnet-lab-tab";
/** How long the document before a reload may hold the name's lock. */
const RELOAD_MS = 1000;

const newName = () => [...crypto.getRandomValues(new Uint32Array(2))].map((word) => word.toString(36)).join("");

/**
 * A name for this tab that survives its reload, so that two tabs do not take each other's runs. A tab holds its name's lock
 * as long as it lives: a duplicated tab, which has a copy of the session's storage, gets a name of its own.
 */
export async function claimTabName(): Promise<string> {
  const stored = read();
  const name = stored !== null && (await claim(stored, RELOAD_MS)) ? stored : newName();
  if (name !== stored) await claim(name, 0);
  try {
    sessionStorage.setItem(KEY, name);
  } catch {
    // Storage is closed to this page: the run can be resumed in this visit only.
  }
  return name;
}

function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Holds the lock of a name for as long as the page lives; false where another tab still holds it after `patience` milliseconds. */
function claim(name: string, patience: number): Promise<boolean> {
  if (!globalThis.navigator?.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : {};
    const hold = () => new Promise<never>(() => resolve(true));
    navigator.locks.request(tabLock(name), options, hold).catch(() => resolve(false));
  });
}
