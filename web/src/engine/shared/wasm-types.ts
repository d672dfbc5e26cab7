/** What the wasm module takes and returns: for the page, the worker and the npm package. Types only. */
import type { Prediction, StepMetrics } from "../../generated/protocol";
import type { RustMessage } from "../../generated/rust-messages";

export type { RustCode, RustMessage, RustMessages } from "../../generated/rust-messages";

/** What the methods throw: an English sentence, and its code and parameters for who says it in another language. */
export type RustError = Error & RustMessage;

/** The export formats of a model, which are also the file name extensions. */
export type ExportFormat = "safetensors" | "onnx" | "alexnet";

/** A square picture: `size × size` pixels of red, green, blue, alpha. */
export interface Pixels { size: number; rgba: Uint8Array }
/** A dropout mask in row-major order, `(batch, units)`: 1 = kept, 0 = dropped. */
export interface MaskData { batch: number; units: number; values: Uint8Array }
/** Filters of the first convolution, or (with one channel) the feature maps of a layer: `(count, channels, height, width)`. */
export interface FilterData { count: number; channels: number; height: number; width: number; values: Float32Array }
/**
 * A dataset that the worker holds or streams. `skipped` says what was left out; `notes`, where there is something to know
 * about what was taken.
 */
export interface DatasetInfo { id: string; labels: string[]; trainImages: number; valImages: number; size: number; skipped: RustMessage[]; notes?: RustMessage[] }
/** The prediction for one picture: the best classes, and the cropped square that the network saw. `energy`: the energy score of the logits, low for a photo unlike those of training; `unknown`: it may show something that the model does not know. */
export interface Classified { top: Prediction[]; crop: Pixels; energy: number; unknown: boolean; /** The file ends before its image does. */ cutOff?: boolean }
/** A class activation map in row-major order, from 0 (no evidence for the class) to 1 (most). */
export interface HeatMapData { height: number; width: number; values: Float32Array }
/** The best predictions of several networks, the model in use first, and those of the mean of their probabilities. */
export interface EnsemblePrediction { each: Prediction[][]; average: Prediction[] }
/** Largest differences between this device and the CPU backend, relative to each tensor's scale (`loss`: absolute). */
export interface Parity { logits: number; gradients: number; loss: number }
/** The prepared batch's normalised pixels (NCHW) and their logits, to compare another implementation with the same weights. */
export interface BenchSample { pixels: Float32Array; logits: Float32Array }

/** What a group has sent to the other one before a layer, over all steps; layer `logits`: the outputs. */
export interface Traffic { layer: string; forward: number; backward: number }
/** A step of two groups: metrics of the whole network, and what this group has sent so far. */
export interface GroupStep { metrics: StepMetrics; traffic: Traffic[] }
