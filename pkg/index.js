/** The lab as a library: `create` loads the engine from beside this file and hands out its one object. */
export * from "./dist/protocol.js";

// Written out, one by one, so that a bundler sees the files and takes them along.
const engines = {
  cpu: {
    script: () => import("./dist/wasm/alexnet_cpu.js"),
    binary: new URL("./dist/wasm/alexnet_cpu_bg.wasm", import.meta.url),
  },
  webgpu: {
    script: () => import("./dist/wasm/alexnet_gpu.js"),
    binary: new URL("./dist/wasm/alexnet_gpu_bg.wasm", import.meta.url),
  },
};

export async function create({ backend = "cpu" } = {}) {
  const engine = Object.hasOwn(engines, backend) ? engines[backend] : undefined;
  if (!engine) throw new Error(`There is no backend “${backend}”: use cpu or webgpu.`);
  if (backend === "webgpu" && !globalThis.navigator?.gpu) {
    throw new Error("There is no WebGPU here: use the backend cpu.");
  }
  const module = await engine.script();
  await module.default({ module_or_path: await source(engine.binary) });
  return inTurn(await module.Lab.create(backend));
}

/** Node's fetch does not read files. */
async function source(url) {
  if (url.protocol !== "file:") return url;
  // A variable, so that bundlers for the browser leave it alone.
  const files = "node:fs/promises";
  const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ files);
  return readFile(url);
}

/** The engine does one thing at a time: every method waits until those called before it have ended. */
function inTurn(lab) {
  let last = Promise.resolve();
  const call = (method) => (...values) => {
    const result = last.then(() => method.apply(lab, values));
    last = result.catch(() => undefined);
    return result;
  };
  return new Proxy(lab, {
    get(target, name) {
      const value = target[name];
      return typeof value === "function" ? call(value) : value;
    },
  });
}
