/** What survives a reload: the last state of a run, in IndexedDB. Used by the worker, so that weights never pass the page. */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { KeptRun } from "../shared/protocol";
import { heard } from "../../projects/transactions";

interface Schema extends DBSchema {
  runs: { key: string; value: KeptRun };
  weights: { key: string; value: Uint8Array[] };
}

/** Runs of other tabs that are kept beside one's own. */
const MOST_RUNS = 3;
let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("alexnet-lab", 1, {
    upgrade(db) {
      db.createObjectStore("runs");
      db.createObjectStore("weights");
    },
    terminated: () => (opened = undefined),
  });
  return opened;
}

/** Replaces the tab's kept run: description and weights (one array a slot) in one transaction. */
export async function keepRun(run: KeptRun, weights: Uint8Array[]): Promise<void> {
  const db = await database();
  const transaction = heard(db.transaction(["runs", "weights"], "readwrite"));
  const runs = transaction.objectStore("runs");
  await Promise.all([runs.put(run, run.tab), transaction.objectStore("weights").put(weights, run.tab)]);
  const others = (await runs.getAll()).filter(({ tab }) => tab !== run.tab).sort((a, b) => b.savedAt - a.savedAt);
  for (const { tab } of others.slice(MOST_RUNS)) {
    await Promise.all([runs.delete(tab), transaction.objectStore("weights").delete(tab)]);
  }
  await transaction.done;
}

/** The tab's own kept run, else the latest of all. */
export async function lastRun(tab: string): Promise<KeptRun | null> {
  const runs = heard((await database()).transaction("runs")).objectStore("runs");
  const own = await runs.get(tab);
  if (own) return own;
  const all = await runs.getAll();
  return all.sort((a, b) => b.savedAt - a.savedAt)[0] ?? null;
}

/** The weights of a kept run, one array a slot. */
export async function keptWeights(tab: string): Promise<Uint8Array[]> {
  return (await heard((await database()).transaction("weights")).store.get(tab)) ?? [];
}

export async function forgetRun(tab: string): Promise<void> {
  const transaction = (await database()).transaction(["runs", "weights"], "readwrite");
  await Promise.all([transaction.objectStore("runs").delete(tab), transaction.objectStore("weights").delete(tab), transaction.done]);
}
