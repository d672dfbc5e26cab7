/** The backend of a site that is served while its GPU build is still being compiled. */
import { message } from "../../errors/message";
import type { chooseBackend } from "./backend";

export const WITHOUT_GPU_BUILD: ReturnType<typeof chooseBackend> = {
  backend: "cpu",
  reason: message("engine.reasonGpuBuildCompiling"),
  unexpected: false,
};
