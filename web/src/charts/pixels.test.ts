import { afterEach, expect, it, vi } from "vitest";
import { drawTiles } from "./pixels";

afterEach(() => vi.unstubAllGlobals());

it("draws each tile into its cell, one canvas for all", () => {
  const put = vi.fn();
  const tile = { width: 0, height: 0, getContext: () => ({ putImageData: put }) };
  vi.stubGlobal("document", { createElement: () => tile });
  vi.stubGlobal("ImageData", class { constructor(readonly data: Uint8ClampedArray, readonly width: number, readonly height: number) {} });
  const context = { imageSmoothingEnabled: true, drawImage: vi.fn() };
  const grid = { columns: 2, rows: 2, cell: 10, gap: 1 };
  drawTiles(context as unknown as CanvasRenderingContext2D, grid, { count: 3, width: 2, height: 1 }, 9, (index) => new Uint8ClampedArray(8).fill(index));
  expect(context.imageSmoothingEnabled).toBe(false);
  expect(context.drawImage.mock.calls).toEqual([[tile, 0, 0, 9, 9], [tile, 10, 0, 9, 9], [tile, 0, 10, 9, 9]]);
  expect(put.mock.calls.map(([image]) => [image.data[0], image.width, image.height])).toEqual([[0, 2, 1], [1, 2, 1], [2, 2, 1]]);
});
