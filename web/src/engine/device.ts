/** Between the wasm module, which asks for its GPU device itself, and the browser: hears of a device refused or lost. */

interface Device { lost: Promise<{ reason: string; message: string }> }
interface Adapter {
  readonly features: ReadonlySet<string>;
  requestDevice(descriptor?: { requiredFeatures?: string[] }): Promise<Device>;
}

const TIMES = "timestamp-query";
let refused: string | undefined;

/** Why the browser gave no device, in its own words; undefined where it gave one. */
export const refusal = () => refused;

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
    void device.lost.then(({ message, reason }) => lost(message || reason));
    return device;
  };
}
