import { describe, expect, it } from "vitest";
import { adapterName, requestAdapter, chooseBackend, isSoftware, modelTooLarge, networkTooLarge, type AdapterFacts, type Gpu } from "./backend";
import { errorText } from "../../errors/message";
import { restartMessage } from "../page/restart";

const apple: AdapterFacts = { vendor: "apple", architecture: "metal-3", device: "", description: "", isFallback: false, features: ["shader-f16"], maxStorageBufferBindingSize: 2 ** 32 };
const swiftshader: AdapterFacts = { ...apple, vendor: "google", architecture: "swiftshader", description: "SwiftShader Device (LLVM 16)" };

describe("the backend", () => {
  it.each([
    ["auto", apple, "webgpu", "A GPU was found, and it is faster than the CPU.", false],
    ["auto", swiftshader, "cpu", "The WebGPU adapter here is software on the processor, and the CPU backend is faster.", false],
    ["auto", { ...apple, isFallback: true }, "cpu", "The WebGPU adapter here is software on the processor, and the CPU backend is faster.", false],
    ["auto", "absent", "cpu", "This browser has no WebGPU, so the page computes on the CPU.", false],
    ["auto", "refused", "cpu", "This browser has WebGPU but found no GPU that it can use, so the page computes on the CPU.", false],
    ["cpu", apple, "cpu", "The page's address asks for the CPU.", false],
    ["webgpu", apple, "webgpu", "The page's address asks for WebGPU.", false],
    ["webgpu", swiftshader, "webgpu", "The page's address asks for WebGPU. The adapter here is software on the processor, which is slower than the CPU backend.", false],
    ["webgpu", "absent", "cpu", "This browser has no WebGPU, so the page computes on the CPU.", true],
    ["webgpu", "refused", "cpu", "This browser has WebGPU but found no GPU that it can use, so the page computes on the CPU.", true],
  ] as const)("for %s", (wanted, adapter, backend, reason, unexpected) => {
    const choice = chooseBackend(wanted, adapter);
    expect({ ...choice, reason: errorText(choice.reason) }).toEqual({ backend, reason, unexpected });
  });

  it.each(["llvmpipe (LLVM 15.0.7, 256 bits)", "Microsoft Basic Render Driver", "lavapipe"])("takes %s for software", (description) => {
    expect(isSoftware({ ...apple, description })).toBe(true);
  });

  it("names an adapter by what the browser reveals", () => {
    expect(adapterName(apple)).toBe("metal-3 · apple");
    expect(adapterName(swiftshader)).toBe("SwiftShader Device (LLVM 16) · google");
    expect(adapterName({ ...apple, description: "NVIDIA H200", vendor: "nvidia" })).toBe("NVIDIA H200");
    expect(adapterName({ ...apple, vendor: "", architecture: "" })).toBe("GPU");
  });
});

it("says which GPU is too small for which network", () => {
  const small = { maxStorageBufferBindingSize: 128 * 2 ** 20 };
  expect(errorText(networkTooLarge({ network: "alexnet-224", width: 1 }, small))).toBe(
    "This GPU takes tensors of at most 134 MB, and alexnet-224 needs one of 151 MB: choose a smaller network or width, or add ?backend=cpu to the page's address.",
  );
  expect(networkTooLarge({ network: "alexnet-224", width: 0.5 }, small)).toBeNull();
  expect(networkTooLarge({ network: "alexnet-224", width: 1 }, apple)).toBeNull();
  expect(networkTooLarge({ network: "alexnet-32", width: 4 }, small)).toBeNull();
});

it("says which GPU is too small for a model's tensors, before any is read", () => {
  const model = { network: "alexnet-224" as const, tensors: [{ name: "classifier.1.bias", shape: [4096], dtype: "f32" }, { name: "classifier.1.weight", shape: [4096, 9216], dtype: "i8" }] };
  expect(errorText(modelTooLarge(model, { maxStorageBufferBindingSize: 128 * 2 ** 20 }))).toBe(
    "This GPU takes tensors of at most 134 MB, and this alexnet-224 has one of 151 MB: add ?backend=cpu to the page's address to use it.",
  );
  expect(modelTooLarge(model, apple)).toBeNull();
});

describe("asking for an adapter", () => {
  it("tells a browser without WebGPU from one without a GPU", async () => {
    expect(await requestAdapter(undefined)).toBe("absent");
    expect(await requestAdapter({ requestAdapter: async () => null })).toBe("refused");
    expect(await requestAdapter({ requestAdapter: () => Promise.reject(new Error("driver")) })).toBe("refused");
  });

  it("reads the older place of the fallback flag, and lives without info", async () => {
    const gpu: Gpu = { requestAdapter: async () => ({ isFallbackAdapter: true, features: new Set(["b", "a"]), limits: { maxStorageBufferBindingSize: 1 } }) };
    expect(await requestAdapter(gpu)).toMatchObject({ isFallback: true, features: ["a", "b"], vendor: "" });
  });
});

it.each([
  ["webgpu", { running: true, savedStep: 120 }, "WebGPU stopped (unreachable). The page now computes on the CPU, and the run continues from step 120, the last saved step."],
  ["cpu", { running: true, savedStep: null }, "The program that computes stopped (unreachable). The page now computes on the CPU, and the run starts again from its initial weights: no step was saved yet."],
  ["cpu", { running: false, savedStep: 7 }, "The program that computes stopped (unreachable). The page now computes on the CPU, and the run is back at step 7, the last saved step."],
  ["webgpu", null, "WebGPU stopped (unreachable). The page now computes on the CPU."],
] as const)("names what stopped in a replaced %s worker, and where the run continues (%j)", (from, run, sentence) => {
  expect(errorText(restartMessage("unreachable", from, run))).toBe(sentence);
});
