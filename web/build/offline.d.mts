import type { Plugin } from "vite";

/** Adds the service worker and the web manifest to a built site. */
export function offline(): Plugin[];
