/** The page's configuration, synchronised with its address. */
import type { RunOptions } from "../generated/protocol";
import { NO_LEARN, type LearnConfiguration } from "./learn-url";
import { formatConfiguration, parseConfiguration, withOptions, type Configuration, type View } from "./url";

const initial = parseConfiguration(typeof location === "undefined" ? "" : location.search);

/** What was wrong with the address that the page was opened with. */
export const urlProblems = initial.problems;

/** The run's options as the address had them when the page was opened: the base of `lab.configure`. */
export const urlOptions: Readonly<RunOptions> = initial.configuration.options;

/** View, backend, model, the options of the run and of its rival. Assign to its fields; the address follows. */
export const page: Configuration = $state(initial.configuration);

/** Changes some options; throws where a value is not allowed. */
export function setPageOptions(changes: Partial<RunOptions>): void {
  page.options = withOptions($state.snapshot(page.options), changes);
}

/** Shows a view, as an entry of the browser's history. */
export function openView(view: View): void {
  if (view === page.view) return;
  page.view = view;
  // The part behind # names a place in the view that is left.
  history.pushState(null, "", pageUrl(""));
}

/** Shows an experiment (or, with "" , the list), as an entry of the browser's history. */
export function openExperiment(change: Partial<LearnConfiguration>): void {
  page.view = "learn";
  page.learn = { ...NO_LEARN, path: page.learn.path, ...change };
  history.pushState(null, "", pageUrl());
}

/** The address that opens the page as it is now. */
export function pageUrl(hash = location.hash): string {
  return `${location.pathname}${formatConfiguration($state.snapshot(page), location.search)}${hash}`;
}

/** Synchronises address and configuration until the returned function is called. */
export function syncUrl(): () => void {
  const follow = () => {
    const now = pageUrl();
    if (now !== `${location.pathname}${location.search}${location.hash}`) history.replaceState(null, "", now);
  };
  const stop = $effect.root(() => {
    $effect(follow);
  });
  const back = () => {
    // Back and forward go through the views and Learn's experiments. What was chosen stays: options, model, backend and language.
    const { view, learn } = parseConfiguration(location.search).configuration;
    Object.assign(page, { view, learn });
    follow();
  };
  addEventListener("popstate", back);
  return () => {
    stop();
    removeEventListener("popstate", back);
  };
}
