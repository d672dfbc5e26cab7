import { afterEach, expect, it } from "vitest";
import { duration, list, loss, megabytes, milliseconds, probability } from "./format";
import { setLanguage } from "./index.svelte";

afterEach(() => setLanguage("en"));

it.each([[0, "0.0%"], [0.0004, "< 0.1%"], [0.023, "2.3%"], [0.81, "81%"], [0.9951, "99.5%"], [0.9999, "> 99.9%"], [1, "100.0%"]])("writes the probability %d", (value, text) => {
  expect(probability(value)).toBe(text);
});

it("writes sizes and durations with the digits that matter", () => {
  expect([megabytes(3_300_000), megabytes(12_345_678)]).toEqual(["3.3 MB", "12 MB"]);
  expect([milliseconds(4.25), milliseconds(57.4), milliseconds(1234)]).toEqual(["4.3 ms", "57 ms", "1.2 sec"]);
});

it("writes how long something still takes", () => {
  expect([0.2, 41, 130, 7500].map(duration)).toEqual(["1 sec", "41 sec", "2 min", "2 hr 5 min"]);
});

it("writes numbers as the language does", async () => {
  await setLanguage("de");
  expect([probability(0.023), megabytes(3_300_000), loss(0.5), list(["a", "b", "c"])]).toEqual(["2,3\u00a0%", "3,3 MB", "0,500", "a, b und c"]);
  await setLanguage("zh");
  expect([probability(0.023), list(["甲", "乙"])]).toEqual(["2.3%", "甲和乙"]);
});
