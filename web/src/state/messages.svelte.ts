/** The messages on show. */
import { errorText, messageOf, type Message as Sentence } from "../errors/message";

export type Tone = "error" | "info";
export interface Message { id: number; tone: Tone; text: Sentence | string; action?: { label: Sentence | string; run: () => void } }

const MOST = 3;
/** Time to notice a message, and to read one letter of it. */
const NOTICE_MS = 6000;
const LETTER_MS = 70;
/** Time to reach a message's button, by keyboard too. */
const ACTION_MS = 20_000;
/** A message that is hovered or focused when its time is over is checked again after this time. */
const AGAIN_MS = 2000;

let next = 1;
let attended = (): boolean => false;
const state = $state<{ list: Message[] }>({ list: [] });

/** The messages on show, oldest first. */
export const messages = { get list(): readonly Message[] { return state.list; } };

/** Shows a message. The same sentence is not shown twice; it keeps its button. One with tone `info` disappears after the time to read it. */
export function showMessage(text: Sentence | string, tone: Tone = "info", action?: Message["action"]): number {
  const twin = state.list.find((m) => errorText(m.text) === errorText(text));
  const button = action ?? twin?.action;
  const message: Message = { id: next++, tone, text, ...(button ? { action: button } : {}) };
  const list = [...state.list.filter((m) => m !== twin), message];
  while (list.length > MOST) list.splice(Math.max(0, list.slice(0, -1).findIndex(passing)), 1);
  state.list = list;
  if (passing(message)) leave(message.id, NOTICE_MS + LETTER_MS * errorText(text).length + (action ? ACTION_MS : 0));
  return message.id;
}

type Explain = (error: unknown, id: number) => unknown;
let explain: Explain = () => undefined;

/** Says what is told of each error that is shown, with its message's id. */
export function setExplainer(explainer: Explain): void {
  explain = explainer;
}

/** Shows what went wrong. */
export function showError(error: unknown, action?: Message["action"]): number {
  const id = showMessage(messageOf(error), "error", action);
  explain(error, id);
  return id;
}

export function dismiss(id: number): void {
  state.list = state.list.filter((m) => m.id !== id);
}

/** Messages stay while `check` returns true (the visitor hovers or focuses them), until the returned function is called. */
export function attend(check: () => boolean): () => void {
  attended = check;
  return () => (attended = () => false);
}

/** Whether a message disappears by itself. */
const passing = ({ tone }: Message): boolean => tone === "info";

function leave(id: number, after: number): void {
  setTimeout(() => {
    if (attended()) leave(id, AGAIN_MS);
    else dismiss(id);
  }, after);
}
