/** Loads one of the two wasm modules: the small one for the CPU, or the one that also has WebGPU. */
import { message, messageError } from "../../errors/message";
import { fetchCounted, type Progress } from "../shared/fetch";
import type { WasmModule } from "./wasm-api";

// Globs, because the files are build outputs: without them the page still builds and says what is missing.
const scripts = import.meta.glob<WasmModule>("../../generated/wasm/alexnet_*.js");
const binaries = import.meta.glob<string>("../../generated/wasm/alexnet_*_bg.wasm", { query: "?url", import: "default", eager: true });

/** Fetches, compiles while it arrives, and starts the module for a backend. */
export async function loadWasm(backend: "cpu" | "webgpu", report: (progress: Progress) => void): Promise<WasmModule> {
  const name = backend === "cpu" ? "alexnet_cpu" : "alexnet_gpu";
  const script = scripts[`../../generated/wasm/${name}.js`];
  const binary = binaries[`../../generated/wasm/${name}_bg.wasm`];
  if (!script || !binary) throw messageError("engine.engineMissing");
  const [module, compiled] = await Promise.all([script(), compile(new URL(binary, import.meta.url), report, __WASM_BYTES__[`${name}_bg.wasm`])]);
  await module.default({ module_or_path: compiled });
  return module;
}

async function compile(url: URL, report: (progress: Progress) => void, bytes: number | undefined): Promise<WebAssembly.Module> {
  const response = await fetchCounted(url, message("engine.whatEngine"), report, bytes);
  // compileStreaming insists on the right type, which not every static server sends.
  const body = new Response(response.body, { headers: { "content-type": "application/wasm" } });
  return WebAssembly.compileStreaming(body);
}

/** Whether this site holds the module for GPUs: `cargo xtask serve` serves before it is compiled. */
export const hasGpuBuild = (): boolean => "../../generated/wasm/alexnet_gpu.js" in scripts;
