import { expect, it } from "vitest";
import { megabytes, milliseconds, percent, timeLeft } from "./format";

it.each([[0, "0.0 %"], [0.0004, "< 0.1 %"], [0.023, "2.3 %"], [0.81, "81 %"], [0.9951, "99.5 %"], [0.9999, "> 99.9 %"], [1, "100.0 %"]])("writes the probability %d", (value, text) => {
  expect(percent(value)).toBe(text);
});

it("writes sizes and durations with the digits that matter", () => {
  expect([megabytes(3_300_000), megabytes(12_345_678)]).toEqual(["3.3 MB", "12 MB"]);
  expect([milliseconds(4.25), milliseconds(57.4), milliseconds(1234)]).toEqual(["4.3 ms", "57 ms", "1.2 s"]);
});

it("says how long something still takes", () => {
  expect([0.2, 41, 90, 3900].map(timeLeft)).toEqual(["1 s left", "41 s left", "2 min left", "1 h 5 min left"]);
});
