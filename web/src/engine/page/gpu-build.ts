/** Waits for the GPU build where the page was built without it: `cargo xtask serve` serves the site before it is compiled. */

const BETWEEN_MS = 5000;

/** Whether this page was built with the module for GPUs. */
export const hasGpuBuild = (): boolean => "alexnet_gpu_bg.wasm" in __WASM_BYTES__;

/** Reads `builds.json` beside the page until the build is ready (true) or has failed (false). Without the file no build is running, which counts as failed. */
export async function waitForGpuBuild(base: string, fetchFile: typeof fetch = fetch, betweenMs = BETWEEN_MS): Promise<boolean> {
  for (;;) {
    const response = await fetchFile(new URL("builds.json", base), { cache: "no-store" }).catch(() => null);
    if (!response?.ok) return false;
    const { gpu } = (await response.json()) as { gpu?: string };
    if (gpu !== "compiling") return gpu === "ready";
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
}
