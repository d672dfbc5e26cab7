/** A map over a picture, row by row, 0 (none) to 1 (most). */
export interface HeatMapData {
  height: number;
  width: number;
  values: Float32Array;
}

/** Where a grey square covers a picture, as the engine says: pixels, and places across and down. */
export interface Grid { size: number; patch: number; stride: number; places: number }

/**
 * Occlusion map from the class's probability with the square at each place, as many places as are known, and with
 * nothing covered: for each cell of a stride's side, the mean loss of probability over the squares that covered it,
 * the largest being 1. Where covering raises the probability the map is 0.
 */
export function occlusionMap({ size, patch, stride, places }: Grid, probabilities: ArrayLike<number>, uncovered: number): HeatMapData {
  const side = Math.ceil(size / stride);
  const sums = new Float64Array(side * side);
  const counts = new Uint32Array(side * side);
  for (let place = 0; place < probabilities.length; place++) {
    const [left, top] = [(place % places) * stride, Math.floor(place / places) * stride];
    const drop = uncovered - (probabilities[place] ?? uncovered);
    for (let y = Math.floor(top / stride); y * stride < top + patch && y < side; y++) {
      for (let x = Math.floor(left / stride); x * stride < left + patch && x < side; x++) {
        sums[y * side + x] = (sums[y * side + x] ?? 0) + drop;
        counts[y * side + x] = (counts[y * side + x] ?? 0) + 1;
      }
    }
  }
  const values = Float32Array.from(sums, (sum, i) => Math.max(0, sum / Math.max(1, counts[i] ?? 0)));
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  if (most > 0) values.forEach((value, i) => (values[i] = value / most));
  return { height: side, width: side, values };
}

/** The middle of the strongest cells (0.9 and more), as shares of the sides; null where nothing is above 0. */
export function peak({ height, width, values }: HeatMapData): { x: number; y: number } | null {
  let [weight, x, y] = [0, 0, 0];
  values.forEach((value, i) => {
    if (value < 0.9) return;
    weight += value;
    x += value * ((i % width) + 0.5);
    y += value * (Math.floor(i / width) + 0.5);
  });
  return weight > 0 ? { x: x / weight / width, y: y / weight / height } : null;
}

/** Ninths of a picture, row by row; `other` is the middle, as the catalogue's `chartHeat` has it. */
const POSITIONS = ["topLeft", "top", "topRight", "left", "other", "right", "bottomLeft", "bottom", "bottomRight"] as const;
export type Position = (typeof POSITIONS)[number];

/** Which ninth of a picture a point is in. */
export function positionOf({ x, y }: { x: number; y: number }): Position {
  const third = (share: number) => Math.min(2, Math.floor(share * 3));
  return POSITIONS[3 * third(y) + third(x)] ?? "other";
}

/** Share of the picture whose value is at least half of the largest. */
export function spread({ values }: HeatMapData): number {
  return values.length === 0 ? 0 : values.filter((value) => value >= 0.5).length / values.length;
}

/** The map as pixels of one colour, its strength as opacity. */
export function heatPixels({ values }: HeatMapData, [red, green, blue]: readonly [number, number, number], most = 215): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4);
  values.forEach((value, i) => pixels.set([red, green, blue, value * most], i * 4));
  return pixels;
}
