import type { Attachment } from "svelte/attachments";

/** How far outside the window counts as seen, so that what one scrolls to is there already. */
const AROUND = "4000px 0px";

/**
 * Calls `begin` while the element can be seen (in or near the window, in a view and a tab that show), and what
 * `begin` returned when it no longer can.
 */
export function whileVisible(begin: () => () => void): Attachment<Element> {
  return (element) => {
    let within = false;
    let end: (() => void) | undefined;
    const update = () => {
      const seen = within && document.visibilityState === "visible";
      if (seen && !end) end = begin();
      if (!seen && end) end = void end();
    };
    const observer = new IntersectionObserver(
      (entries) => {
        within = entries[entries.length - 1]?.isIntersecting ?? false;
        update();
      },
      { rootMargin: AROUND },
    );
    observer.observe(element);
    document.addEventListener("visibilitychange", update);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", update);
      end?.();
    };
  };
}
