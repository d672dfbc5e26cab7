/** What other views ask of Learn: which network the shape explorer shows, and which chapter to scroll to. */
import { openView, page } from "./page.svelte";
import type { Network } from "../generated/protocol";

export const shapeExplorer: { network: Network; asked: "shapes" | "towers" | null } = $state({ network: "alexnet-2012", asked: null });

/** Opens Learn at a chapter. */
export function openChapter(chapter: "shapes" | "towers", network: Network = shapeExplorer.network): void {
  shapeExplorer.network = network;
  shapeExplorer.asked = chapter;
  openView("learn");
}

/** Called in an effect of the chapter: scrolls to it when another view asked for it. */
export function scrollToChapter(chapter: "shapes" | "towers", heading: HTMLElement | undefined): void {
  if (page.view !== "learn" || shapeExplorer.asked !== chapter || !heading) return;
  shapeExplorer.asked = null;
  // After the frame has scrolled the new view to its top.
  requestAnimationFrame(() => {
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  });
}
