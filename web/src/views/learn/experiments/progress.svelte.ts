/** What a visitor has predicted, measured and noted, kept on this device. */
import { untrack } from "svelte";
import { canSavePreferences, loadPreference, savePreference } from "../../../state/preferences";

const KEY = "alexnet-lab-experiments";

/** About one experiment with one choice of settings. */
export interface Entry {
  /** The answer that was chosen before the run. */
  predicted?: string;
  /** The answer that was measured. */
  measured?: string;
  /** The measured figure. */
  value?: number | null;
  /** What the visitor saw: one of the choices. */
  saw?: string;
  note?: string;
  /** How long its runs take on this device, as it was estimated last. */
  seconds?: number;
}

type Entries = Record<string, Entry>;

const text = (value: unknown): value is string => typeof value === "string" && value.length < 10_000;

/** Entries as they were stored; what has another shape is left out: it may come from another version of the page. */
export function readEntries(stored: string | null): Entries {
  let found: unknown;
  try {
    found = JSON.parse(stored ?? "{}");
  } catch {
    return {};
  }
  if (typeof found !== "object" || found === null) return {};
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) => {
      if (typeof value !== "object" || value === null) return [];
      const { predicted, measured, value: figure, saw, note, seconds } = value as Record<string, unknown>;
      const entry: Entry = {
        ...(text(predicted) ? { predicted } : {}), ...(text(measured) ? { measured } : {}), ...(text(saw) ? { saw } : {}), ...(text(note) ? { note } : {}),
        ...(typeof seconds === "number" && Number.isFinite(seconds) ? { seconds } : {}),
        ...(typeof figure === "number" || figure === null ? { value: figure } : {}),
      };
      return [[key, entry] as const];
    }),
  );
}

const state: { entries: Entries } = $state({ entries: readEntries(loadPreference(KEY)) });

/** Settings that differ from the defaults make an entry of their own: another question was asked. */
export const entryKey = (name: string, changed: Readonly<Record<string, string>>): string =>
  [name, ...Object.entries(changed).sort(([a], [b]) => (a < b ? -1 : 1)).map(([setting, value]) => `${setting}=${value}`)].join(" ");

export const entryOf = (key: string): Entry => state.entries[key] ?? {};

export function note(key: string, change: Entry): void {
  // Effects write down results; they must not depend on what is written down.
  const before = untrack(() => state.entries);
  state.entries = { ...before, [key]: { ...before[key], ...change } };
  savePreference(KEY, JSON.stringify(untrack(() => state.entries)));
}

/** How far the visitor is with an experiment, whatever its settings. */
export function stageOf(name: string): "new" | "predicted" | "done" {
  const own = Object.entries(state.entries).filter(([key]) => key === name || key.startsWith(`${name} `)).map(([, entry]) => entry);
  if (own.some(({ measured }) => measured !== undefined)) return "done";
  return own.some(({ predicted }) => predicted !== undefined) ? "predicted" : "new";
}

/** Forgets everything. */
export function forgetProgress(): void {
  state.entries = {};
  savePreference(KEY, null);
}

/** Whether notes outlast this visit. */
export const isKept: boolean = canSavePreferences();
