import { expect, it } from "vitest";
import { confusion, mistakes, scores, tested } from "./evaluation";

const guess = (picture: string, label: number, index: number, probability: number) => ({ picture, label, top: [{ index, label: String(index), probability }] });
const judgement = { classes: ["cup", "pen"], step: 9, stages: [], judged: [guess("a", 0, 0, 0.9), guess("b", 0, 1, 0.6), guess("c", 1, 1, 0.8), guess("d", 0, 1, 0.7)] };

it("counts by class, by confusion, and puts the surest mistakes first", () => {
  expect(scores(judgement)).toEqual([{ id: "cup", right: 1, total: 3 }, { id: "pen", right: 1, total: 1 }]);
  expect(confusion(judgement)).toEqual([1, 2, 0, 1]);
  expect(mistakes(judgement).map(({ picture }) => picture)).toEqual(["d", "b"]);
});

it("is not sure where right and wrong part best, and never stricter than the test speaks for", () => {
  // Right at 0.9, 0.8; wrong at 0.7, 0.6.
  expect(tested(judgement)).toEqual({ images: 4, right: 2, doubt: 0.8 });
  const all = (right: boolean, probability: number) => ({ ...judgement, judged: [guess("a", 0, right ? 0 : 1, probability)] });
  expect(tested(all(true, 0.62))?.doubt).toBe(0.62);
  expect(tested(all(true, 0.999))?.doubt).toBe(0.9);
  expect(tested(all(false, 0.7))?.doubt).toBe(0.9);
  expect(tested({ ...judgement, judged: [] })).toBeNull();
});
