/** Hears of a lost GPU: the wasm module asks for its device itself, so the asking is listened to. */

interface Device { lost: Promise<{ reason: string; message: string }> }
interface AdapterClass { prototype: { requestDevice(...args: unknown[]): Promise<Device> } }

let refused: string | undefined;

/** Why the browser gave no device, in its own words; undefined where it gave one. */
export const refusal = () => refused;

/** Calls back when a device that is asked for from now on is lost, whether by the browser or by `destroy()`. */
export function watchDevices(lost: (reason: string) => void): void {
  const { GPUAdapter } = globalThis as unknown as { GPUAdapter?: AdapterClass };
  if (!GPUAdapter) return;
  const original = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await original.apply(this, args).catch((error: Error) => {
      refused = error.message;
      throw error;
    });
    // Within reach of a worker's console: `device.destroy()` shows what a lost GPU does to a run.
    Object.assign(globalThis, { device });
    void device.lost.then(({ message, reason }) => lost(message || reason));
    return device;
  };
}
