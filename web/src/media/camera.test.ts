import { afterEach, expect, test, vi } from "vitest";
import { drawFrame, showCamera } from "./camera";

afterEach(() => vi.unstubAllGlobals());

function drawn(videoWidth: number, videoHeight: number): [number, number] | null {
  const canvas = { width: 0, height: 0, getContext: () => ({ drawImage: () => undefined }) };
  const context = drawFrame({ videoWidth, videoHeight } as HTMLVideoElement, canvas as unknown as HTMLCanvasElement, 320);
  return context && [canvas.width, canvas.height];
}

test("a frame is made smaller by its shorter side and never larger", () => {
  expect(drawn(1280, 720)).toEqual([569, 320]);
  expect(drawn(480, 640)).toEqual([320, 427]);
  expect(drawn(200, 100)).toEqual([200, 100]);
  expect(drawn(0, 0)).toBeNull();
});

function camera(getUserMedia: () => Promise<unknown>) {
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
  const [ready, failed, play] = [vi.fn(), vi.fn(), vi.fn(() => Promise.resolve())];
  const close = vi.fn();
  const end = showCamera(ready, failed, close)({ play } as unknown as HTMLVideoElement) as () => void;
  return { ready, failed, close, play, end, settled: () => new Promise((done) => setTimeout(done)) };
}

test("a camera is stopped with its video, however late it came", async () => {
  const stop = vi.fn();
  const stream = { getTracks: () => [Object.assign(new EventTarget(), { stop })] };
  const shown = camera(async () => stream);
  await shown.settled();
  expect(shown.ready).toHaveBeenCalledOnce();
  expect(stop).not.toHaveBeenCalled();
  shown.end();
  expect(stop).toHaveBeenCalledOnce();

  const late = camera(async () => stream);
  late.end();
  await late.settled();
  expect(late.play).not.toHaveBeenCalled();
  expect(late.ready).not.toHaveBeenCalled();
  expect(stop).toHaveBeenCalledTimes(2);
});

test("an error is heard in a sentence, unless nobody waits any more", async () => {
  const refuse = () => Promise.reject(new DOMException("", "NotAllowedError"));
  const refused = camera(refuse);
  await refused.settled();
  expect(refused.failed.mock.calls[0]?.[0]).toHaveProperty("message", expect.stringContaining("allow it for this page"));

  const over = camera(refuse);
  over.end();
  await over.settled();
  expect(over.failed).not.toHaveBeenCalled();
});

test("a camera that is unplugged is said, and its video goes", async () => {
  const track = Object.assign(new EventTarget(), { stop: vi.fn() });
  const { settled, failed, end } = camera(async () => ({ getTracks: () => [track] }));
  await settled();
  track.dispatchEvent(new Event("ended"));
  expect(failed.mock.calls[0]?.[0]).toHaveProperty("message", expect.stringContaining("switched off or unplugged"));
  end();
  track.dispatchEvent(new Event("ended"));
  expect(failed).toHaveBeenCalledOnce();
});

test("one camera is on at a time", async () => {
  const stream = async () => ({ getTracks: () => [Object.assign(new EventTarget(), { stop: vi.fn() })] });
  const first = camera(stream);
  await first.settled();
  const second = camera(stream);
  await second.settled();
  expect(first.close).toHaveBeenCalledOnce();
  first.end();
  second.end();
  expect(second.close).not.toHaveBeenCalled();
  camera(stream).end();
  expect(second.close).not.toHaveBeenCalled();
});
