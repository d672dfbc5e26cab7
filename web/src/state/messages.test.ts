import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { errorText } from "../errors/message";
import { attend, dismiss, messages, showMessage, showError } from "./messages.svelte";

const shown = () => messages.list.map(({ text }) => text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  messages.list.map(({ id }) => dismiss(id));
  vi.useRealTimers();
});

it.each([
  [new Error("the file is empty"), "The file is empty."],
  [new Error("Already whole."), "Already whole."],
  ["plain text", "Plain text."],
  [new Error(""), "Something went wrong, and no reason was given."],
])("makes a sentence of %s", (error, expected) => {
  expect(errorText(error)).toBe(expected);
});

it("shows a sentence once, the latest last, and no more than three", () => {
  for (const text of ["One.", "Two.", "One.", "Three.", "Four."]) showMessage(text);
  expect(shown()).toEqual(["One.", "Three.", "Four."]);
});

it("makes room among what would leave by itself, an error only after that", () => {
  showError("Error.");
  for (const text of ["One.", "Two.", "Three."]) showMessage(text);
  expect(shown()).toEqual(["Error.", "Two.", "Three."]);
  for (const text of ["A.", "B.", "C."]) showError(text);
  expect(shown()).toEqual(["A.", "B.", "C."]);
});

it("keeps the button of a sentence that is said again", () => {
  const run = vi.fn();
  showError("The engine stopped.", { label: "Try again", run });
  showError("The engine stopped.");
  expect(messages.list.map(({ action }) => action?.label)).toEqual(["Try again"]);
});

it("takes a message away", () => {
  const id = showError(new Error("gone"));
  expect(messages.list.map(({ text, tone }) => [errorText(text), tone])).toEqual([["Gone.", "error"]]);
  dismiss(id);
  expect(messages.list).toEqual([]);
});

describe("a message that only informs", () => {
  const long = "x".repeat(300);
  /** 200 words of five letters a minute, and five seconds to notice it. */
  const reading = (text: string) => 5000 + (text.length / 6) * (60_000 / 200);

  it.each(["Short.", long])("leaves by itself, but not before it could be read", (text) => {
    showMessage(text);
    vi.advanceTimersByTime(reading(text));
    expect(shown()).toEqual([text]);
    vi.advanceTimersByTime(2 * reading(text));
    expect(shown()).toEqual([]);
  });

  it("stays for as long as somebody attends to it", () => {
    let attended = true;
    const end = attend(() => attended);
    showMessage("Short.");
    vi.advanceTimersByTime(600_000);
    expect(shown()).toEqual(["Short."]);
    attended = false;
    vi.advanceTimersByTime(reading("Short."));
    expect(shown()).toEqual([]);
    end();
  });

  it("said again has its time again", () => {
    showMessage("Short.");
    vi.advanceTimersByTime(reading("Short."));
    showMessage("Short.");
    vi.advanceTimersByTime(reading("Short."));
    expect(shown()).toEqual(["Short."]);
  });
});

it("lets errors stay until they are dismissed, and what offers something to do for longer than what only informs", () => {
  showError("It went wrong.");
  showMessage("It is done.");
  showMessage("It is gone.", "info", { label: "Undo", run: () => undefined });
  vi.advanceTimersByTime(20_000);
  expect(shown()).toEqual(["It went wrong.", "It is gone."]);
  vi.advanceTimersByTime(3_600_000);
  expect(shown()).toEqual(["It went wrong."]);
});
