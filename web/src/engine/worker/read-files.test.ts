import { describe, expect, it } from "vitest";
import { readAll } from "./read-files";

const good = (name: string) => new File([new Uint8Array([1, 2, 3])], name);

/** A placeholder of a cloud drive: it has a name and a size, but its bytes cannot be read. */
function placeholder(name: string): File {
  const file = good(name);
  file.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  return file;
}

describe("files that a visitor brings", () => {
  it("reads 49 of 50 and names the one that cannot be read", async () => {
    const files = Array.from({ length: 50 }, (_, i) => (i === 17 ? placeholder("17.jpg") : good(`${String(i)}.jpg`)));
    const { read, unread } = await readAll(files);
    expect(read).toHaveLength(49);
    expect(read[0]).toEqual({ path: "0.jpg", bytes: new Uint8Array([1, 2, 3]) });
    expect(unread).toEqual([{ code: "engine.namedFileUnreadable", params: { name: "17.jpg" } }]);
  });

  it("fails where none can be read", async () => {
    await expect(readAll([placeholder("a.zip")])).rejects.toMatchObject({ detail: { code: "engine.namedFileUnreadable" } });
  });
});
