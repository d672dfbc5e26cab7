/** What the browser's storage (IndexedDB, OPFS) refuses, as sentences. */
import { message, messageOf, MessageError, type Message } from "./message";

/** What browsers throw when a page's storage is full. */
export const QUOTA_EXCEEDED = "QuotaExceededError";

/** Errors of a storage that is closed to the page: private windows, a setting, a damaged profile. */
const CLOSED = new Set(["InvalidStateError", "SecurityError", "UnknownError"]);

export const isStorageFull = (error: unknown): boolean => error instanceof Error && error.name === QUOTA_EXCEEDED;

/** What a failed read or write of the storage says. Other errors keep their words. */
export function storageMessage(error: unknown): Message | string {
  if (error instanceof MessageError) return error.detail;
  if (isStorageFull(error)) return message("engine.storageFull");
  return error instanceof Error && CLOSED.has(error.name) ? message("engine.storageClosed") : messageOf(error);
}

/** The same as an error. */
export function storageError(error: unknown): Error {
  const said = storageMessage(error);
  if (typeof said !== "string") return new MessageError(said, { cause: error });
  return error instanceof Error ? error : new Error(said);
}
