/**
 * The vitest environment of `*.svelte.test.ts`: Svelte's client build, in which effects run. There is no DOM.
 */
export default {
  name: "client",
  viteEnvironment: "client",
  setup: () => ({ teardown: () => undefined }),
};
