/**
 * The service worker and the web manifest: after one visit the page opens without a network, and it can be installed.
 *
 * Everything that a first prediction needs is stored at once. The other wasm builds and data sets are stored when they
 * are first used. A new version waits until the visitor agrees, so it never interrupts a run.
 */
import { VitePWA } from "vite-plugin-pwa";

/** The largest file is the model, 5 MB; workbox leaves larger ones out without an error. */
const LARGEST_FILE = 30e6;

export function offline() {
  return VitePWA({
    strategies: "generateSW",
    registerType: "prompt",
    // The page registers it itself: its policy allows no inline script.
    injectRegister: null,
    manifest: {
      name: "AlexNet Lab",
      short_name: "AlexNet",
      description: "AlexNet in a browser tab: classify a photo, train the network, watch it learn.",
      id: "./",
      start_url: "./",
      scope: "./",
      display: "standalone",
      theme_color: "#3451d1",
      background_color: "#ffffff",
      icons: [{ src: "./favicon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
    },
    workbox: {
      maximumFileSizeToCacheInBytes: LARGEST_FILE,
      globPatterns: ["index.html", "favicon.svg", "assets/**/*", "generated/*", "models/*.json", "models/alexnet-64.safetensors", "samples/*", "data/index.json"],
      globIgnores: ["**/alexnet_gpu_bg*", "**/alexnet_experiments_bg*"],
      navigateFallback: "index.html",
      ignoreURLParametersMatching: [/./],
      cleanupOutdatedCaches: true,
      runtimeCaching: [
        { urlPattern: /\/assets\/.*\.wasm$/, handler: "CacheFirst", options: { cacheName: "wasm", cacheableResponse: { statuses: [200] }, expiration: { maxEntries: 4 } } },
        { urlPattern: /\/models\/.*/, handler: "StaleWhileRevalidate", options: { cacheName: "models", cacheableResponse: { statuses: [200] }, expiration: { maxEntries: 12 } } },
        { urlPattern: /\/data\/.*/, handler: "StaleWhileRevalidate", options: { cacheName: "data", cacheableResponse: { statuses: [200] } } },
      ],
    },
  });
}
