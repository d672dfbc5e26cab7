import { existsSync, readdirSync, statSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { catalogue } from "./build/catalogue.mjs";
import { offline } from "./build/offline.mjs";
import { securityPolicy } from "./build/security-policy.mjs";

const wasmFolder = "src/generated/wasm";

/** Sizes of the built wasm files: a compressed response does not tell how much is still to come. */
function wasmBytes(): Record<string, number> {
  if (!existsSync(wasmFolder)) return {};
  const files = readdirSync(wasmFolder).filter((file) => file.endsWith(".wasm"));
  return Object.fromEntries(files.map((file) => [file, statSync(`${wasmFolder}/${file}`).size]));
}

export default defineConfig({
  // Relative addresses: the site works from any sub-path of any static server.
  base: "./",
  plugins: [catalogue(), svelte(), securityPolicy(), offline()],
  define: { __WASM_BYTES__: JSON.stringify(wasmBytes()) },
  worker: { format: "es" },
  // light-dark() of the style sheet sets the floor; the policy of the server allows no data: scripts or styles.
  build: { target: ["chrome123", "firefox120", "safari17.5"], assetsInlineLimit: 0 },
  test: {
    setupFiles: ["./vitest.setup.ts"],
    projects: [
      { extends: true, test: { name: "node", include: ["src/**/*.test.ts", "build/*.test.ts"], exclude: ["**/*.svelte.test.ts"], environment: "node" } },
      // Effects run in Svelte's client build only.
      {
        extends: true,
        resolve: { conditions: ["browser"] },
        test: { name: "client", include: ["src/**/*.svelte.test.ts"], environment: "./build/client-environment.mjs", server: { deps: { inline: ["svelte"] } } },
      },
    ],
  },
});
