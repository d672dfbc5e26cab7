import { expect, it } from "vitest";
import { confusion, mistakes, scores } from "./judged";

const guess = (picture: string, label: number, index: number, probability: number) => ({ picture, label, top: [{ index, label: String(index), probability }] });
const judgement = { labels: ["cup", "pen"], step: 9, stages: [], judged: [guess("a", 0, 0, 0.9), guess("b", 0, 1, 0.6), guess("c", 1, 1, 0.8), guess("d", 0, 1, 0.7)] };

it("counts by class, by confusion, and puts the surest mistakes first", () => {
  expect(scores(judgement)).toEqual([{ label: "cup", right: 1, total: 3 }, { label: "pen", right: 1, total: 1 }]);
  expect(confusion(judgement)).toEqual([1, 2, 0, 1]);
  expect(mistakes(judgement).map(({ picture }) => picture)).toEqual(["d", "b"]);
});
