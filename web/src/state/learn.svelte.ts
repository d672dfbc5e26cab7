/** What other views ask of Learn: which network the explorer of shapes shows, and which of its chapters to turn to. */
import { go, page } from "./page.svelte";
import type { Network } from "../generated/protocol";

export const explorer: { network: Network; asked: "shapes" | "towers" | null } = $state({ network: "alexnet-2012", asked: null });

/** Opens Learn at a chapter that is filled in only when the view is there. */
export function ask(chapter: "shapes" | "towers", network: Network = explorer.network): void {
  explorer.network = network;
  explorer.asked = chapter;
  go("learn");
}

/** To be called in an effect of the chapter: turns to it when it was asked for, here or by the address. */
export function answer(chapter: "shapes" | "towers", heading: HTMLElement | undefined): void {
  if (page.view !== "learn" || explorer.asked !== chapter || !heading) return;
  explorer.asked = null;
  // After the frame has scrolled a fresh view to its top.
  requestAnimationFrame(() => {
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  });
}
