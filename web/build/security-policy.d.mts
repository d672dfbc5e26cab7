import type { Plugin } from "vite";

/** The policy as one line. */
export function policy(): string;
/** Writes the content security policy into index.html of a built site. */
export function securityPolicy(): Plugin;
