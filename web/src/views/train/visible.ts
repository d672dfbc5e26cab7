import type { Attachment } from "svelte/attachments";

/**
 * Calls `begin` while the element can be seen (within the window, in a tab that shows), and what `begin` returned
 * when it no longer can.
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
    const observer = new IntersectionObserver((entries) => {
      within = entries[entries.length - 1]?.isIntersecting ?? false;
      update();
    });
    observer.observe(element);
    document.addEventListener("visibilitychange", update);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", update);
      end?.();
    };
  };
}
