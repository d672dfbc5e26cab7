/** Installing the page as an app, where the browser offers it. */

/** Chromium's event, which the type library does not know. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

let offer = $state.raw<InstallEvent | null>(null);

/** Whether the browser would install the page, and how. */
export const install = {
  get possible(): boolean {
    return offer !== null;
  },
  async ask(): Promise<void> {
    const event = offer;
    offer = null;
    await event?.prompt();
  },
};

/** Keeps the browser's offer for the button of the header. */
export function watchInstall(target: Pick<Window, "addEventListener">): void {
  target.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event as InstallEvent;
  });
  target.addEventListener("appinstalled", () => (offer = null));
}
