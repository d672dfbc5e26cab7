import { expect, it, vi } from "vitest";
import { waitForDeviceLoss, watchDevices } from "./device";

it("tells a device that answers from one whose loss is still to be told", async () => {
  await waitForDeviceLoss();
  let lose = (_: { reason: string; message: string }) => {};
  const map = vi.fn(async () => undefined);
  const device = {
    lost: new Promise<{ reason: string; message: string }>((resolve) => (lose = resolve)),
    createBuffer: () => ({ mapAsync: map, destroy: () => undefined }),
  };
  class GPUAdapter {
    get features() {
      return new Set<string>();
    }
    requestDevice() {
      return Promise.resolve(device);
    }
  }
  vi.stubGlobal("GPUAdapter", GPUAdapter);
  const lost = vi.fn();
  watchDevices(lost);
  await new GPUAdapter().requestDevice();
  await waitForDeviceLoss();

  map.mockRejectedValue(new Error("The device is lost."));
  let settled = false;
  const told = waitForDeviceLoss().then(() => (settled = true));
  await new Promise((done) => setTimeout(done));
  expect([settled, lost.mock.calls]).toEqual([false, []]);
  lose({ reason: "destroyed", message: "" });
  await told;
  expect(lost).toHaveBeenCalledExactlyOnceWith("destroyed");
  vi.unstubAllGlobals();
});
