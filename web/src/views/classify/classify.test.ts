import { beforeEach, expect, test, vi } from "vitest";
import { dismiss, messages } from "../../state/messages.svelte";
import { classify, classifyFrame, take } from "./classify.svelte";

/** Answers by the photo's text, as the test lets them come. */
const answers = vi.hoisted(() => new Map<string, { resolve(label: string): void; reject(error: Error): void }>());

vi.mock("../../engine/page/api", () => {
  const answer = (label: string) => ({ top: [{ index: 0, label, probability: 1 }], milliseconds: 1, crop: { size: 1, rgba: new Uint8Array(4) }, unknown: false, energy: 0 });
  const ask = (key: string) => new Promise((resolve, reject) => answers.set(key, { resolve: (label) => resolve(answer(label)), reject }));
  return { lab: { models: { ensure: async () => undefined }, classify: async (photo: Blob) => ask(await photo.text()), engine: { classifyPixels: () => ask("frame") } } };
});

const photo = (text: string) => new File([text], `${text}.jpg`);
const asked = (key: string) => vi.waitFor(() => expect(answers.has(key)).toBe(true));
const shown = () => classify.answer?.top[0]?.label;

beforeEach(() => {
  answers.clear();
  Object.assign(classify, { answer: null, rows: [], waiting: 0, live: false });
  for (const { id } of messages.list) dismiss(id);
});

test("the answer for an earlier photo does not replace the one for a newer photo", async () => {
  const first = take([photo("large")]);
  await asked("large");
  const second = take([photo("small")]);
  await asked("small");
  answers.get("small")?.resolve("newer");
  await second;
  answers.get("large")?.resolve("older");
  await first;
  expect([shown(), classify.waiting]).toEqual(["newer", 0]);
});

test("an earlier photo that turns out to be none says nothing over the newer one's answer", async () => {
  const first = take([photo("broken")]);
  await asked("broken");
  const second = take([photo("good")]);
  await asked("good");
  answers.get("good")?.resolve("newer");
  await second;
  answers.get("broken")?.reject(new Error("This is not a picture."));
  await first;
  expect([shown(), messages.list]).toEqual(["newer", []]);
});

test("a table that was replaced by a photo asks for no more answers", async () => {
  const table = take([photo("one"), photo("two"), photo("three")]);
  await asked("one");
  const single = take([photo("single")]);
  await asked("single");
  answers.get("one")?.resolve("one");
  answers.get("single")?.resolve("single");
  await Promise.all([table, single]);
  expect([shown(), classify.rows, classify.waiting, answers.has("two")]).toEqual(["single", [], 0, false]);
});

test("a photo ends the camera's live answers, and a frame in flight does not replace its answer", async () => {
  classify.live = true;
  const frame = classifyFrame({} as ImageData);
  await asked("frame");
  const taken = take([photo("photo")]);
  await asked("photo");
  answers.get("photo")?.resolve("photo");
  await taken;
  answers.get("frame")?.resolve("frame");
  await frame;
  expect([shown(), classify.live]).toEqual(["photo", false]);
});
