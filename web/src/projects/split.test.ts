import { expect, it } from "vitest";
import { hashFraction, assignSplit, validationFrames, VAL_SHARE } from "./split";

const hashes = (count: number, salt = 1) => Array.from({ length: count }, (_, i) => (Math.imul(i + salt, 2654435761) >>> 0).toString(16).padStart(8, "0").padEnd(64, "a"));
const none = { pictures: 0, val: 0 };

it("sets about a fifth apart, by content alone", () => {
  const all = hashes(2000);
  const split = assignSplit(all, none);
  const share = split.filter(Boolean).length / all.length;
  expect(share).toBeGreaterThan(VAL_SHARE - 0.03);
  expect(share).toBeLessThan(VAL_SHARE + 0.03);
  // Asked in another order and in another company, each gets the same answer.
  const alone = new Map(all.map((hash, i) => [hash, split[i]]));
  const others = assignSplit([...all].reverse().slice(0, 700), { pictures: 900, val: 180 });
  [...all].reverse().slice(0, 700).forEach((hash, i) => expect(others[i]).toBe(alone.get(hash)));
});

it("gives a class of four a picture to be tested on, and keeps some to learn from", () => {
  const high = hashes(200).filter((hash) => hashFraction(hash) >= VAL_SHARE);
  const low = hashes(200).filter((hash) => hashFraction(hash) < VAL_SHARE);
  expect(assignSplit(high.slice(0, 3), none)).toEqual([false, false, false]);
  const four = assignSplit(high.slice(0, 4), none);
  expect(four.filter(Boolean)).toHaveLength(1);
  expect(high[four.indexOf(true)]).toBe([...high.slice(0, 4)].sort()[0]);
  // The fourth of a class that came one by one.
  expect(assignSplit(high.slice(3, 4), { pictures: 3, val: 0 })).toEqual([true]);
  expect(assignSplit(high.slice(4, 5), { pictures: 4, val: 1 })).toEqual([false]);
  expect(assignSplit(low.slice(0, 3), none).filter(Boolean)).toHaveLength(2);
});

it("sets the end of a series apart, and one picture at least of a class that had none", () => {
  expect(validationFrames(50, { pictures: 50, val: 0 })).toBe(10);
  expect(validationFrames(2, { pictures: 30, val: 6 })).toBe(0);
  expect(validationFrames(2, { pictures: 4, val: 0 })).toBe(1);
  expect(validationFrames(3, { pictures: 3, val: 0 })).toBe(1);
  expect(validationFrames(0, { pictures: 9, val: 1 })).toBe(0);
});
