/// <reference types="svelte" />
/// <reference types="vite/client" />

/** Bytes of each built wasm file, by name. */
declare const __WASM_BYTES__: Record<string, number>;

/** Loaders of the message catalogue, by language and namespace (web/build/catalogue.mjs). */
declare module "virtual:messages" {
  const loaders: Readonly<Record<string, Readonly<Record<string, () => Promise<{ default: Record<string, (params: Record<string, unknown>) => string> }>>>>>;
  export default loaders;
}
