/** Waits for the build for GPUs where the page was built without it: `cargo xtask serve` serves before it is compiled. */

const BETWEEN_MS = 5000;

/** Whether this page was built with the module for GPUs. */
export const hasGpuBuild = (): boolean => "alexnet_gpu_bg.wasm" in __WASM_BYTES__;

/** Asks `builds.json` beside the page until the build is there (true) or has failed (false). A missing file is a failure: no build goes on. */
export async function waitForGpuBuild(base: string, fetchFile: typeof fetch = fetch, betweenMs = BETWEEN_MS): Promise<boolean> {
  for (;;) {
    const response = await fetchFile(new URL("builds.json", base), { cache: "no-store" }).catch(() => null);
    if (!response?.ok) return false;
    const { gpu } = (await response.json()) as { gpu?: string };
    if (gpu !== "compiling") return gpu === "ready";
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
}
