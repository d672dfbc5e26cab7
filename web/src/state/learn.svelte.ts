/** What other views ask of Learn: which network the explorer of shapes shows, and which of its chapters to turn to. */
import { openView, page } from "./page.svelte";
import type { Network } from "../generated/protocol";

export const shapeExplorer: { network: Network; asked: "shapes" | "towers" | null } = $state({ network: "alexnet-2012", asked: null });

/** Opens Learn at a chapter that is filled in only when the view is there. */
export function openChapter(chapter: "shapes" | "towers", network: Network = shapeExplorer.network): void {
  shapeExplorer.network = network;
  shapeExplorer.asked = chapter;
  openView("learn");
}

/** To be called in an effect of the chapter: turns to it when it was asked for, here or by the address. */
export function scrollToChapter(chapter: "shapes" | "towers", heading: HTMLElement | undefined): void {
  if (page.view !== "learn" || shapeExplorer.asked !== chapter || !heading) return;
  shapeExplorer.asked = null;
  // After the frame has scrolled a fresh view to its top.
  requestAnimationFrame(() => {
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  });
}
