/** Where to compute, and the sentence that says why. */
import type { Backend, ModelInfo, Network } from "../../generated/protocol";

/** What tells a GPU from a processor that plays one. */
export interface AdapterFacts {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  isFallback: boolean;
  features: string[];
  /** Largest single tensor in bytes. */
  maxStorageBufferBindingSize: number;
}

/** The outcome of asking for an adapter. `absent`: the browser has no WebGPU; `refused`: it has, but gave none. */
export type AdapterAnswer = AdapterFacts | "absent" | "refused";

export interface Choice {
  backend: Exclude<Backend, "auto">;
  reason: string;
  /** Whether the page should tell the visitor, because it is not what the address asked for. */
  surprise: boolean;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp\b/i;

/** Whether an adapter computes on the processor. */
export function isSoftware(adapter: AdapterFacts): boolean {
  return adapter.isFallback || SOFTWARE.test([adapter.vendor, adapter.architecture, adapter.device, adapter.description].join(" "));
}

/** A name for the adapter from what the browser reveals. */
export function adapterName(adapter: AdapterFacts): string {
  const parts = [adapter.description || adapter.device || "", adapter.description ? "" : adapter.architecture, adapter.vendor];
  const words = parts.filter((part) => part !== "");
  return words.filter((word, i) => !words.slice(0, i).some((earlier) => earlier.toLowerCase().includes(word.toLowerCase()))).join(" · ") || "unnamed adapter";
}

/** Holds the wish against what there is. */
export function chooseBackend(wanted: Backend, adapter: AdapterAnswer): Choice {
  const cpu = (reason: string, surprise = false): Choice => ({ backend: "cpu", reason, surprise });
  if (wanted === "cpu") return cpu("The page's address asks for the CPU.");
  const asked = wanted === "webgpu";
  if (adapter === "absent") return cpu("This browser offers no WebGPU, so the lab computes on the CPU.", asked);
  if (adapter === "refused") return cpu("This browser knows WebGPU but found no usable GPU, so the lab computes on the CPU.", asked);
  if (asked) {
    const software = isSoftware(adapter) ? ", although its adapter is software on the processor and slower than the CPU backend" : "";
    return { backend: "webgpu", reason: `The page's address asks for WebGPU${software}.`, surprise: false };
  }
  if (isSoftware(adapter)) return cpu("The WebGPU adapter found here is software on the processor, and the CPU backend is faster.");
  return { backend: "webgpu", reason: "A GPU was found, and it is faster than the CPU.", surprise: false };
}

/** Bytes of the largest tensor of networks that not every GPU takes, at width 1: fc6's weights. */
const LARGEST_TENSOR: Partial<Record<Network, number>> = { "alexnet-224": 9216 * 4096 * 4, "alexnet-2012": 9216 * 4096 * 4 };

/** The sentence that says why an adapter cannot hold a network, or null where it can. */
export function networkTooLarge({ network, width }: { network: Network; width: number }, adapter: Pick<AdapterFacts, "maxStorageBufferBindingSize">): string | null {
  const bytes = (LARGEST_TENSOR[network] ?? 0) * width * width;
  const most = adapter.maxStorageBufferBindingSize;
  if (bytes <= most) return null;
  return `This GPU takes tensors of at most ${words(most)}, and ${network} needs one of ${words(bytes)}: choose a smaller network or width, or open the page with ?backend=cpu.`;
}

const words = (value: number) => `${Math.round(value / 1e6)} MB`;

/** The sentence that says why an adapter cannot hold a model's tensors, or null where it can. */
export function modelTooLarge({ network, tensors }: Pick<ModelInfo, "network" | "tensors">, adapter: Pick<AdapterFacts, "maxStorageBufferBindingSize">): string | null {
  // On the device everything is in single precision, whatever the file's format.
  const bytes = Math.max(...tensors.map(({ shape }) => 4 * shape.reduce((product, side) => product * side, 1)));
  const most = adapter.maxStorageBufferBindingSize;
  if (bytes <= most) return null;
  return `This GPU takes tensors of at most ${words(most)}, and this ${network} holds one of ${words(bytes)}: open the page with ?backend=cpu to use it.`;
}

// The part of WebGPU's interface that is read here; TypeScript's DOM types do not carry it.
interface GpuAdapter {
  info?: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean };
  isFallbackAdapter?: boolean;
  features: Iterable<string>;
  limits: { maxStorageBufferBindingSize: number };
}
export interface Gpu {
  requestAdapter(options?: { powerPreference?: "high-performance" }): Promise<GpuAdapter | null>;
}

/** Asks the browser for its best adapter. */
export async function requestAdapter(gpu: Gpu | undefined): Promise<AdapterAnswer> {
  if (!gpu) return "absent";
  // A driver that fails here is a GPU that cannot be used; the reason shown says so.
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) return "refused";
  const { vendor = "", architecture = "", device = "", description = "" } = adapter.info ?? {};
  return {
    vendor, architecture, device, description,
    isFallback: adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false,
    features: [...adapter.features].sort(),
    maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
  };
}
