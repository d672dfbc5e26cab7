/// <reference types="svelte" />
/// <reference types="vite/client" />

/** Bytes of each built wasm file, by name. */
declare const __WASM_BYTES__: Record<string, number>;
