import { describe, expect, it } from "vitest";
import { cell, cellText, topConfusions } from "./confusion";
import { decimate, valueAt } from "./decimate";
import { filterPixels, filterStrengths } from "./filter";
import { cellAt, layGrid, placeOf } from "./grid";
import { describeLine, drawnLines, logTicks, type Line } from "./lines";
import { keptFraction, unitShares } from "./mask";
import { smooth } from "./smoothing";

const line = (ys: number[], more: Partial<Line> = {}): Line => ({
  id: "a", name: "this run", part: "training", tone: 0, smoothed: true, xs: ys.map((_, i) => i + 1), ys, ...more,
});

describe("smoothing", () => {
  it("is TensorBoard's de-biased average", () => {
    // Weight 0.6: 1, then (0.4·0.6·1 + 0.4·3) / (1 − 0.6²).
    expect(smooth([1, 3], 0.6)).toEqual([1, expect.closeTo((0.24 * 1 + 0.4 * 3) / 0.64, 12)]);
  });
  it("leaves a constant and a weight of 0 alone", () => {
    for (const y of smooth([5, 5, 5, 5], 0.97)) expect(y).toBeCloseTo(5, 10);
    expect(smooth([1, 9, 2], 0)).toEqual([1, 9, 2]);
  });
  it("goes on where it was when the series has grown", () => {
    const values = [4, 1, 3];
    smooth(values, 0.8);
    values.push(9, 2);
    expect(smooth(values, 0.8)).toEqual(smooth([4, 1, 3, 9, 2], 0.8));
    expect(smooth(values, 0.3)).toEqual(smooth([4, 1, 3, 9, 2], 0.3));
  });
  it("carries on past a value that is not a number", () => {
    const [, broken, after] = smooth([2, NaN, 2], 0.5);
    expect(broken).toBeNaN();
    expect(after).toBeCloseTo(2, 12);
  });
});

describe("decimation", () => {
  const n = 50_000;
  const xs = Array.from({ length: n }, (_, i) => i + 1);
  const ys = xs.map((x) => Math.sin(x / 900) + (x === 31_337 ? 40 : 0));

  it("keeps few points, their order, both ends and every spike", () => {
    const thin = decimate({ xs, ys }, 1000);
    expect(thin.xs.length).toBeLessThanOrEqual(1002);
    expect(thin.xs.length).toBeGreaterThan(400);
    expect([thin.xs[0], thin.xs.at(-1)]).toEqual([1, n]);
    expect(thin.xs).toContain(31_337);
    expect(thin.xs.every((x, i) => i === 0 || x > (thin.xs[i - 1] as number))).toBe(true);
  });
  it("does not move older points when a line grows", () => {
    const grown = decimate({ xs, ys }, 1000).xs;
    const before = decimate({ xs: xs.slice(0, -200), ys: ys.slice(0, -200) }, 1000).xs.slice(0, -4);
    expect(grown.slice(0, before.length)).toEqual(before);
  });
  it("leaves short lines whole and drops what cannot be drawn", () => {
    expect(decimate({ xs: [1, 2, 3], ys: [1, NaN, 3] }, 100)).toEqual({ xs: [1, 3], ys: [1, 3] });
  });
  it("finds the nearest point", () => {
    const points = { xs: [1, 10, 20], ys: [5, 6, 7] };
    expect([-3, 4, 7, 16, 99].map((x) => valueAt(points, x))).toEqual([5, 5, 6, 7, 7]);
    expect(valueAt({ xs: [], ys: [] }, 1)).toBeUndefined();
  });
});

