import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { dropFiles, type DropTarget } from "./drop";

class FakeElement extends EventTarget {
  contains = (other: unknown) => other === this;
}
class FakeDragEvent extends Event {
  relatedTarget: EventTarget | null = null;
  constructor(name: string, readonly dataTransfer: unknown) {
    super(name, { cancelable: true });
  }
}

beforeEach(() => {
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("DragEvent", FakeDragEvent);
  vi.stubGlobal("Element", FakeElement);
  vi.stubGlobal("Node", FakeElement);
});
afterEach(() => vi.unstubAllGlobals());

const photo = new File(["x"], "photo.jpg");
const transfer = (types = ["Files"]) => ({ types, items: [], files: [photo] });

function target(options: Partial<DropTarget> = {}) {
  const element = new FakeElement();
  const [over, take, failed] = [vi.fn(), vi.fn(), vi.fn()];
  const end = dropFiles({ over, take, failed, ...options })(element as unknown as HTMLElement) as () => void;
  return { element, over, take, failed, end };
}

/** Sends an event to some targets in turn, as if it bubbled. */
async function send(event: FakeDragEvent, ...targets: EventTarget[]): Promise<void> {
  for (const one of targets) one.dispatchEvent(event);
  await new Promise((done) => setTimeout(done));
}

it("takes what is dropped anywhere on the page while its view is on show", async () => {
  let shown = true;
  const page = target({ active: () => shown });
  const over = new FakeDragEvent("dragover", transfer());
  await send(over, window);
  expect(over.defaultPrevented).toBe(true);
  expect(page.over).toHaveBeenLastCalledWith(true);
  await send(new FakeDragEvent("drop", transfer()), window);
  expect(page.over).toHaveBeenLastCalledWith(false);
  expect(page.take).toHaveBeenCalledWith([photo], null);

  shown = false;
  const hidden = new FakeDragEvent("drop", transfer());
  await send(hidden, window);
  expect(hidden.defaultPrevented).toBe(false);
  shown = true;
  page.end();
  await send(new FakeDragEvent("drop", transfer()), window);
  expect(page.take).toHaveBeenCalledOnce();
});

it("leaves to an element inside what is dropped on it", async () => {
  const page = target();
  const inner = target({ on: "element" });
  await send(new FakeDragEvent("dragover", transfer()), inner.element, window);
  expect(inner.over).toHaveBeenLastCalledWith(true);
  expect(page.over).toHaveBeenLastCalledWith(false);
  await send(new FakeDragEvent("drop", transfer()), inner.element, window);
  expect(inner.take).toHaveBeenCalledWith([photo], inner.element);
  expect(page.take).not.toHaveBeenCalled();
});

it("lets a text be dragged, and takes a picture of another page", async () => {
  const page = target();
  const text = new FakeDragEvent("dragover", transfer(["text/plain"]));
  await send(text, window);
  expect(text.defaultPrevented).toBe(false);
  const link = new FakeDragEvent("dragover", transfer(["text/uri-list", "text/html"]));
  await send(link, window);
  expect(link.defaultPrevented).toBe(true);
  expect(page.over).toHaveBeenCalledOnce();
});

it("tells what went wrong", async () => {
  const error = new Error("no room");
  const page = target({ take: () => Promise.reject(error) });
  await send(new FakeDragEvent("drop", transfer()), window);
  expect(page.failed).toHaveBeenCalledWith(error);
});
