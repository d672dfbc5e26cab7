/** Light or dark: the system's preference until the visitor chooses. */
import { savePreference, loadPreference } from "./preferences";

export type Theme = "light" | "dark";

const KEY = "alexnet-lab-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const state = $state<{ chosen: Theme | null; system: Theme }>({ chosen: stored(), system: dark.matches ? "dark" : "light" });
dark.addEventListener("change", () => (state.system = dark.matches ? "dark" : "light"));
apply();

export const theme = {
  get now(): Theme {
    return state.chosen ?? state.system;
  },
};

/** Changes to the other theme. The system's own is not stored. */
export function toggleTheme(): void {
  const next = theme.now === "dark" ? "light" : "dark";
  state.chosen = next === state.system ? null : next;
  savePreference(KEY, state.chosen);
  apply();
}

function apply(): void {
  if (state.chosen) document.documentElement.dataset["theme"] = state.chosen;
  else delete document.documentElement.dataset["theme"];
}

function stored(): Theme | null {
  const value = loadPreference(KEY);
  return value === "light" || value === "dark" ? value : null;
}
