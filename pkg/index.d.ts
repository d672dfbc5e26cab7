import type { WasmLab } from "./dist/wasm-api.js";

export * from "./dist/protocol.js";
export type * from "./dist/wasm-api.js";
export type { RustCode, RustError, RustMessage, RustMessages } from "./dist/wasm-types.js";

/** The engine's object. Calls are done one after another; each returns a promise, and rejects with a `RustError`: an `Error` whose message is an English sentence, with its `code` and `params`. */
export type Lab = {
  [Name in keyof WasmLab]: WasmLab[Name] extends (...values: infer Values) => infer Result
    ? (...values: Values) => Promise<Awaited<Result>>
    : never;
};

/** Where the tensors live: `webgpu` needs a browser that has it. */
export interface CreateOptions {
  backend?: "cpu" | "webgpu";
}

/** Loads the engine and starts it on a backend, the CPU unless said otherwise. */
export function create(options?: CreateOptions): Promise<Lab>;
