/**
 * Writes the content security policy into index.html: a static host sends no headers of its own. The project's server
 * sends the same policy (crate/xtask/src/serve.rs), with `frame-ancestors`, which counts only in a header.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../content-security-policy.txt", import.meta.url));

/** The policy as one line. */
export const policy = () => readFileSync(FILE, "utf8").trim().split(/\s*\n\s*/).join("; ");

/** @returns {import("vite").Plugin} */
export function securityPolicy() {
  return {
    name: "security-policy",
    // The development server's own scripts are inline.
    apply: "build",
    transformIndexHtml: () => [{ tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy() }, injectTo: "head-prepend" }],
  };
}
