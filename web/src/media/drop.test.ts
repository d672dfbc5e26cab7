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
  // Only what the module asks of a parsed page: its first picture.
  vi.stubGlobal("DOMParser", class {
    parseFromString(html: string) {
      const src = /<img[^>]* src="([^"]+)"/.exec(html)?.[1];
      return { querySelector: () => (src === undefined ? null : { getAttribute: () => src }) };
    }
  });
});
afterEach(() => vi.unstubAllGlobals());

const photo = new File(["x"], "photo.jpg");
const transfer = (types = ["Files"]) => ({ types, items: [], files: [photo], getData: () => "" });

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

/** Entries of a dropped folder; `null` for a file that cannot be read. */
const folder = (files: Record<string, File | null>) => {
  const entries = Object.entries(files).map(([name, file]) => ({
    isFile: true, name, fullPath: `/cats/${name}`,
    file: (done: (file: File) => void, fail: (error: Error) => void) => (file ? done(file) : fail(new DOMException("", "NotReadableError"))),
  }));
  const batches = [entries, []];
  const entry = { isFile: false, name: "cats", fullPath: "/cats", createReader: () => ({ readEntries: (done: (some: unknown[]) => void) => done(batches.shift() ?? []) }) };
  return { ...transfer(), items: [{ webkitGetAsEntry: () => entry }] };
};

it("takes 49 of fifty files where one cannot be read, and names that one", async () => {
  const page = target();
  const files = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}.jpg`, i === 7 ? null : new File(["x"], `${i}.jpg`)]));
  await send(new FakeDragEvent("drop", folder(files)), window);
  await vi.waitFor(() => expect(page.take).toHaveBeenCalled());
  expect(page.take.mock.calls[0]?.[0]).toHaveLength(49);
  expect(page.failed.mock.calls[0]?.[0]).toHaveProperty("message", expect.stringMatching(/^“cats\/7.jpg” could not be read/));
});

it("says so, and takes nothing, where no file can be read", async () => {
  const page = target();
  await send(new FakeDragEvent("drop", folder({ "a.jpg": null, "b.jpg": null })), window);
  await vi.waitFor(() => expect(page.failed).toHaveBeenCalledOnce());
  expect(page.take).not.toHaveBeenCalled();
});

it("takes a picture that is dragged from another page by its address, where its host allows it", async () => {
  const page = target();
  const dragged = (html: string, list: string) => ({ types: ["text/uri-list"], items: [], files: [], getData: (type: string) => (type === "text/html" ? html : list) });
  const asked = vi.fn(async (_: string) => new Response("x", { headers: { "content-type": "image/png" } }));
  vi.stubGlobal("fetch", asked);
  await send(new FakeDragEvent("drop", dragged('<a href="https://a.org/"><img alt="" src="https://pictures.org/a/cat.png"></a>', "https://a.org/")), window);
  await vi.waitFor(() => expect(page.take).toHaveBeenCalled());
  expect(asked).toHaveBeenCalledWith("https://pictures.org/a/cat.png");
  expect(page.take.mock.calls[0]?.[0]?.[0]).toMatchObject({ name: "cat.png", type: "image/png" });

  asked.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  await send(new FakeDragEvent("drop", dragged("", "# a comment\r\nhttps://closed.org/dog.jpg")), window);
  await vi.waitFor(() => expect(page.failed).toHaveBeenCalledOnce());
  expect(page.failed.mock.calls[0]?.[0]).toHaveProperty("message", expect.stringMatching(/^closed.org does not let this page read the picture/));

  asked.mockResolvedValueOnce(new Response("<html>", { headers: { "content-type": "text/html" } }));
  await send(new FakeDragEvent("drop", dragged("", "https://a.org/article")), window);
  await vi.waitFor(() => expect(page.failed).toHaveBeenCalledTimes(2));
  expect(page.failed.mock.calls[1]?.[0]).toHaveProperty("message", expect.stringMatching(/^There is no picture at a.org/));
  expect(page.take).toHaveBeenCalledOnce();
});
