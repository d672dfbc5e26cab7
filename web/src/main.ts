import { mount } from "svelte";
import App from "./shell/App.svelte";
import { lab } from "./engine/page/api";
import { InternalError } from "./errors/internal";
import { setLanguage } from "./i18n/index.svelte";
import { watchInstall } from "./shell/install.svelte";
import { initialLanguage } from "./shell/language";
import { registerOffline } from "./shell/offline";
import { keepTranslatedTextAlive } from "./shell/translated";
import { loadCommonMessages, loadView } from "./shell/views";
import { setExplainer } from "./state/messages.svelte";
import { explainMissing } from "./state/new-version";
import { page } from "./state/page.svelte";
import "./ui/tokens.css";

declare global {
  interface Window { lab: typeof lab }
}

watchInstall(window);
const target = document.getElementById("app");
if (!target) throw new InternalError("The page has no element #app.");
await setLanguage(initialLanguage());
// The view's parts travel at the same time as the messages of the frame; a failure is shown when the frame asks again.
void loadView(page.view).catch(() => undefined);
await loadCommonMessages();
setExplainer((error, id) => void explainMissing(error, id));
window.lab = lab;
// What stands there until the page runs.
target.replaceChildren();
keepTranslatedTextAlive(document.body);
mount(App, { target });
registerOffline();
