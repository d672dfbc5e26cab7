import { afterEach, describe, expect, it } from "vitest";
import { duration, fixed, list, loss, megabytes, milliseconds, percent, plain, probability, whole } from "./format";
import { setLanguage } from "./index.svelte";

afterEach(() => setLanguage("en"));

describe("in English", () => {
  it.each([[0, "0.0%"], [0.0004, "< 0.1%"], [0.023, "2.3%"], [0.81, "81%"], [0.9951, "99.5%"], [0.9999, "> 99.9%"], [1, "100.0%"]])("writes the probability %d", (value, text) => {
    expect(probability(value)).toBe(text);
  });

  it("writes sizes and durations with the digits that matter", () => {
    expect([3_300_000, 12_345_678, 10_738_000_000].map((bytes) => megabytes(bytes))).toEqual(["3.3 MB", "12 MB", "11 GB"]);
    expect([milliseconds(4.25), milliseconds(57.4), milliseconds(1234)]).toEqual(["4.3 ms", "57 ms", "1.2 sec"]);
    expect([0.2, 41, 150, 7800].map(duration)).toEqual(["1 sec", "41 sec", "3 min", "2 hr 10 min"]);
  });

  it("writes a loss with three places, or what it became", () => {
    expect([2.30259, 0.0123, NaN, Infinity].map(loss)).toEqual(["2.303", "0.0123", "not a number", "infinite"]);
    expect(loss(123_456)).toBe("1.2E5");
  });

  it("has a dash for a share that is not known", () => {
    expect(percent(NaN)).toBe("–");
  });
});

it("follows the language", async () => {
  await setLanguage("de");
  expect([whole(60_000), fixed(0.05, 2), plain(0.001), percent(0.125)]).toEqual(["60.000", "0,05", "0,001", "12,5\u00a0%"]);
  expect(list(["a", "b", "c"])).toBe("a, b und c");
  await setLanguage("zh");
  expect([whole(60_000), percent(0.125)]).toEqual(["60,000", "12.5%"]);
  expect(list(["甲", "乙"])).toBe("甲和乙");
});
