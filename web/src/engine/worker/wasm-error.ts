/** Errors from the wasm module: the one place where they enter TypeScript. */
import { isMessage, MessageError, type Message } from "../../errors/message";

/**
 * What the wasm module threw, as an error that can go to the page. A sentence from Rust has a `code` and `params` and
 * becomes a {@link MessageError}; anything else (a trap, what wgpu says) keeps its words.
 */
export function fromWasm(error: unknown): Error {
  if (error instanceof MessageError) return error;
  if (isMessage(error)) return new MessageError({ code: error.code, params: error.params } as Message, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
