import { describe, expect, it } from "vitest";
import { adapterName, requestAdapter, chooseBackend, isSoftware, modelTooLarge, networkTooLarge, type AdapterFacts, type Gpu } from "./backend";
import { restartMessage } from "../page/restart";

const apple: AdapterFacts = { vendor: "apple", architecture: "metal-3", device: "", description: "", isFallback: false, features: ["shader-f16"], maxStorageBufferBindingSize: 2 ** 32 };
const swiftshader: AdapterFacts = { ...apple, vendor: "google", architecture: "swiftshader", description: "SwiftShader Device (LLVM 16)" };

describe("the backend", () => {
  it.each([
    ["auto", apple, "webgpu", "A GPU was found, and it is faster than the CPU.", false],
    ["auto", swiftshader, "cpu", "The WebGPU adapter found here is software on the processor, and the CPU backend is faster.", false],
    ["auto", { ...apple, isFallback: true }, "cpu", "The WebGPU adapter found here is software on the processor, and the CPU backend is faster.", false],
    ["auto", "absent", "cpu", "This browser offers no WebGPU, so the lab computes on the CPU.", false],
    ["auto", "refused", "cpu", "This browser knows WebGPU but found no usable GPU, so the lab computes on the CPU.", false],
    ["cpu", apple, "cpu", "The page's address asks for the CPU.", false],
    ["webgpu", apple, "webgpu", "The page's address asks for WebGPU.", false],
    ["webgpu", swiftshader, "webgpu", "The page's address asks for WebGPU, although its adapter is software on the processor and slower than the CPU backend.", false],
    ["webgpu", "absent", "cpu", "This browser offers no WebGPU, so the lab computes on the CPU.", true],
    ["webgpu", "refused", "cpu", "This browser knows WebGPU but found no usable GPU, so the lab computes on the CPU.", true],
  ] as const)("for %s", (wanted, adapter, backend, reason, surprise) => {
    expect(chooseBackend(wanted, adapter)).toEqual({ backend, reason, surprise });
  });

  it.each(["llvmpipe (LLVM 15.0.7, 256 bits)", "Microsoft Basic Render Driver", "lavapipe"])("takes %s for software", (description) => {
    expect(isSoftware({ ...apple, description })).toBe(true);
  });

  it("names an adapter by what the browser reveals", () => {
    expect(adapterName(apple)).toBe("metal-3 · apple");
    expect(adapterName(swiftshader)).toBe("SwiftShader Device (LLVM 16) · google");
    expect(adapterName({ ...apple, description: "NVIDIA H200", vendor: "nvidia" })).toBe("NVIDIA H200");
    expect(adapterName({ ...apple, vendor: "", architecture: "" })).toBe("unnamed adapter");
  });
});

it("says which GPU is too small for which network", () => {
  const small = { maxStorageBufferBindingSize: 128 * 2 ** 20 };
  expect(networkTooLarge({ network: "alexnet-224", width: 1 }, small)).toBe(
    "This GPU takes tensors of at most 134 MB, and alexnet-224 needs one of 151 MB: choose a smaller network or width, or open the page with ?backend=cpu.",
  );
  expect(networkTooLarge({ network: "alexnet-224", width: 0.5 }, small)).toBeNull();
  expect(networkTooLarge({ network: "alexnet-224", width: 1 }, apple)).toBeNull();
  expect(networkTooLarge({ network: "alexnet-32", width: 4 }, small)).toBeNull();
});

it("says which GPU is too small for a model's tensors, before any is read", () => {
  const model = { network: "alexnet-224" as const, tensors: [{ name: "classifier.1.bias", shape: [4096], dtype: "f32" }, { name: "classifier.1.weight", shape: [4096, 9216], dtype: "i8" }] };
  expect(modelTooLarge(model, { maxStorageBufferBindingSize: 128 * 2 ** 20 })).toBe(
    "This GPU takes tensors of at most 134 MB, and this alexnet-224 holds one of 151 MB: open the page with ?backend=cpu to use it.",
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
  ["webgpu", { running: true, savedStep: 120 }, "WebGPU stopped (unreachable), so the lab was started anew on the CPU, and the run goes on from step 120, the last one saved."],
  ["cpu", { running: true, savedStep: null }, "The lab's engine stopped (unreachable), so the lab was started anew on the CPU, and the run goes on from its initial weights: no step had been saved yet."],
  ["cpu", { running: false, savedStep: 7 }, "The lab's engine stopped (unreachable), so the lab was started anew on the CPU, and the run is back at step 7, the last one saved."],
  ["webgpu", null, "WebGPU stopped (unreachable), so the lab was started anew on the CPU."],
] as const)("a replaced %s worker is told of in one sentence (%j)", (from, run, sentence) => {
  expect(restartMessage("unreachable", from, run)).toBe(sentence);
});
