// onnxruntime-web on the CPU, one thread: runs the ONNX file that the page exports.
import * as ort from "onnxruntime-web/wasm";
import runtime from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { floats } from "./files.js";

ort.env.wasm.wasmPaths = { wasm: runtime };
ort.env.wasm.numThreads = 1;

let session, input, shape;

async function logits() {
  const { logits } = await session.run({ input: new ort.Tensor("float32", input, shape) });
  return logits.data;
}

window.peer = {
  name: "onnxruntime-web",
  version: ort.env.versions.web,
  async prepare(kind, batch) {
    session = await ort.InferenceSession.create(`files/${kind}.onnx`, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
    input = await floats(`${kind}-${batch}.f32`);
    const side = Math.sqrt(input.length / batch / 3);
    shape = [batch, 3, side, side];
  },
  logits: async () => [...(await logits())],
  /** Milliseconds of one forward pass: upload, computation, read-back. */
  async infer() {
    const start = performance.now();
    const values = await logits();
    const end = performance.now();
    if (!Number.isFinite(values[0])) throw new Error(`the logits are ${values[0]}`);
    return end - start;
  },
};
