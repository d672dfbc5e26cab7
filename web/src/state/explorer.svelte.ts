/** The network whose layers the explorer of shapes shows, and whether somebody has just asked for it from another view. */
import type { Network } from "../generated/protocol";

export const explorer: { network: Network; asked: boolean } = $state({ network: "alexnet-2012", asked: false });
