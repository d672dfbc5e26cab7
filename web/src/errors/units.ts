/** Numbers with units as messages, for code that has no catalogue. On the page, `i18n/format.ts` does the same. */
import { message, type Message } from "./message";

/** Bytes in megabytes (10⁶ bytes). */
export const size = (bytes: number): Message => (bytes < 1e7 ? message("engine.smallSize", { bytes }) : message("engine.size", { bytes }));

/** How much of a file is there: “3 MB of 20 MB”. */
export const sizeOf = (loaded: number, total: number | null | undefined): Message =>
  total ? message("engine.sizeOf", { loaded: size(loaded), total: size(total) }) : size(loaded);
