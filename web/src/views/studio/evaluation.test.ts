import { expect, it } from "vitest";
import { confusion, mistakes, scores, testResult } from "./evaluation";

const guess = (picture: string, label: number, index: number, probability: number) => ({ picture, label, top: [{ index, label: String(index), probability }] });
const evaluation = { classes: ["cup", "pen"], step: 9, stages: [], predictions: [guess("a", 0, 0, 0.9), guess("b", 0, 1, 0.6), guess("c", 1, 1, 0.8), guess("d", 0, 1, 0.7)] };

it("counts by class, by confusion, and puts the surest mistakes first", () => {
  expect(scores(evaluation)).toEqual([{ id: "cup", correct: 1, total: 3 }, { id: "pen", correct: 1, total: 1 }]);
  expect(confusion(evaluation)).toEqual([1, 2, 0, 1]);
  expect(mistakes(evaluation).map(({ picture }) => picture)).toEqual(["d", "b"]);
});

it("is not sure where right and wrong part best, and never stricter than the test speaks for", () => {
  // Right at 0.9, 0.8; wrong at 0.7, 0.6.
  expect(testResult(evaluation)).toEqual({ images: 4, correct: 2, threshold: 0.8 });
  const all = (right: boolean, probability: number) => ({ ...evaluation, predictions: [guess("a", 0, right ? 0 : 1, probability)] });
  expect(testResult(all(true, 0.62))?.threshold).toBe(0.62);
  expect(testResult(all(true, 0.999))?.threshold).toBe(0.9);
  expect(testResult(all(false, 0.7))?.threshold).toBe(0.9);
  expect(testResult({ ...evaluation, predictions: [] })).toBeNull();
});
