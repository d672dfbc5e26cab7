// TensorFlow.js, wasm backend with SIMD, one thread: the same network written as its users write it (NHWC, fused
// convolutions), with the weights that the page exports.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { floats, safetensors } from "./files.js";

const LAYERS = {
  // Stride and padding of each convolution, and whether max-pooling 3/2 follows.
  infer: [[4, 2, true], [1, 2, true], [1, 1, false], [1, 1, false], [1, 1, true]],
  trainStep: [[1, 1, true], [1, 1, true], [1, 1, false], [1, 1, false], [1, 1, true]],
};
// The bench session's own: the options' defaults.
const DROPOUT = 0.5, LEARNING_RATE = 0.01, MOMENTUM = 0.9;

let network, optimizer, input, labels, shape;

/** The tensors of torchvision's layers in order, as this library lays them out. */
async function load(kind, trainable) {
  const named = [...(await safetensors(`${kind}.safetensors`))];
  const tensors = named.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })).map(([, tensor]) => tensor);
  const keep = (make) => {
    const tensor = tf.tidy(make);
    return trainable ? tf.variable(tensor) : tensor;
  };
  // By name, a layer's bias stands before its weight.
  const layers = Array.from({ length: tensors.length / 2 }, (_, i) => [tensors[2 * i + 1], tensors[2 * i]]);
  const convolutions = layers.filter(([weight]) => weight.shape.length === 4);
  const linear = layers.filter(([weight]) => weight.shape.length === 2);
  const channels = convolutions.at(-1)[0].shape[0];
  return {
    convolutions: convolutions.map(([weight, bias], i) => {
      const [stride, padding, pooled] = LAYERS[kind][i];
      return {
        filter: keep(() => tf.transpose(tf.tensor(weight.values, weight.shape), [2, 3, 1, 0])),
        bias: keep(() => tf.tensor(bias.values)),
        stride, padding, pooled,
      };
    }),
    linear: linear.map(([weight, bias], i) => ({
      weight: keep(() => {
        const [out, inputs] = weight.shape;
        if (i > 0) return tf.transpose(tf.tensor(weight.values, weight.shape));
        // Its inputs are a flattened map: channels last here, first there.
        const side = Math.sqrt(inputs / channels);
        return tf.reshape(tf.transpose(tf.tensor(weight.values, [out, channels, side, side]), [2, 3, 1, 0]), [inputs, out]);
      }),
      bias: keep(() => tf.tensor(bias.values)),
    })),
  };
}

function forward(x, dropout) {
  for (const { filter, bias, stride, padding, pooled } of network.convolutions) {
    x = tf.fused.conv2d({ x, filter, bias, strides: stride, pad: padding, activation: "relu" });
    if (pooled) x = tf.maxPool(x, 3, 2, "valid");
  }
  x = tf.reshape(x, [x.shape[0], -1]);
  network.linear.forEach(({ weight, bias }, i) => {
    const last = i === network.linear.length - 1;
    if (dropout > 0 && !last) x = tf.dropout(x, dropout);
    x = tf.fused.matMul({ a: x, b: weight, bias, activation: last ? "linear" : "relu" });
  });
  return x;
}

/**
 * The wasm backend lacks the gradient of a convolution's filter, without which nothing trains on it: here from kernels
 * that it has, as a convolution of the images by the gradients with batch and channels exchanged.
 */
function addMissingKernel() {
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName: "wasm",
    kernelFunc: ({ inputs: { x, dy }, attrs: { strides, pad, filterShape } }) =>
      tf.tidy(() => {
        const [images, gradients] = [x, dy].map((info) => tf.engine().makeTensorFromTensorInfo(info));
        const stride = Array.isArray(strides) ? strides[0] : strides;
        const all = tf.conv2d(tf.transpose(images, [3, 1, 2, 0]), tf.transpose(gradients, [1, 2, 0, 3]), 1, pad, "NHWC", stride);
        return tf.transpose(tf.slice(all, [0, 0, 0, 0], [-1, filterShape[0], filterShape[1], -1]), [1, 2, 0, 3]);
      }),
  });
}

/** The kernel above gives what the library's own JavaScript backend gives. */
async function checkMissingKernel() {
  const gradient = async (backend) => {
    await tf.setBackend(backend);
    return tf.tidy(() => {
      const wave = (size, shape) => tf.sin(tf.reshape(tf.range(0, size), shape));
      const [x, filter] = [wave(2 * 6 * 6 * 3, [2, 6, 6, 3]), wave(3 * 3 * 3 * 4, [3, 3, 3, 4])];
      return tf.grad((w) => tf.sum(tf.square(tf.conv2d(x, w, 1, 1))))(filter);
    }).data();
  };
  const [expected, actual] = [await gradient("cpu"), await gradient("wasm")];
  const scale = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]))) / scale;
  if (!(difference < 1e-4)) throw new Error(`the filter gradient is off by ${difference}`);
}

async function timed(work) {
  const start = performance.now();
  const values = await work();
  const end = performance.now();
  if (!Number.isFinite(values[0])) throw new Error(`the result is ${values[0]}`);
  return end - start;
}

async function logits() {
  const x = tf.tensor4d(input, shape);
  const y = tf.tidy(() => forward(x, 0));
  const values = await y.data();
  tf.dispose([x, y]);
  return values;
}

async function step() {
  const x = tf.tensor4d(input, shape);
  const y = tf.oneHot(tf.tensor1d(labels, "int32"), 10);
  const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x, DROPOUT)), true);
  const values = await loss.data();
  tf.dispose([x, y, loss]);
  return values;
}

window.peer = {
  name: "TensorFlow.js",
  version: tf.version_core,
  async prepare(kind, batch) {
    setWasmPaths({ "tfjs-backend-wasm.wasm": simd, "tfjs-backend-wasm-simd.wasm": simd, "tfjs-backend-wasm-threaded-simd.wasm": simd });
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend did not start");
    if (kind === "trainStep") {
      addMissingKernel();
      await checkMissingKernel();
      optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
    }
    network = await load(kind, kind === "trainStep");
    const planes = await floats(`${kind}-${batch}.f32`);
    const side = Math.sqrt(planes.length / batch / 3);
    shape = [batch, side, side, 3];
    input = await tf.tidy(() => tf.transpose(tf.tensor(planes, [batch, 3, side, side]), [0, 2, 3, 1])).data();
    labels = Int32Array.from({ length: batch }, (_, i) => i % 10);
  },
  logits: async () => [...(await logits())],
  /** Milliseconds of one forward pass: upload, computation, read-back of the logits. */
  infer: () => timed(logits),
  /** Milliseconds of one step: upload, forward, backward, update (momentum, without weight decay), read-back of the loss. */
  trainStep: () => timed(step),
};
