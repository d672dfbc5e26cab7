/** Networks as they were published, described by the core. */
import { lab } from "../../engine/page/api";
import type { Network, NetworkShape } from "../../generated/protocol";

export const published = (network: Network): Promise<NetworkShape> =>
  lab.engine.describeNetwork({ network, classes: 0, width: 1, activation: "relu", normalization: "none", responseNorm: "paper", dropout: 0.5 });
