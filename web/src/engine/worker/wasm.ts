/** Loads one of the two wasm modules: the small one for the CPU, or the one that also has WebGPU. */
import type { Progress } from "../shared/fetch";
import { startWasm } from "./start-wasm";
import type { WasmModule } from "./wasm-api";

// Globs, because the files are build outputs: without them the page still builds and says what is missing.
const scripts = import.meta.glob<WasmModule>("../../generated/wasm/alexnet_{cpu,gpu}.js");
const binaries = import.meta.glob<string>("../../generated/wasm/alexnet_{cpu,gpu}_bg.wasm", { query: "?url", import: "default", eager: true });

/** Fetches, compiles while it arrives, and starts the module for a backend. */
export const loadWasm = (backend: "cpu" | "webgpu", report: (progress: Progress) => void): Promise<WasmModule> =>
  startWasm(backend === "cpu" ? "alexnet_cpu" : "alexnet_gpu", scripts, binaries, report);

/** Whether this site holds the module for GPUs: `cargo xtask serve` serves before it is compiled. */
export const hasGpuBuild = (): boolean => "../../generated/wasm/alexnet_gpu.js" in scripts;
