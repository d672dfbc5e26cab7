import { expect, it } from "vitest";
import { fileName, folderName, classifyPaths } from "./names";

it.each([
  [["cat/1.jpg", "dog/2.png"], [["cat", null], ["dog", null]]],
  [["things/cat/1.jpg", "things/dog/2.png"], [["cat", null], ["dog", null]]],
  [["set/train/cat/1.jpg", "set/val/cat/2.jpg", "set/train/dog/3.jpg"], [["cat", false], ["cat", true], ["dog", false]]],
  [["train/cat/1.jpg", "test/cat/2.jpg"], [["cat", false], ["cat", true]]],
  // Half of a data set says nothing of what to test on.
  [["train/cat/1.jpg", "train/dog/2.jpg"], [["cat", null], ["dog", null]]],
  [["set/val/cat/1.jpg", "set/val/dog/2.jpg"], [["cat", null], ["dog", null]]],
  // One folder of pictures is a class.
  [["holiday/1.jpg", "holiday/2.jpg"], [["holiday", null], ["holiday", null]]],
  [["1.jpg", "2.jpg"], [[null, null], [null, null]]],
  [["cat/1.jpg", "__MACOSX/cat/._1.jpg", "cat/notes.txt", ".hidden/2.jpg", "../cat/3.jpg"], [["cat", null], null, null, null, null]],
  [["a\\cat\\1.jpg", "a\\dog\\2.jpg"], [["cat", null], ["dog", null]]],
] as const)("places %j", (paths, expected) => {
  expect(classifyPaths(paths)).toEqual(expected.map((place) => place && { class: place[0], val: place[1] }));
});

it("takes an exported project at its word", () => {
  expect(classifyPaths(["train/cat/1.jpg", "train/dog/2.jpg"], true)).toEqual([{ class: "cat", val: false }, { class: "dog", val: false }]);
});

it("makes folders that every file system takes, no two alike", () => {
  const taken = new Set<string>();
  const names = ["cup", "CUP", "a/b", "..", "train", "con", "", "x. ", "日本"];
  const folders = names.map((name) => {
    const folder = folderName(name, taken);
    taken.add(folder);
    return folder;
  });
  expect(folders).toEqual(["cup", "CUP 2", "a_b", "_", "train_", "con_", "class", "x", "日本"]);
});

it("keeps a project's name in its file's", () => {
  expect(["Obst & Gemüse", "मेरी तस्वीरें", "a/b:c"].map(fileName)).toEqual(["Obst & Gemüse", "मेरी तस्वीरें", "a_b_c"]);
});
