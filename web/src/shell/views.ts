/** The views: what loads each, and the messages that it shows. */
import type { Component } from "svelte";
import type { Namespace } from "../generated/messages";
import { loadMessages } from "../i18n/index.svelte";
import type { View } from "../state/url";

interface Entry { component: () => Promise<{ default: Component }>; messages: readonly Namespace[] }

const ENTRIES: Readonly<Record<View, Entry>> = {
  classify: { component: () => import("../views/classify/Classify.svelte"), messages: ["classify", "classes"] },
  studio: { component: () => import("../views/studio/Studio.svelte"), messages: ["studio", "classes"] },
  train: { component: () => import("../views/train/Train.svelte"), messages: ["train", "classes"] },
  learn: { component: () => import("../views/learn/Learn.svelte"), messages: ["learn", "experiments"] },
  models: { component: () => import("../views/models/Models.svelte"), messages: ["models", "classes"] },
};

/** Messages that every view needs: the frame's, the engine's, and what may be said at any time. */
const COMMON = ["ui", "engine", "model", "options", "rust"] as const;

export const loadCommonMessages = (): Promise<void> => loadMessages(...COMMON);

/** Loads a view with its messages, both at once. */
export async function loadView(view: View): Promise<Component> {
  const { component, messages } = ENTRIES[view];
  const [module] = await Promise.all([component(), loadMessages(...messages)]);
  return module.default;
}
