/** What the views are called. */
import { t } from "../i18n/index.svelte";
import type { View } from "../state/url";

export const viewTitle = (view: View): string =>
  ({ classify: t.ui.viewClassify, studio: t.ui.viewStudio, train: t.ui.viewTrain, learn: t.ui.viewLearn, models: t.ui.viewModels })[view]();
