/** Which sheet is being printed. It is drawn for the printer alone. */
import { tick } from "svelte";

export const sheet: { names: readonly string[] | null; answers: boolean } = $state({ names: null, answers: false });

/** Prints a worksheet of these experiments, or the answer sheet. */
export async function printSheet(names: readonly string[], answers: boolean): Promise<void> {
  Object.assign(sheet, { names, answers });
  await tick();
  // Some browsers return before the dialogue is closed.
  addEventListener("afterprint", () => Object.assign(sheet, { names: null }), { once: true });
  window.print();
}
