/** The backend of a site that is served while its build for GPUs is still being compiled. */
import type { chooseBackend } from "./backend";

export const WITHOUT_GPU_BUILD: ReturnType<typeof chooseBackend> = {
  backend: "cpu",
  reason: "The GPU build is still being compiled, so the lab computes on the CPU for now.",
  surprise: false,
};
