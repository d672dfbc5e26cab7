/** Saved runs in IndexedDB. The worker reads and writes them, so weights never pass through the page. */
import type { DBSchema } from "idb";
import { liveTabs } from "../shared/live-tabs";
import type { StoredRun } from "../shared/protocol";
import { Database } from "../../projects/database";
import { ignoreAbort } from "../../projects/transactions";

/** `kept` is the field's name in the first version of the database. */
interface RunRow extends Omit<StoredRun, "viewState"> { kept: unknown }

interface Schema extends DBSchema {
  runs: { key: string; value: RunRow };
  weights: { key: string; value: Uint8Array[] };
}

/** Runs of closed tabs that are stored as well. Those of open tabs are never deleted by another tab. */
const MAX_OTHER_RUNS = 3;
const stored = new Database<Schema>("alexnet-lab", 1, (db) => {
  db.createObjectStore("runs");
  db.createObjectStore("weights");
});

/** Replaces the tab's saved run, its description and weights (one array for each slot), in one transaction. */
export async function storeRun(run: StoredRun, weights: Uint8Array[]): Promise<void> {
  const live = await liveTabs();
  const db = await stored.open();
  const transaction = ignoreAbort(db.transaction(["runs", "weights"], "readwrite"));
  const runs = transaction.objectStore("runs");
  const { viewState, ...rest } = run;
  await Promise.all([runs.put({ ...rest, kept: viewState }, run.tab), transaction.objectStore("weights").put(weights, run.tab)]);
  const others = (await runs.getAll()).filter(({ tab }) => tab !== run.tab && !live.has(tab)).sort((a, b) => b.savedAt - a.savedAt);
  for (const { tab } of others.slice(MAX_OTHER_RUNS)) {
    await Promise.all([runs.delete(tab), transaction.objectStore("weights").delete(tab)]);
  }
  await transaction.done;
}

/** The tab's own saved run, else the latest one of the closed tabs: an open tab's run is not offered to another. */
export async function latestRun(tab: string): Promise<StoredRun | null> {
  const live = await liveTabs();
  const runs = ignoreAbort((await stored.open()).transaction("runs")).objectStore("runs");
  const latest = async () => (await runs.getAll()).filter((run) => !live.has(run.tab)).sort((a, b) => b.savedAt - a.savedAt)[0];
  const row = (await runs.get(tab)) ?? (await latest());
  if (!row) return null;
  const { kept, ...run } = row;
  return { ...run, viewState: kept };
}

/** The weights of a saved run, one array for each slot. */
export async function loadWeights(tab: string): Promise<Uint8Array[]> {
  return (await ignoreAbort((await stored.open()).transaction("weights")).store.get(tab)) ?? [];
}

export async function deleteRun(tab: string): Promise<void> {
  const transaction = (await stored.open()).transaction(["runs", "weights"], "readwrite");
  await Promise.all([transaction.objectStore("runs").delete(tab), transaction.objectStore("weights").delete(tab), transaction.done]);
}

/** Closes the connection, for tests. */
export const closeDatabase = (): Promise<void> => stored.close();
