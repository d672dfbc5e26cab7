/** Chooses the backend, with the message that says why. */
import { message, type Message } from "../../errors/message";
import { size } from "../../errors/units";
import type { Backend, ModelInfo, Network } from "../../generated/protocol";

/** What the browser tells about an adapter: enough to tell a GPU from software on the processor. */
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
  reason: Message;
  /** It is not what the page's address asked for, so the page tells the visitor. */
  unexpected: boolean;
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
  return words.filter((word, i) => !words.slice(0, i).some((earlier) => earlier.toLowerCase().includes(word.toLowerCase()))).join(" · ") || "GPU";
}

/** The backend for what the address asks (`wanted`) and what the browser has. */
export function chooseBackend(wanted: Backend, adapter: AdapterAnswer): Choice {
  const cpu = (reason: Message, unexpected = false): Choice => ({ backend: "cpu", reason, unexpected });
  const webgpu = (reason: Message): Choice => ({ backend: "webgpu", reason, unexpected: false });
  if (wanted === "cpu") return cpu(message("engine.reasonCpuAsked"));
  const asked = wanted === "webgpu";
  if (adapter === "absent") return cpu(message("engine.reasonNoWebGpu"), asked);
  if (adapter === "refused") return cpu(message("engine.reasonNoGpu"), asked);
  const software = isSoftware(adapter);
  if (asked) return webgpu(software ? message("engine.reasonSoftwareAsked") : message("engine.reasonWebGpuAsked"));
  return software ? cpu(message("engine.reasonSoftware")) : webgpu(message("engine.reasonGpu"));
}

/** Bytes of the largest tensor of networks that not every GPU takes, at width 1: fc6's weights. */
const LARGEST_TENSOR: Partial<Record<Network, number>> = { "alexnet-224": 9216 * 4096 * 4, "alexnet-2012": 9216 * 4096 * 4 };

/** Why an adapter cannot hold a network, null where it can. */
export function networkTooLarge({ network, width }: { network: Network; width: number }, adapter: Pick<AdapterFacts, "maxStorageBufferBindingSize">): Message | null {
  const bytes = (LARGEST_TENSOR[network] ?? 0) * width * width;
  const most = adapter.maxStorageBufferBindingSize;
  if (bytes <= most) return null;
  return message("engine.networkTooLargeForGpu", { most: size(most), network, size: size(bytes) });
}

/** Why an adapter cannot hold a model's tensors, null where it can. */
export function modelTooLarge({ network, tensors }: Pick<ModelInfo, "network" | "tensors">, adapter: Pick<AdapterFacts, "maxStorageBufferBindingSize">): Message | null {
  // On the device everything is in single precision, whatever the file's format.
  const bytes = Math.max(...tensors.map(({ shape }) => 4 * shape.reduce((product, side) => product * side, 1)));
  const most = adapter.maxStorageBufferBindingSize;
  if (bytes <= most) return null;
  return message("engine.modelTooLargeForGpu", { most: size(most), network, size: size(bytes) });
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
  // A driver that fails here means a GPU that cannot be used; the reason says so.
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
