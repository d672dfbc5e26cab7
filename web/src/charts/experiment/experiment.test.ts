import { describe, expect, it } from "vitest";
import type { RunReport } from "../../generated/protocol";
import { armDots, armLines, heatMap, mainReports, meanLine, sweepReports } from "./arms";
import { fieldPixels, idle, sketch } from "./planes";
import { path, place, scaleOf } from "./scale";

const report = (arm: string, seed: number, y: number[], value?: number): RunReport => ({
  spec: { arm, seed, stage: "main", seconds: 1 }, done: 1, curves: [{ name: "valError", x: y.map((_, i) => i), y }, { name: "trainError", x: [0], y: [1] }], values: value === undefined ? {} : { valError: value }, pictures: [],
});

describe("an axis", () => {
  it("has round ticks around all values", () => {
    expect(scaleOf([0.03, 0.47], { zero: true })).toEqual({ min: 0, max: 0.5, ticks: [0, 0.1, 0.2, 0.3, 0.4, 0.5] });
    expect(scaleOf([-3, 7])).toEqual({ min: -4, max: 8, ticks: [-4, -2, 0, 2, 4, 6, 8] });
  });

  it.each([[[]], [[0]], [[5, 5]], [[Number.NaN, Number.POSITIVE_INFINITY]], [[-2]]])("is finite for %j", (values) => {
    for (const zero of [true, false]) {
      const { min, max, ticks } = scaleOf(values, { zero });
      expect(Number.isFinite(min) && Number.isFinite(max) && max > min).toBe(true);
      expect(ticks.length).toBeGreaterThan(1);
    }
  });

  it("places values, and a path stops where one is missing", () => {
    expect(place({ min: 0, max: 4, ticks: [] }, 1, 100, 0)).toBe(75);
    expect(path([0, 1, 2, 3], [1, 2, Number.NaN, 4], (x) => x, (y) => y)).toBe("M0.0 1.0L1.0 2.0M3.0 4.0");
  });
});

describe("the arms of a figure", () => {
  it("have a line each, of the curve that is measured, with the mean of their seeds", () => {
    const lines = armLines([report("relu", 1, [0.4, 0.2]), report("relu", 2, [0.6, 0.4, 0.1]), report("tanh", 1, [0.9])], "valError", (name) => name);
    expect(lines.map(({ name, seeds }) => [name, seeds.length])).toEqual([["relu", 2], ["tanh", 1]]);
    // As far as all seeds have come.
    expect(lines[0]?.mean).toEqual({ xs: [0, 1], ys: [0.5, expect.closeTo(0.3)] });
  });

  it("have a line for each curve where there is one arm", () => {
    expect(armLines([report("all", 1, [1])], "valError", (name) => `${name}!`).map(({ label }) => label)).toEqual(["valError!", "trainError!"]);
    expect(meanLine([])).toEqual({ xs: [], ys: [] });
  });

  it("have a dot for each seed, and a mean of those that reached it", () => {
    expect(armDots([report("a", 1, [1], 0.2), report("a", 2, [1]), report("b", 1, [1])], "valError")).toEqual([{ name: "a", label: "a", values: [0.2, Number.NaN], mean: 0.2 }]);
  });

  it("are told from the runs that search their learning rates", () => {
    const main = report("relu", 1, [1]);
    const sweep: RunReport = { ...main, spec: { ...main.spec, stage: "sweep", learningRate: 0.01 } };
    expect(mainReports([sweep, main])).toEqual([main]);
    expect(sweepReports([sweep, main], (arm, rate) => `${arm} ${rate}`).map(({ spec }) => spec.arm)).toEqual(["relu 0.01"]);
  });

  it("make a map of rows and columns", () => {
    const { rows, columns, at } = heatMap(armDots([report("100/0", 1, [1], 0.5), report("100/0.5", 1, [1], 0.4), report("500/0", 1, [1], 0.3)], "valError"));
    expect([rows, columns]).toEqual([["100", "500"], ["0", "0.5"]]);
    expect(at("100", "0.5")?.mean).toBe(0.4);
    expect(at("500", "0.5")).toBeUndefined();
  });
});

describe("a small network", () => {
  it("is drawn with the units and edges that are left", () => {
    const { units, edges } = sketch([[true, false], [true, true]], 100, 50);
    expect(units).toHaveLength(7);
    expect(units.filter(({ kept }) => !kept)).toHaveLength(1);
    // 2·1 into the unit that is left, 1·2 from it, 2·1 to the output.
    expect(edges.filter(({ kept }) => kept)).toHaveLength(6);
    expect(edges).toHaveLength(10);
  });

  it("is named where it cannot compute", () => {
    expect(idle({ mask: [[false, false]], hasPath: false })).toBe("empty");
    expect(idle({ mask: [[true, true], [false, false]], hasPath: false })).toBe("path");
    expect(idle({ mask: [[true, false]], hasPath: true })).toBeNull();
  });

  it("is orange where class 0 is sure, blue where class 1 is", () => {
    const pixels = fieldPixels([0, 255]);
    expect((pixels[0] ?? 0) > (pixels[2] ?? 0)).toBe(true);
    expect((pixels[6] ?? 0) > (pixels[4] ?? 0)).toBe(true);
    expect([pixels[3], pixels[7]]).toEqual([255, 255]);
  });
});
