/** What the wasm module says, as messages of the page's catalogue. */
import { MessageError, isMessage, messageOf, type Message } from "../../errors/message";
import type { RustError, RustMessage } from "../shared/wasm-types";

/** A message of Rust has the shape of the page's own; only its codes differ. */
const isRustMessage = (value: unknown): value is RustMessage => isMessage(value);

const isRustError = (value: unknown): value is RustError => value instanceof Error && isRustMessage(value);

/** A message of Rust as one of the catalogue: its codes are those of rust.json, unless they name another file. */
export function fromRust({ code, params }: RustMessage): Message {
  const entries = Object.entries(params).map(([name, value]) => [name, isRustMessage(value) ? fromRust(value) : value] as const);
  return { code: code.includes(".") ? code : `rust.${code}`, params: Object.fromEntries(entries) } as Message;
}

/**
 * An error that the wasm threw, for the page; anything else (a panic, an error of a callback) stays as it is.
 *
 * @param cause why a file could not be fetched, where the wasm only knows that it could not
 */
export function fromWasm(thrown: unknown, cause?: unknown): Error {
  if (!isRustError(thrown)) return thrown instanceof Error ? thrown : new Error(String(thrown));
  const detail = fromRust({ code: thrown.code, params: thrown.params } as RustMessage);
  if (detail.code === "rust.dataLoad" && cause !== undefined) detail.params.reason = messageOf(cause);
  return new MessageError(detail);
}
