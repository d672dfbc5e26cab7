/** What the Classify view shows; it lives as long as the page. */
import { lab } from "../../engine/page/api";
import type { Pixels } from "../../engine/shared/protocol";
import type { ModelInfo, Prediction, Views } from "../../generated/protocol";
import { wrongViewMessage } from "../../state/file-kind";
import { message, messageOf, MessageError, sentence, type Message } from "../../errors/message";
import { dismiss, showMessage, showError } from "../../state/messages.svelte";
import { modelState } from "../../state/model.svelte";

/** The answer for one photo. */
export interface Answer {
  /** Of the photo: its file's, or a sentence where it has none. */
  name: Message | string;
  /** Object URL of the photo. */
  url: string;
  top: Prediction[];
  /** It may show something that the model does not know. */
  unknown: boolean;
  milliseconds: number;
  crop: Pixels;
  /** The photo itself; a camera's live frame is not kept. */
  photo: Blob | null;
  /** The model's name at that time. */
  model: Message | string;
  /** The model in use at that time. */
  info: ModelInfo | null;
}

/** A row of the table of several photos. */
export interface Row {
  name: Message | string;
  url: string;
  answer: Answer | null;
  error: Message | string;
}

/** A photo that is to be classified. */
interface Photo { name: Message | string; blob: Blob }

interface State {
  answer: Answer | null;
  rows: Row[];
  /** Photos still waiting for their answer. */
  waiting: number;
  live: boolean;
  /** How many views of a photo an answer averages; the camera's live answer is from one. */
  views: Views;
  /** The list of what the network knows is open. */
  listOpen: boolean;
}

/** The message about the last photo that could not be classified. */
let problem = 0;

export const classify: State = $state({ answer: null, rows: [], waiting: 0, live: false, views: "one", listOpen: false });

/** Number of the latest photos: an answer that comes after them is for photos that were replaced. */
let turn = 0;

/** Classifies photos one after another: one gives an answer, several a table. */
export async function take(photos: readonly (File | Photo)[]): Promise<void> {
  const files = photos.map((photo): Photo => (photo instanceof File ? { name: photo.name, blob: photo } : photo));
  if (files.length === 0) {
    showMessage(message("classify.noPhoto"), "error");
    return;
  }
  const [only] = files;
  const mine = ++turn;
  classify.live = false;
  classify.waiting += files.length;
  try {
    await lab.models.ensure();
  } catch (error) {
    classify.waiting -= files.length;
    if (mine === turn) showError(error);
    return;
  }
  if (mine !== turn) classify.waiting -= files.length;
  else if (files.length === 1 && only) await takeOne(only, mine);
  else await takeAll(files, mine);
}

async function takeOne({ name, blob }: Photo, mine: number): Promise<void> {
  try {
    const answer = await ask(name, blob);
    if (mine !== turn) return URL.revokeObjectURL(answer.url);
    release();
    classify.rows = [];
    classify.answer = answer;
    // What was wrong with an earlier photo is settled.
    dismiss(problem);
  } catch (error) {
    if (mine === turn) problem = showMessage(message("classify.photoProblem", { name, problem: messageOf(error) }), "error");
  } finally {
    classify.waiting--;
  }
}

async function takeAll(files: Photo[], mine: number): Promise<void> {
  release();
  classify.answer = null;
  classify.rows = files.map(({ name, blob }) => ({ name, url: URL.createObjectURL(blob), answer: null, error: "" }));
  const rows = classify.rows;
  for (const [i, { name, blob }] of files.entries()) {
    if (mine !== turn) {
      classify.waiting -= files.length - i;
      return;
    }
    const row = rows[i];
    try {
      const answer = await ask(name, blob, row?.url);
      if (row) row.answer = answer;
    } catch (error) {
      if (row) row.error = messageOf(error);
    }
    classify.waiting--;
  }
}

async function ask(name: Message | string, blob: Blob, url?: string): Promise<Answer> {
  const wrongView = typeof name === "string" ? wrongViewMessage(name, "classify") : null;
  if (wrongView) throw new MessageError(wrongView);
  const { top, milliseconds, crop, unknown, cutOff } = await lab.classify(blob, { top: 5, views: classify.views });
  if (cutOff) showMessage(message("rust.noteCutOff", { path: typeof name === "string" ? name : sentence(name) }));
  return { name, url: url ?? URL.createObjectURL(blob), top, unknown, milliseconds, crop, photo: blob, ...asked() };
}

/** Asks about the photo that is shown once more, by so many views. */
export async function look(views: Views): Promise<void> {
  classify.views = views;
  const { answer } = classify;
  if (!answer?.photo) return;
  try {
    const again = await ask(answer.name, answer.photo, answer.url);
    if (classify.answer !== answer || classify.views !== views) return;
    const row = classify.rows.find((each) => each.answer === answer);
    if (row) row.answer = again;
    classify.answer = again;
  } catch (error) {
    showError(error);
  }
}

/** Which model it was. */
const asked = () => ({ model: modelState.name, info: modelState.info });

/** Gives the memory of photos back that are no longer shown. */
function release(): void {
  const urls = [classify.answer?.url, ...classify.rows.map(({ url }) => url)];
  for (const url of new Set(urls)) if (url) URL.revokeObjectURL(url);
}

/** A frame of the camera; its answer replaces the last one. */
export async function classifyFrame(frame: ImageData): Promise<void> {
  const mine = turn;
  await lab.models.ensure();
  const { top, milliseconds, crop, unknown } = await lab.engine.classifyPixels(frame, 5);
  if (!classify.live || mine !== turn) return;
  release();
  classify.rows = [];
  classify.answer = { name: message("classify.camera"), url: "", top, unknown, milliseconds, crop, photo: null, ...asked() };
}

/** The photos in a drop or a paste; files that claim to be no picture are left to the engine's evaluation. */
export function imagesFrom(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])];
}
