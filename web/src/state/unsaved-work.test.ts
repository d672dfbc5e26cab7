import { expect, test } from "vitest";
import { guardWork, hasUnsavedWork, holdsWork } from "./unsaved-work";

function page(): { window: EventTarget; document: EventTarget; hide(): void; close(): boolean } {
  const [window, document] = [new EventTarget(), new EventTarget()];
  let hidden = false;
  guardWork(window, document, () => hidden);
  return {
    window, document,
    hide() {
      hidden = true;
      document.dispatchEvent(new Event("visibilitychange"));
    },
    /** Whether the browser asks first. */
    close: () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })),
  };
}

test("a page with work in memory asks before it is closed, and saves it when it is hidden, frozen or left", () => {
  const { window, document, hide, close } = page();
  let unsaved = false;
  let saves = 0;
  const release = holdsWork({ unsaved: () => unsaved, save: () => void saves++ });
  expect(close()).toBe(false);
  hide();
  expect(saves).toBe(0);
  unsaved = true;
  expect(hasUnsavedWork()).toBe(true);
  hide();
  document.dispatchEvent(new Event("freeze"));
  window.dispatchEvent(new Event("pagehide"));
  expect(saves).toBe(3);
  expect(close()).toBe(true);
  expect(saves).toBe(4);
  release();
  expect(close()).toBe(false);
});
