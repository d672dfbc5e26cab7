import { afterEach, expect, it } from "vitest";
import { dismiss, messages, say, sayError, sentence } from "./messages.svelte";

afterEach(() => messages.list.map(({ id }) => dismiss(id)));

it.each([
  [new Error("the file is empty"), "The file is empty."],
  [new Error("Already whole."), "Already whole."],
  ["plain text", "Plain text."],
  [new Error(""), "Something went wrong and no reason was given."],
])("makes a sentence of %s", (error, expected) => {
  expect(sentence(error)).toBe(expected);
});

it("shows a sentence once, the latest last, and no more than three", () => {
  for (const text of ["One.", "Two.", "One.", "Three.", "Four."]) say(text);
  expect(messages.list.map(({ text }) => text)).toEqual(["One.", "Three.", "Four."]);
});

it("takes a message away", () => {
  const id = sayError(new Error("gone"));
  expect(messages.list.map(({ text, tone }) => [text, tone])).toEqual([["Gone.", "error"]]);
  dismiss(id);
  expect(messages.list).toEqual([]);
});
