/** Registers the service worker, which makes the page open without a network, and offers its new versions. */
import { Workbox } from "workbox-window";
import { message } from "../errors/message";
import { hasGpuBuild } from "../engine/page/gpu-build";
import { showMessage } from "../state/messages.svelte";

/** Where the browser has no service workers, or a frame may not use them, the page works without. */
export function registerOffline(): void {
  // A site whose builds are not complete is replaced soon: it must not be stored.
  if (!("serviceWorker" in navigator) || !hasGpuBuild() || import.meta.env.DEV) return;
  const workbox = new Workbox(new URL("sw.js", document.baseURI).href);
  workbox.addEventListener("waiting", () => {
    // The new version takes over when every tab of the old one is closed, or when the visitor says so.
    showMessage(message("ui.newVersionReady"), "info", {
      label: message("engine.reload"),
      run: () => {
        workbox.addEventListener("controlling", () => location.reload());
        workbox.messageSkipWaiting();
      },
    });
  });
  workbox.register().catch((error: unknown) => console.warn("The page is not stored for use without a network:", error));
}
