/** Whether the site was replaced by a newer build while this page is open: then files of this build may be missing. */
import { hasCode, message } from "../errors/message";
import { dismiss, showMessage } from "./messages.svelte";

/** The scripts that a page of this site starts with; their names carry a hash of their content. */
const scriptsOf = (html: string): string => [...html.matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, src]) => src).join();

/** The start page as the server sends it now; null where it cannot be had. */
async function fetchPage(): Promise<string | null> {
  const response = await fetch(new URL(".", location.href), { cache: "no-store" }).catch(() => null);
  return response?.ok ? response.text() : null;
}

/** Whether the server has another build than `own`, the scripts of this page. */
export async function isReplaced(own: string, get: () => Promise<string | null> = fetchPage): Promise<boolean> {
  const now = await get();
  return now !== null && scriptsOf(now) !== "" && scriptsOf(now) !== own;
}

let checking: Promise<boolean> | null = null;

/** Looks whether there is a newer build, and says so: what is missing is missing because of that. */
export function checkForNewVersion(): Promise<boolean> {
  if (typeof document === "undefined") return Promise.resolve(false);
  checking ??= isReplaced([...document.querySelectorAll("script[src]")].map((script) => script.getAttribute("src")).join())
    .then((replaced) => {
      if (replaced) showMessage(message("ui.newVersion"), "error", { label: message("ui.reload"), run: () => location.reload() });
      return replaced;
    })
    .finally(() => (checking = null));
  return checking;
}

/** Files that are not there, or a program that does not start: what a newer build on the server looks like. */
const CAUSED_BY_IT = ["engine.notThere", "engine.notThereButPage", "engine.engineDidNotStart"] as const;

/** A part of the program that could not be loaded, in the browsers' words. */
const NOT_LOADED = /dynamically imported module|importing a module script failed/i;

/** To be told each error that is shown, with its message's id: where a newer build is the cause, that is said instead. */
export async function explainMissing(error: unknown, id: number): Promise<void> {
  if (!CAUSED_BY_IT.some((code) => hasCode(error, code)) && !(error instanceof Error && NOT_LOADED.test(error.message))) return;
  if (await checkForNewVersion()) dismiss(id);
}