describe("lines", () => {
  it("draws the raw values below the smoothed ones, but not for earlier runs or exact curves", () => {
    const raw = drawnLines([line([1, 2, 3]), line([1, 2, 3], { id: "b", tone: 2 }), line([1, 2], { id: "c", smoothed: false })], 0.6, false, 500);
    expect(raw.map((d) => [d.line.id, d.raw])).toEqual([["a", true], ["a", false], ["b", false], ["c", false]]);
  });
  it("leaves out what a log axis cannot show", () => {
    expect(drawnLines([line([1, 0, 0.1])], 0, true, 500)[0]?.points).toEqual({ xs: [1, 3], ys: [1, 0.1] });
  });
  it("puts ticks at 1, 2, 5 and thins them over many decades", () => {
    expect(logTicks(0.4, 4)).toEqual([0.4, 0.5, 0.7, 1, 1.5, 2, 3, 4]);
    expect(logTicks(0.03, 4)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2]);
    expect(logTicks(1e-6, 10)).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10]);
    expect(logTicks(0, 10)).toEqual([]);
  });
  it("says a line in words", () => {
    expect(describeLine(line([3, 1, 2]), (y) => y.toFixed(0), "lower")).toBe("this run, training: from 3 at step 1 to 2 at step 3, best 1.");
  });
});

describe("masks", () => {
  const mask = { batch: 2, units: 3, values: Uint8Array.from([1, 0, 1, 1, 0, 0]) };
  it("counts what was kept", () => expect(keptFraction(mask)).toBe(0.5));
  it("gives one image or the batch's average", () => {
    expect([...unitShares(mask, 1)]).toEqual([1, 0, 0]);
    expect([...unitShares(mask, 9)]).toEqual([1, 0, 0]);
    expect([...unitShares(mask, "average")]).toEqual([1, 0, 0.5]);
  });
});

describe("grid", () => {
  it("holds every cell within the width", () => {
    for (const [count, width] of [[576, 300], [256, 320], [9216, 340], [4096, 280], [7, 500], [1, 50]] as const) {
      const grid = layGrid(count, width, 3.2);
      expect(grid.columns * grid.cell).toBeLessThanOrEqual(width);
      expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
    }
  });
  it("finds the cell below a point", () => {
    const grid = { columns: 4, rows: 2, cell: 10, gap: 1 };
    expect(cellAt(grid, 7, 15, 12)).toBe(5);
    expect(placeOf(grid, 5)).toEqual([10, 10]);
    expect(cellAt(grid, 7, 39, 19)).toBeUndefined();
    expect(cellAt(grid, 7, 41, 1)).toBeUndefined();
  });
});

describe("filters", () => {
  // Two filters of 3 × 1 × 1.
  const filters = { count: 2, channels: 3, height: 1, width: 1, values: Float32Array.from([0.5, 0, -0.5, 0, 0, 0.01]) };
  it("normalises each by its own largest weight", () => {
    const [strong, weak] = filterStrengths(filters);
    expect(strong).toBeCloseTo(0.5);
    expect(weak).toBeCloseTo(0.01);
    expect([...filterPixels(filters, 0, 0.5)]).toEqual([255, 128, 0, 255]);
    expect(filterPixels(filters, 1, weak as number)[2]).toBe(255);
  });
  it("draws a filter of zeros grey", () => {
    const zero = { ...filters, count: 1, values: new Float32Array(3) };
    expect([...filterPixels(zero, 0, 0)]).toEqual([128, 128, 128, 255]);
  });
});

describe("confusion", () => {
  const confusion = { labels: ["bag", "boot", "coat"], counts: [8, 2, 0, 1, 9, 0, 3, 0, 2] };
  it("says a cell", () => {
    expect(cellText(confusion, cell(confusion, 2, 0))).toBe("coat mistaken for bag: 3 of 5 images (60%).");
    expect(cellText(confusion, cell(confusion, 1, 1))).toBe("boot recognised correctly: 9 of 10 images (90%).");
  });
  it("lists the worst by share of their class", () => {
    expect(topConfusions(confusion, 2).map(({ actual, predicted }) => [actual, predicted])).toEqual([[2, 0], [0, 1]]);
  });
});
