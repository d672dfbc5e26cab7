import { expect, it } from "vitest";
import { examples, matching } from "./knowledge";

it("names well-known classes where the network has them, else the first", () => {
  const ids = ["n07873807", "n12267677", "n01443537", "n04146614"];
  expect(examples(ids, ["pizza", "acorn", "goldfish", "school bus"])).toEqual(["goldfish", "school bus", "pizza"]);
  expect(examples(["cup", "pen"], ["cup", "pen"])).toEqual(["cup", "pen"]);
});

it("finds names by any part, in the language on show and in English", () => {
  const names = ["Zitrone", "Goldfisch", "Fass"];
  const labels = ["lemon", "goldfish", "barrel"];
  expect(matching(names, labels, "")).toEqual([2, 1, 0]);
  expect(matching(names, labels, " FISCH ")).toEqual([1]);
  expect(matching(names, labels, "lemon")).toEqual([0]);
  expect(matching(names, labels, "selfie")).toEqual([]);
});
