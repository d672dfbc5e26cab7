/** Texts and sums for the tables and drawings of layers. Every number comes from the core's description of a network. */
import type { LayerShape, NetworkShape, LayerRole } from "../../generated/protocol";
import { fixed, megabytes, plain, whole } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";

const ROLES = {
  convolution: "convolution",
  "batch-norm": "batchNorm",
  "response-norm": "responseNorm",
  activation: "activation",
  "max-pooling": "maxPooling",
  "average-pooling": "averagePooling",
  dropout: "dropout",
  "fully-connected": "other",
} as const satisfies Record<LayerRole, string>;

/** What a layer is, for screen readers. */
export const roleText = (role: LayerRole): string => t.learn.role({ role: ROLES[role] });

/** `96 × 55 × 55`; a layer of units has one number. */
export function sides([channels, height, width]: readonly [number, number, number]): string {
  return height === 1 && width === 1 ? whole(channels) : `${whole(channels)} × ${height} × ${width}`;
}

/** Bytes in the unit that leaves the fewest digits. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${fixed(bytes / 1e3, bytes < 1e4 ? 1 : 0)} kB` : megabytes(bytes);
}

/** Positions of a kernel along a side, a whole number only where the last one ends at the edge. */
export function outputSize(side: number, kernel: number, stride: number, padding: number): number {
  return (side + 2 * padding - kernel) / stride + 1;
}

/** How {@link outputSize} is computed, as one would write it down. */
export function outputSizeFormula(side: number, kernel: number, stride: number, padding: number): string {
  const zeros = padding > 0 ? ` + 2 × ${padding}` : "";
  return `(${side}${zeros} − ${kernel}) / ${stride} + 1 = ${plain(Number(outputSize(side, kernel, stride, padding).toFixed(2)))}`;
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
  /** Fully connected: its outputs have no positions. */
  units: boolean;
  /** Its output: how many maps or units, and the side of a map. */
  channels: number;
  side: number;
  amount: string;
  /** A convolution's kernel; of units, what is done to them. */
  how: string;
}

/** The columns of a network's sketch, in the language on show. */
export function sketch({ layers }: NetworkShape): SketchColumn[] {
  return layers.flatMap((layer, i): SketchColumn[] => {
    if (!hasWeights(layer)) return [];
    const { name, output: [channels, side], kernel, stride } = layer;
    if (layer.role === "fully-connected") {
      const how = i === layers.length - 1 ? "softmax" : layers[i - 1]?.role === "dropout" ? "dropout" : "other";
      return [{ name, units: true, channels, side, amount: t.learn.sketchUnits({ count: channels }), how: t.learn.sketchUnitsHow({ how }) }];
    }
    const next = layers.findIndex((other, j) => j > i && hasWeights(other));
    const pooled = layers.slice(i + 1, next < 0 ? undefined : next).some(({ role }) => role === "max-pooling");
    const how = t.learn.sketchKernel({ size: `${kernel} × ${kernel}`, stride: stride ?? 1, pooled: pooled ? "yes" : "other" });
    return [{ name, units: false, channels, side, amount: t.learn.sketchFilters({ count: channels }), how }];
  });
}

/** A layer with weights of a network in two towers, one row of the drawing. */
export interface TowerRow {
  name: string;
  /** The output of each half. */
  output: string;
  reads: "picture" | "own" | "both";
  sentBytes: number;
  /** What happens to its outputs before the next row. */
  then: string;
  sentence: string;
}

/** What happens to a layer's outputs before the next layer with weights: pooling and normalisation, in their order. */
function thenText(between: readonly LayerShape[]): string {
  const steps = between
    .filter(({ role }) => role !== "activation" && role !== "dropout")
    .map(({ role }) => t.learn.figureStep({ step: role === "max-pooling" ? "pool" : "other" }));
  return steps.reduce((first, second) => (first === "" ? second : t.learn.figureThen({ first, second })), "");
}

/** The rows of a network in two towers, in the language on show. */
export function towerRows({ layers, inputSize }: NetworkShape): TowerRow[] {
  const weighted = layers.flatMap((layer, i) => (hasWeights(layer) ? [{ layer, i }] : []));
  return weighted.map(({ layer, i }, row): TowerRow => {
    const { name, sentBytes, input: [incoming], output: [channels, height, width] } = layer;
    const half = channels / 2;
    const halved = Number.isInteger(half);
    const unit = layer.role === "convolution" ? "filters" : name === "fc8" ? "classes" : "other";
    const reads = row === 0 ? "picture" : layer.reads === "both" ? "both" : "own";
    const outputs = halved ? t.learn.rowHalves({ count: half, unit }) : t.learn.rowShared({ count: channels, unit });
    const inputs = {
      picture: () => t.learn.rowReadsPicture({ side: inputSize }),
      own: () => t.learn.rowReadsOwn({ maps: incoming / 2 }),
      both: () => t.learn.rowReadsBoth({ size: size(sentBytes) }),
    }[reads]();
    return {
      name, reads, sentBytes,
      output: sides([halved ? half : channels, height, width]),
      then: thenText(layers.slice(i + 1, weighted[row + 1]?.i)),
      sentence: t.learn.row({ outputs, reads: inputs }),
    };
  });
}
