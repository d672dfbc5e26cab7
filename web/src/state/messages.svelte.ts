/** The sentences shown to the visitor. */

export type Tone = "error" | "info";
export interface Message { id: number; tone: Tone; text: string; action?: { label: string; run: () => void } }

let next = 1;
const state = $state<{ list: Message[] }>({ list: [] });

/** What is on show, oldest first. */
export const messages = { get list(): readonly Message[] { return state.list; } };

/** Shows a sentence; the same sentence is not shown twice. */
export function say(text: string, tone: Tone = "info", action?: Message["action"]): number {
  const id = next++;
  state.list = [...state.list.filter((m) => m.text !== text), { id, tone, text, ...(action ? { action } : {}) }].slice(-3);
  return id;
}

/** Shows what went wrong. */
export function sayError(error: unknown): number {
  return say(sentence(error), "error");
}

export function dismiss(id: number): void {
  state.list = state.list.filter((m) => m.id !== id);
}

/** An error's sentence, whole: capital, full stop. */
export function sentence(error: unknown): string {
  const raw = (error instanceof Error ? error.message : String(error)).trim() || "Something went wrong and no reason was given";
  const text = raw.charAt(0).toUpperCase() + raw.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
