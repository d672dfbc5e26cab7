/** Words and sums for the explorer of shapes; every number comes from the table of architectures. */
import type { LayerShape, NetworkShape, Role } from "../../generated/protocol";
import { megabytes, whole } from "../../ui/format";

const ROLES: Record<Role, string> = {
  convolution: "convolution",
  "batch-norm": "batch normalisation",
  "response-norm": "response normalisation",
  activation: "activation",
  "max-pooling": "max-pooling",
  "average-pooling": "average pooling",
  dropout: "dropout",
  "fully-connected": "fully connected",
};

export const roleWords = (role: Role): string => ROLES[role];

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
export function places(side: number, kernel: number, stride: number, padding: number): number {
  return (side + 2 * padding - kernel) / stride + 1;
}

/** How {@link places} is computed, as one would write it down. */
export function placesSum(side: number, kernel: number, stride: number, padding: number): string {
  const zeros = padding > 0 ? ` + 2 × ${padding}` : "";
  return `(${side}${zeros} − ${kernel}) / ${stride} + 1 = ${Number(places(side, kernel, stride, padding).toFixed(2))}`;
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
    const weighty = layer.role === "convolution" || layer.role === "fully-connected";
    const last = rows.at(-1);
    if (!weighty) {
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
