/** Whether a photo is far from everything that the network was trained on. */
import type { Answer } from "./classify.svelte";

/** Its energy score is below the model's threshold. A model without a measured threshold calls nothing unknown. */
export function isUnknown({ energy, info }: Pick<Answer, "energy" | "info">): boolean {
  const threshold = info?.calibration?.outOfDistribution?.energy;
  return threshold !== undefined && energy < threshold;
}
