/**
 * Which room of `src` may import from which. This table is the documentation of the layers; `npm run check:layers`
 * (part of `npm run check`) fails on every other import.
 *
 *   leaves   generated · errors · i18n
 *   parts    ui · charts · projects · media
 *   state    state (what the page knows) and engine/shared (the protocol, used by both threads)
 *   engine   engine/page, engine/worker
 *   shared   model, training (what several views use)
 *   views    views/classify, views/studio, views/train, views/learn, views/models
 *   shell    the frame, which loads the views; main.ts
 *
 * An arrow may skip layers but never goes up, and no view imports another one.
 */
const LEAVES = ["generated", "errors", "i18n"];

/** Rooms that a room may import from, besides itself. */
const ALLOWED = {
  // The parameters of a message may be messages: only types, so this is no circle at run time.
  generated: ["errors"],
  errors: ["generated"],
  i18n: ["errors", "generated"],
  ui: LEAVES,
  charts: [...LEAVES, "ui", "engine/shared"],
  projects: ["errors", "generated"],
  media: [...LEAVES, "engine/shared"],
  "engine/shared": ["errors", "generated", "projects"],
  state: [...LEAVES, "engine/shared", "projects"],
  "engine/page": [...LEAVES, "engine/shared", "state", "projects"],
  // The other thread: no catalogue, no runes, nothing that needs the DOM.
  "engine/worker": ["errors", "generated", "engine/shared", "projects"],
  model: [...LEAVES, "ui", "charts", "state", "engine/shared", "engine/page"],
  training: [...LEAVES, "ui", "charts", "state", "engine/shared", "engine/page"],
  "views/[^/]+": [...LEAVES, "ui", "charts", "projects", "media", "state", "engine/shared", "engine/page", "model", "training"],
  shell: [...LEAVES, "ui", "state", "engine/page", "media", "views/[^/]+"],
};

/** The page knows the workers by their addresses (`?worker&url`), which are files of their own. */
const WORKERS = "^src/engine/worker/(experiment-)?worker[.]ts$";

const rooms = Object.entries(ALLOWED).map(([room, allowed]) => {
  // A view is a room of its own: `$1` is the same view.
  const own = room.includes("[") ? `^src/(${room})/` : `^src/${room}/`;
  const same = room.includes("[") ? "^src/$1/" : own;
  return {
    name: `layer-of-${room.replace("/[^/]+", "").replace("/", "-")}`,
    comment: `${room.replace("/[^/]+", "/*")} imports only: ${allowed.join(", ")}`,
    severity: "error",
    from: { path: own, pathNot: "[.]test[.]ts$" },
    to: { path: "^src/", pathNot: [same, ...allowed.map((to) => `^src/${to}/`), ...(room === "engine/page" ? [WORKERS] : [])] },
  };
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...rooms,
    {
      name: "types-only",
      comment: "The protocol and the generated types take nothing but types from other rooms, so they run on both threads.",
      severity: "error",
      from: { path: "^src/(generated|engine/shared/(protocol|wasm-types))" },
      to: { path: "^src/(errors|projects)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-circle",
      comment: "Two files never need each other. Types may: they are gone at run time.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolved",
      comment: "An import that cannot be found would escape the other rules. Vite finds virtual modules and the wasm.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^(virtual:|vite/client$|.*generated/wasm/)" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "[.]test[.]ts$" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "svelte", "browser", "default"], extensions: [".ts", ".svelte.ts", ".svelte", ".js", ".mjs"] },
  },
};
