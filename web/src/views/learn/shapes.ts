/** Words and sums for the explorer of shapes; every number comes from the table of architectures. */
import type { LayerShape, NetworkShape, LayerRole } from "../../generated/protocol";
import { megabytes, whole } from "../../ui/format";

const ROLES: Record<LayerRole, string> = {
  convolution: "convolution",
  "batch-norm": "batch normalisation",
  "response-norm": "response normalisation",
  activation: "activation",
  "max-pooling": "max-pooling",
  "average-pooling": "average pooling",
  dropout: "dropout",
  "fully-connected": "fully connected",
};

export const roleText = (role: LayerRole): string => ROLES[role];

/** `96 × 55 × 55`; a layer of units has one number. */
export function sides([channels, height, width]: readonly [number, number, number]): string {
  return height === 1 && width === 1 ? whole(channels) : `${whole(channels)} × ${height} × ${width}`;
}

/** Bytes in the unit that leaves the fewest digits. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB` : megabytes(bytes);
}

/** Places of a kernel along a side, a whole number only where the last one ends at the edge. */
export function outputSize(side: number, kernel: number, stride: number, padding: number): number {
  return (side + 2 * padding - kernel) / stride + 1;
}

/** How {@link places} is computed, as one would write it down. */
export function outputSizeFormula(side: number, kernel: number, stride: number, padding: number): string {
  const zeros = padding > 0 ? ` + 2 × ${padding}` : "";
  return `(${side}${zeros} − ${kernel}) / ${stride} + 1 = ${Number(outputSize(side, kernel, stride, padding).toFixed(2))}`;
}

/** Sums over a network's layers, of one image. */
export function totals({ layers }: NetworkShape) {
  const sum = (of: (layer: LayerShape) => number, from = layers) => from.reduce((all, layer) => all + of(layer), 0);
  const connected = layers.filter(({ role }) => role === "fully-connected");
  const parameters = sum((layer) => layer.parameters);
  const multiplyAdds = sum((layer) => layer.multiplyAdds);
  return {
    parameters,
    multiplyAdds,
    outputBytes: sum((layer) => layer.outputBytes),
    parameterBytes: sum((layer) => layer.parameterBytes),
    sentBytes: sum((layer) => layer.sentBytes),
    /** Shares of the fully connected layers, 0 to 1. */
    connected: { parameters: sum((layer) => layer.parameters, connected) / parameters, multiplyAdds: sum((layer) => layer.multiplyAdds, connected) / multiplyAdds },
  };
}

const hasWeights = ({ role }: LayerShape): boolean => role === "convolution" || role === "fully-connected";

/** A layer with weights, one column of the sketch. */
export interface SketchColumn {
  name: string;
  /** Fully connected: its outputs have no places. */
  units: boolean;
  /** What leaves it: how many maps or units, and the side of a map. */
  channels: number;
  side: number;
  amount: string;
  /** A convolution's kernel; of units, what is done to them. */
  how: string;
}

/** The columns of a network's sketch. */
export function sketch({ layers }: NetworkShape): SketchColumn[] {
  const columns: SketchColumn[] = [];
  layers.forEach((layer, i) => {
    const { name, role, output: [channels, side], kernel, stride } = layer;
    const last = columns.at(-1);
    if (role === "max-pooling" && last) last.how += ", pooled";
    if (!hasWeights(layer)) return;
    const amount = whole(channels);
    if (role === "convolution") {
      columns.push({ name, units: false, channels, side, amount: `${amount} filters`, how: `${kernel} × ${kernel}${stride === 1 ? "" : `, step ${stride}`}` });
    } else {
      const how = i === layers.length - 1 ? "softmax" : layers[i - 1]?.role === "dropout" ? "dropout" : "";
      columns.push({ name, units: true, channels, side, amount: `${amount} units`, how });
    }
  });
  return columns;
}

/** A layer with weights of a network in two towers, one row of the drawing. */
export interface TowerRow {
  name: string;
  /** What each half gives. */
  output: string;
  reads: "picture" | "own" | "both";
  sentBytes: number;
  /** What happens to its outputs before the next row. */
  then: string;
  sentence: string;
}

/** The rows of a network in two towers. */
export function towerRows({ layers, inputSize }: NetworkShape): TowerRow[] {
  const rows: TowerRow[] = [];
  for (const layer of layers) {
    const last = rows.at(-1);
    if (!hasWeights(layer)) {
      if (last && layer.role !== "activation" && layer.role !== "dropout") last.then += `${last.then === "" ? "" : ", "}${layer.role === "max-pooling" ? "pool" : "normalise"}`;
      continue;
    }
    const [channels, height, width] = layer.output;
    const half = channels / 2;
    const unit = layer.role === "convolution" ? "filters" : layer.name === "fc8" ? "classes" : "units";
    const halves = Number.isInteger(half) ? `${whole(half)} ${unit} in each tower` : `${whole(channels)} ${unit}, shared by the towers`;
    const reads = rows.length === 0 ? "picture" : layer.reads === "both" ? "both" : "own";
    const [incoming] = layer.input;
    const seen = {
      picture: `both towers read the same picture of ${inputSize} × ${inputSize} pixels`,
      own: `each reads only its own tower's ${whole(incoming / 2)} maps and sees nothing of the other's`,
      both: `each reads the outputs of both towers, so each card sends the other its half: ${size(layer.sentBytes)} for an image`,
    }[reads];
    rows.push({ name: layer.name, output: sides([Number.isInteger(half) ? half : channels, height, width]), reads, sentBytes: layer.sentBytes, then: "", sentence: `${halves}; ${seen}.` });
  }
  return rows;
}
