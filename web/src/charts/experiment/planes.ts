/** Decision fields of small networks, and the networks drawn as units and edges. */
import type { PlaneNetwork } from "../../generated/protocol";

type Rgb = readonly [number, number, number];
/** Class 0 orange, class 1 blue: told apart by everyone. White between them is a probability of 0.5. */
const ORANGE: Rgb = [230, 120, 30];
const WHITE: Rgb = [250, 250, 250];
const BLUE: Rgb = [52, 81, 209];

/** Probabilities of class 1, 0 to 255, as pixels. */
export function fieldPixels(field: readonly number[]): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(field.length * 4);
  field.forEach((value, i) => {
    const share = value / 127.5 - 1;
    const end = share < 0 ? ORANGE : BLUE;
    const mix = Math.abs(share);
    pixels.set([0, 1, 2].map((k) => (WHITE[k] as number) * (1 - mix) + (end[k] as number) * mix), i * 4);
    pixels[i * 4 + 3] = 255;
  });
  return pixels;
}

export interface Unit { x: number; y: number; kept: boolean; hidden: boolean }
export interface Edge { from: Unit; to: Unit; kept: boolean }

/** Units in columns from left to right: two inputs, the hidden layers, the output. */
export function sketch(mask: PlaneNetwork["mask"], width: number, height: number): { units: Unit[]; edges: Edge[] } {
  const layers: (readonly boolean[])[] = [[true, true], ...mask, [true]];
  const columns = layers.map((kept, column) =>
    kept.map((one, row): Unit => ({ x: ((column + 0.5) / layers.length) * width, y: ((row + 1) / (kept.length + 1)) * height, kept: one, hidden: column > 0 && column < layers.length - 1 })),
  );
  const edges = columns.slice(1).flatMap((column, i) => column.flatMap((to) => (columns[i] ?? []).map((from) => ({ from, to, kept: from.kept && to.kept }))));
  return { units: columns.flat(), edges };
}

/** Why a network computes the same for every point, if it does. */
export function idle({ mask, hasPath }: Pick<PlaneNetwork, "mask" | "hasPath">): "empty" | "path" | null {
  if (hasPath) return null;
  return mask.flat().some(Boolean) ? "path" : "empty";
}
