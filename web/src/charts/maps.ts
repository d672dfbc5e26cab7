/** What leaves a layer: maps of `height × width`, one after another; a fully connected layer's units are maps of one pixel. */
export interface Maps {
  count: number;
  height: number;
  width: number;
  values: Float32Array;
}

/** A map in numbers. */
export interface MapFacts { index: number; most: number; mean: number }

export function mapFacts({ count, values }: Maps): MapFacts[] {
  const area = count > 0 ? values.length / count : 0;
  return Array.from({ length: count }, (_, index) => {
    let [most, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let i = index * area; i < (index + 1) * area; i++) {
      most = Math.max(most, values[i] ?? 0);
      sum += values[i] ?? 0;
    }
    return { index, most, mean: area > 0 ? sum / area : 0 };
  });
}

/** The smallest and the largest value of all maps. */
export function range({ values }: Maps): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return values.length > 0 ? { low, high } : { low: 0, high: 0 };
}

/** One map in grey: black is the smallest value of the layer (nothing, behind a ReLU), white its largest. */
export function mapPixels({ height, width, values }: Maps, index: number, { low, high }: { low: number; high: number }): Uint8ClampedArray<ArrayBuffer> {
  const area = height * width;
  const pixels = new Uint8ClampedArray(area * 4);
  for (let i = 0; i < area; i++) {
    const level = (255 * ((values[index * area + i] ?? 0) - low)) / (high - low || 1);
    // The square root lifts what is weak out of the dark.
    const grey = 255 * Math.sqrt(Math.max(0, level) / 255);
    pixels.set([grey, grey, grey, 255], i * 4);
  }
  return pixels;
}

/** Side in CSS pixels of a map's cell, gap included, so that a layer's maps stay between a thumbnail and a wall. */
export function cellSide({ count, height }: Maps, width: number): number {
  if (height === 1) return count > 1500 ? 6 : 12;
  const wished = count <= 32 ? 72 : count <= 96 ? 52 : 40;
  return Math.max(12, Math.min(wished, width));
}
