import { describe, expect, it } from "vitest";
import { heatPixels, occlusionMap, peak, positionOf, spread } from "./heat";
import { mapFacts, mapPixels, range } from "./maps";

describe("an occlusion map", () => {
  const grid = { size: 8, patch: 4, stride: 2, places: 3 };
  /** The picture's answer rests on one 2 × 2 cell: whoever covers it takes everything away. */
  const resting = (column: number, row: number) =>
    Float32Array.from({ length: 9 }, (_, place) => {
      const [left, top] = [place % 3, Math.floor(place / 3)];
      return left <= column && column < left + 2 && top <= row && row < top + 2 ? 0.1 : 0.9;
    });

  it.each([[0, 0], [3, 1], [2, 2]])("is strongest where covering costs most: cell %i, %i", (column, row) => {
    const heat = occlusionMap(grid, resting(column, row), 0.9);
    expect([heat.width, heat.height]).toEqual([4, 4]);
    expect(heat.values[row * 4 + column]).toBe(1);
    const middle = peak(heat);
    expect(Math.abs((middle?.x ?? 9) * 4 - (column + 0.5))).toBeLessThan(1.01);
    expect(Math.abs((middle?.y ?? 9) * 4 - (row + 0.5))).toBeLessThan(1.01);
  });
  it("is drawn from the places known so far", () => {
    const heat = occlusionMap(grid, resting(0, 0).slice(0, 2), 0.9);
    expect(heat.values[0]).toBe(1);
    expect([...heat.values.slice(8)]).toEqual(Array(8).fill(0));
  });
  it("is empty where covering only helps", () => {
    const heat = occlusionMap(grid, Array(9).fill(0.95), 0.9);
    expect(peak(heat)).toBeNull();
    expect(spread(heat)).toBe(0);
  });
});

describe("a place", () => {
  it("has a name", () => {
    expect(positionOf({ x: 0.5, y: 0.5 })).toBe("other");
    expect(positionOf({ x: 0.1, y: 0.5 })).toBe("left");
    expect(positionOf({ x: 0.5, y: 1 })).toBe("bottom");
    expect(positionOf({ x: 1, y: 0 })).toBe("topRight");
  });
});

describe("maps", () => {
  const maps = { count: 2, height: 1, width: 2, values: Float32Array.from([0, 4, 1, -1]) };
  it("are told in numbers", () => {
    expect(mapFacts(maps)).toEqual([{ index: 0, most: 4, mean: 2 }, { index: 1, most: 1, mean: 0 }]);
    expect(range(maps)).toEqual({ low: -1, high: 4 });
  });
  it("are black at the layer's smallest and white at its largest", () => {
    expect([...mapPixels(maps, 0, range(maps)).slice(4)]).toEqual([255, 255, 255, 255]);
    expect([...mapPixels(maps, 1, range(maps)).slice(4)]).toEqual([0, 0, 0, 255]);
  });
  it("that are all alike are no division by zero", () => {
    const flat = { count: 1, height: 1, width: 1, values: Float32Array.from([2]) };
    expect([...mapPixels(flat, 0, range(flat))]).toEqual([0, 0, 0, 255]);
  });
});

it("heat is opacity", () => {
  expect([...heatPixels({ width: 2, height: 1, values: Float32Array.from([0, 1]) }, [255, 106, 0], 200)]).toEqual([255, 106, 0, 0, 255, 106, 0, 200]);
});
