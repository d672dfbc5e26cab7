/** The networks that ship, as their list describes them. */
import { readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import type { Evaluation } from "../../generated/protocol";
import type { ShippedModel } from "./models";

const path = (file: string) => new URL(`../../../public/models/${file}`, import.meta.url);
const json = <T>(file: string): T => JSON.parse(readFileSync(path(file), "utf8")) as T;
const index = json<ShippedModel[]>("index.json");

it("lists files that are there, with their sizes", () => {
  expect(index[0]?.member).toBeFalsy();
  expect(new Set(index.map(({ file }) => file)).size).toBe(index.length);
  for (const { file, bytes } of index) expect([file, bytes]).toEqual([file, statSync(path(file)).size]);
});

it("says how often the shipped network is right", () => {
  const { images = 0, top1 = 0, top5 = 0 } = index[0]?.measured ?? {};
  expect(images).toBeGreaterThanOrEqual(1000);
  expect(top1).toBeGreaterThan(0);
  expect(top5).toBeGreaterThan(top1);
});

it("measured the networks that it lists, where it measured any", () => {
  const measured = json<Evaluation | null>("ensemble.json");
  // Null while none ship, so that the page asks for no file that is not there.
  if (!measured) return expect(index.some(({ member }) => member)).toBe(false);
  const { models = [], top1 } = measured;
  expect(models.map(({ model }) => model)).toEqual(index.filter(({ member }, i) => i === 0 || member).map(({ file }) => file));
  const [shipped, ...members] = models;
  expect(members.length).toBeGreaterThanOrEqual(3);
  // What an ensemble is for: equals gain by it. A larger network whose voice counts as one of four may lose a little.
  expect(top1).toBeGreaterThan((shipped?.top1 ?? 1) - 0.015);
  const small = json<Evaluation>("ensemble-small.json");
  expect(small.models).toEqual(members);
  for (const { top1, top5, width } of members) {
    expect([small.top1 > top1 + 0.01, small.top5 > top5 + 0.01, width < (shipped?.width ?? 0)]).toEqual([true, true, true]);
  }
});

it("names every class once, in words", () => {
  const classes = json<{ id: string; name: string }[]>("tiny-imagenet-200.json");
  expect(classes).toHaveLength(200);
  expect(new Set(classes.map(({ name }) => name.toLowerCase())).size).toBe(200);
  for (const { name } of classes) expect(name).toMatch(/^[A-Za-z][A-Za-z' ()-]+$/);
});
