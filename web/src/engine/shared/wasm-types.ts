/** What the wasm module takes and returns, shared by the page, the worker and the npm package. Types only. */
import type { Prediction, StepMetrics } from "../../generated/protocol";
import type { RustMessage } from "../../generated/rust-messages";

export type { RustCode, RustMessage, RustMessages } from "../../generated/rust-messages";

/** What the methods throw: an English sentence, and its code and parameters for who says it in another language. */
export type RustError = Error & RustMessage;

/** The formats that a model leaves in, each its file name's extension. */
export type ExportFormat = "safetensors" | "onnx" | "alexnet";

/** A square picture: `size × size` pixels of red, green, blue, alpha. */
export interface Pixels { size: number; rgba: Uint8Array }
/** A dropout mask row by row, `(batch, units)`: 1 = kept, 0 = silenced. */
export interface MaskData { batch: number; units: number; values: Uint8Array }
/** Filters of the first convolution, or (with one channel) what leaves a layer: `(count, channels, height, width)`. */
export interface FilterData { count: number; channels: number; height: number; width: number; values: Float32Array }
/** A data set that the worker holds or streams; `skipped` has a message for each image left out. */
export interface DatasetInfo { id: string; labels: string[]; trainImages: number; valImages: number; size: number; skipped: RustMessage[] }
/** Answer for one picture: the best classes, and the square that the network saw. */
export interface Classified { top: Prediction[]; crop: Pixels }
/** Where the evidence for a class lies in a picture, row by row, 0 (none) to 1 (most). */
export interface HeatMapData { height: number; width: number; values: Float32Array }
/** Several networks' best guesses, the model in use first, and those of the average of their probabilities. */
export interface EnsemblePrediction { each: Prediction[][]; average: Prediction[] }
/** Largest differences between this device and the CPU backend, relative to each tensor's scale (`loss`: absolute). */
export interface Parity { logits: number; gradients: number; loss: number }
/** The prepared batch's normalised pixels (NCHW) and the logits that they give: what a peer of the same weights must give too. */
export interface BenchSample { pixels: Float32Array; logits: Float32Array }

/** What a tower has sent before one layer, of all steps; `logits` are the outputs. */
export interface Traffic { layer: string; forward: number; backward: number }
/** A step of two towers: metrics of the whole network, what this tower has sent so far. */
export interface GroupStep { metrics: StepMetrics; traffic: Traffic[] }
