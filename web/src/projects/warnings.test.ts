import { expect, it } from "vitest";
import { errorText } from "../errors/message";
import type { PictureInfo } from "./types";
import { warnings } from "./warnings";

const classes = [{ id: "a", name: "cup" }, { id: "b", name: "pen" }];
const pictures = (of: string, count: number, from = 0, val = (i: number) => i % 5 === 0): PictureInfo[] =>
  Array.from({ length: count }, (_, i) => ({ id: `p/${of}/${from + i}`, project: "p", class: of, hash: `h${from + i}`, name: `${i}.jpg`, bytes: 9, val: val(i), added: i }));
const texts = (list: PictureInfo[], of = classes) => warnings(of, list).map(({ text }) => errorText(text));

it("has nothing to say of a good project, nor of an empty one", () => {
  expect(texts([...pictures("a", 30), ...pictures("b", 30, 100)])).toEqual([]);
  expect(texts([])).toEqual([]);
});

it("names what hurts, and what stops the training", () => {
  const [one] = warnings(classes, pictures("a", 30));
  expect(one).toMatchObject({ stops: true, classes: ["a"] });
  expect(errorText(one?.text)).toMatch(/^Only “cup” has pictures/);
  expect(texts([...pictures("a", 30), ...pictures("b", 3, 100)])).toEqual([
    expect.stringMatching(/^“pen” has only 3 pictures/),
    expect.stringMatching(/^“cup” has 30 pictures and “pen” has 3/),
  ]);
  expect(texts([...pictures("a", 12), ...pictures("b", 12, 100, () => false)])).toEqual([expect.stringMatching(/^No picture of “pen” is a validation picture/)]);
  const untaught = warnings(classes, [...pictures("a", 12), ...pictures("b", 12, 100, () => true)]);
  expect(untaught).toMatchObject([{ stops: true, classes: ["b"] }]);
  const spare = [...classes, { id: "c", name: "key" }];
  expect(texts([...pictures("a", 12), ...pictures("b", 12, 100)], spare)).toEqual([expect.stringMatching(/^“key” has no pictures/)]);
});

it("finds the same picture in two classes", () => {
  const [warning] = warnings(classes, [...pictures("a", 20), ...pictures("b", 20, 19)]);
  expect(errorText(warning?.text)).toMatch(/^The same picture is in “cup” and “pen”/);
  expect(warning?.pictures?.map(({ class: of }) => of)).toEqual(["a", "b"]);
  expect(texts([...pictures("a", 20), ...pictures("b", 20, 15)])[0]).toMatch(/^5 pictures are each in more than one class \(“cup” and “pen”\)/);
});
