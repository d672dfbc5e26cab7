/** Tests read the English sentences. */
import loaders from "virtual:messages";
import type { Namespace } from "./src/generated/messages";
import { loadMessages } from "./src/i18n/index.svelte";

await loadMessages(...(Object.keys(loaders["en"] ?? {}) as Namespace[]));
