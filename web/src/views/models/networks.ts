/** What to say of each network; its layers are in the core's table of architectures. */
import type { Network } from "../../generated/protocol";
import { t } from "../../i18n/index.svelte";

/** Side of a network's input in pixels, and what it is in the language on show. */
export function networkInfo(network: Network): { pixels: number; about: string } {
  switch (network) {
    case "alexnet-224": return { pixels: 224, about: t.models.aboutAlexnet224() };
    case "alexnet-2012": return { pixels: 227, about: t.models.aboutAlexnet2012() };
    case "alexnet-64": return { pixels: 64, about: t.models.aboutAlexnet64() };
    case "alexnet-32": return { pixels: 32, about: t.models.aboutAlexnet32() };
    case "alexnet-2012-32": return { pixels: 32, about: t.models.aboutAlexnet201232() };
  }
}
