/** Watches the GPU device that the wasm module requests: whether the browser refused it, and whether it was lost. */

interface Device {
  lost: Promise<{ reason: string; message: string }>;
  createBuffer(descriptor: { size: number; usage: number }): { mapAsync(mode: number): Promise<void>; destroy(): void };
}
interface Adapter {
  readonly features: ReadonlySet<string>;
  requestDevice(descriptor?: { requiredFeatures?: string[] }): Promise<Device>;
}

const TIMES = "timestamp-query";
let refused: string | undefined;
/** `GPUBufferUsage.MAP_READ` and `GPUMapMode.READ`. */
const READ = 1;
/** A busy GPU process takes seconds to report a loss after calls have failed with it. */
const LOSS_MS = 30_000;
let watched: { device: Device; gone: Promise<void> } | undefined;

/** Why the browser gave no device, in its own words; undefined where it gave one. */
export const deviceError = () => refused;

/** After a failure: resolves at once where the device still answers, else when its loss has been called back. */
export async function waitForDeviceLoss(): Promise<void> {
  if (!watched) return;
  const { device, gone } = watched;
  const late = new Promise<void>((resolve) => setTimeout(resolve, LOSS_MS));
  const silent = probe(device).then(() => false, () => true);
  if (await Promise.race([silent, gone, late])) await Promise.race([gone, late]);
}

/** Rejects where the device is lost. */
async function probe(device: Device): Promise<void> {
  const buffer = device.createBuffer({ size: 4, usage: READ });
  await buffer.mapAsync(READ).finally(() => buffer.destroy());
}

/** Calls back when a device that is asked for from now on is lost, whether by the browser or by `destroy()`. */
export function watchDevices(lost: (reason: string) => void): void {
  const prototype = (globalThis as unknown as { GPUAdapter?: { prototype: Adapter } }).GPUAdapter?.prototype;
  const features = prototype && Object.getOwnPropertyDescriptor(prototype, "features")?.get;
  if (!prototype || !features) return;
  const has = (adapter: Adapter) => features.call(adapter) as ReadonlySet<string>;
  const original = prototype.requestDevice;
  // cubecl 0.11 panics on an adapter without timestamp queries, although it takes times only when autotuning, which
  // is off here: so every adapter claims them, and no device is asked for what its adapter lacks.
  Object.defineProperty(prototype, "features", { get(this: Adapter) { return new Set([...has(this), TIMES]); } });
  prototype.requestDevice = async function (descriptor = {}) {
    const requiredFeatures = [...(descriptor.requiredFeatures ?? [])].filter((name) => has(this).has(name));
    const device = await original.call(this, { ...descriptor, requiredFeatures }).catch((error: Error) => {
      refused = error.message;
      throw error;
    });
    // Within reach of a worker's console: `device.destroy()` shows what a lost GPU does to a run.
    Object.assign(globalThis, { device });
    watched = { device, gone: device.lost.then(({ message, reason }) => lost(message || reason)) };
    return device;
  };
}
