import { describe, expect, it } from "vitest";
import { EXPERIMENTS } from "../../../generated/experiments";
import type { Experiment } from "../../../generated/protocol";
import { experimentKey } from "../../../i18n/experiments";
import { lookUp } from "../../../i18n/index.svelte";
import { errorText } from "../../../errors/message";
import { NO_LEARN } from "../../../state/learn-url";
import { changedSettings, defaultSettings, jobOf, problemsOf, wholeSettings } from "./current";
import { curvesCsv, runsJson } from "./export";
import { curveName, figureText } from "./names";
import { experimentsOf, nextOf, PATHS } from "./paths";
import { entryKey, readEntries } from "./progress.svelte";

const sixteen = EXPERIMENTS.find(({ name }) => name === "sixteen") as Experiment;
const REPORT = { spec: { arm: "p=0.5", seed: 3, stage: "main", seconds: 1 }, done: 1, curves: [{ name: "valError", x: [1, 2], y: [0.5, Number.NaN] }], values: { valError: 0.25 }, pictures: [] } as const;

describe("the table of experiments", () => {
  it("has a text for everything that a visitor reads", () => {
    for (const { name, answers, published, settings, presets } of EXPERIMENTS) {
      const parts = [
        ["title"], ["claim"], ["question"], ["axis", "x"], ["axis", "y"], ["explanation"], ["difference"], ["next"],
        ...answers.map((one) => ["answer", one.name]), ...published.map((one) => ["published", one.name]), ...presets.map((one) => ["preset", one.name]),
        ...settings.flatMap((one) => [["setting", one.name], ...one.choices.map((choice) => ["setting", one.name, choice.name])]),
      ];
      const missing = parts.filter((keys) => lookUp("experiments", experimentKey(name, ...keys)) === undefined);
      expect(missing, name).toEqual([]);
    }
  });

  it("makes the keys that Rust makes", () => {
    expect(experimentKey("response-norm", "answer", "worse")).toBe("responseNormAnswerWorse");
    expect(experimentKey("sampling", "setting", "p", "0.5")).toBe("samplingSettingP05");
    expect(experimentKey("sixteen", "setting", "hidden", "2-2")).toBe("sixteenSettingHidden22");
  });
});

describe("the experiment of the address", () => {
  it("has the settings of the first preset, and those that were chosen", () => {
    expect(defaultSettings(sixteen)).toEqual({ hidden: "2-2", shape: "corner", p: "0.5" });
    expect(wholeSettings(sixteen, { hidden: "4", p: "7", other: "x" })).toEqual({ hidden: "4", shape: "corner", p: "0.5" });
    expect(changedSettings(sixteen, { hidden: "4", shape: "corner", p: "0.5" })).toEqual({ hidden: "4" });
    expect(jobOf(sixteen, { ...NO_LEARN, experiment: "sixteen", seeds: { first: 4, count: 2 } })).toEqual({ name: "sixteen", settings: defaultSettings(sixteen), seeds: [4, 5], images: "" });
  });

  it("says what does not exist", () => {
    const said = (experiment: string, settings: Record<string, string> = {}) => problemsOf([sixteen], { ...NO_LEARN, experiment, settings }).map(errorText);
    expect(said("")).toEqual([]);
    expect(said("sixteen", { p: "0.5" })).toEqual([]);
    expect(said("nothing")).toEqual(["The page's address asks for experiment “nothing”: use one of sixteen."]);
    expect(said("sixteen", { p: "2", q: "1" })).toEqual([
      "The page's address asks for set.p “2”: use one of 0.2, 0.5, 0.8.",
      "The page's address asks for set.q “1”: use one of set.hidden, set.shape, set.p.",
    ]);
  });
});

describe("paths", () => {
  it("lead through the experiments that are there, to the end", () => {
    const table = ["sixteen", "relu"].map((name) => ({ ...sixteen, name }));
    const [first, , whole] = PATHS;
    if (!first || !whole) throw new Error("paths");
    expect(experimentsOf(first, table)).toEqual(["relu", "sixteen"]);
    expect(nextOf(first, table, "relu")).toBe("sixteen");
    expect(nextOf(first, table, "sixteen")).toBeUndefined();
    expect(experimentsOf(whole, table)).toEqual(["sixteen", "relu"]);
  });
});

describe("progress", () => {
  it("is one entry for each choice of settings", () => {
    expect(entryKey("sixteen", {})).toBe("sixteen");
    expect(entryKey("sixteen", { p: "0.8", hidden: "4" })).toBe("sixteen hidden=4 p=0.8");
  });

  it("opens what is stored, and leaves out what has another shape", () => {
    expect(readEntries('{"relu":{"predicted":"six","measured":"two","value":2.5,"note":3,"seconds":12},"x":5}')).toEqual({ relu: { predicted: "six", measured: "two", value: 2.5, seconds: 12 } });
    for (const broken of ["", "[", "null", "7", null]) expect(readEntries(broken)).toEqual({});
  });
});

describe("files", () => {
  it("have a row for each point of a curve", () => {
    expect(curvesCsv([REPORT as never])).toBe("arm,seed,stage,learning_rate,curve,x,y\np=0.5,3,main,,valError,1,0.5\np=0.5,3,main,,valError,2,NaN\n");
  });

  it("hold runs, result and what was predicted", () => {
    const outcome = { value: 0.02, unit: "number", answer: "most", verdict: [{ code: "rust.verdictSixteenSame", params: {} }], values: {}, arms: [] };
    const found = JSON.parse(runsJson(sixteen, { name: "sixteen", settings: { p: "0.5" }, seeds: [3], images: "" }, "few", [REPORT as never], outcome as never)) as Record<string, unknown>;
    expect(found).toMatchObject({ experiment: "sixteen", settings: { p: "0.5" }, seeds: [3], predicted: "few", result: { value: 0.02, words: ["The geometric mean of all networks is the scaled network, to the last digit that is shown."] } });
    expect(found["runs"]).toMatchObject([{ arm: "p=0.5", seed: 3, values: { valError: 0.25 } }]);
    expect(found["published"]).toHaveLength(sixteen.published.length);
  });
});

it("writes figures with their units", () => {
  expect([figureText(0.375, "percent"), figureText(0.014, "points"), figureText(6, "times"), figureText(50, "count"), figureText(0.0215199, "number"), figureText(Number.NaN, "percent")])
    .toEqual(["37.5%", "1.4 points", "6 times", "50", "0.0215", "–"]);
  expect([curveName("valError"), curveName("somethingNew")]).toEqual(["validation error", "somethingNew"]);
});
