/** Reads the files that a visitor brings. */
import { message, MessageError, type Message } from "../../errors/message";
import type { NamedBytes } from "./wasm-api";

/** Reads files. One that cannot be read, such as a placeholder of a cloud drive, does not stop the others. */
export async function readAll(files: readonly File[]): Promise<{ read: NamedBytes[]; unread: Message[] }> {
  const unread: Message[] = [];
  const read = await Promise.all(
    files.map(async (file): Promise<NamedBytes[]> => {
      const path = file.webkitRelativePath || file.name;
      try {
        return [{ path, bytes: new Uint8Array(await file.arrayBuffer()) }];
      } catch {
        unread.push(message("engine.namedFileUnreadable", { name: path }));
        return [];
      }
    }),
  );
  const [first] = unread;
  if (first && unread.length === files.length) throw new MessageError(first);
  return { read: read.flat(), unread };
}
