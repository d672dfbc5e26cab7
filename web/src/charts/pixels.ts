import { placeOf, type Grid } from "./grid";

type Rgba = Uint8ClampedArray<ArrayBuffer>;

/** Draws pixels, a square of them where no height is given, on a canvas of just their size. */
export function putPixels(canvas: HTMLCanvasElement, pixels: Rgba, width: number, height = width): HTMLCanvasElement {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}

/** Draws small pictures of one size into the cells of a grid, `side` CSS pixels wide and high, each of their pixels enlarged. */
export function drawTiles(context: CanvasRenderingContext2D, grid: Grid, { count, width, height }: { count: number; width: number; height: number }, side: number, pixels: (index: number) => Rgba): void {
  context.imageSmoothingEnabled = false;
  const tile = document.createElement("canvas");
  for (let i = 0; i < count; i++) context.drawImage(putPixels(tile, pixels(i), width, height), ...placeOf(grid, i), side, side);
}
