/** Fetches a wasm module, compiles it while it arrives, and starts it. */
import { message, messageError } from "../../errors/message";
import { fetchCounted, type Progress } from "../shared/fetch";

/** What the script beside a wasm file exports. */
interface Startable { default(options: { module_or_path: WebAssembly.Module }): Promise<unknown> }

/** Starts the module `name`, one of `scripts` and `binaries` (as `import.meta.glob` gives them, by path). */
export async function startWasm<Module extends Startable>(
  name: string,
  scripts: Record<string, () => Promise<Module>>,
  binaries: Record<string, string>,
  report: (progress: Progress) => void,
): Promise<Module> {
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
