/**
 * What views use of the engine: the `lab` object and its types. Import from here and from `engine/shared`, from no
 * other file of `engine/`.
 *
 * ```ts
 * import { lab } from "../../engine/page/api";
 *
 * const stop = lab.run.on("step", ({ slot, metrics }) => …);  // live metrics
 * await lab.start();                                          // configures from page.options if nothing is there
 * const mask = await lab.engine.mask(0, "fc6");
 * ```
 *
 * Every method returns a promise. It rejects with an `Error` whose message is a sentence for the visitor.
 */
export { Interrupted } from "./client";
export { lab } from "./lab.svelte";
export type * from "./types";
