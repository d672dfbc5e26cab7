/** The races of the Learn page: a run, its rival, and what to look for. */
import { DEFAULT_OPTIONS, type RunOptions } from "../../generated/protocol";
import { t } from "../../i18n/index.svelte";
import { formatConfiguration, withOptions, type Configuration } from "../../state/url";

export interface Race {
  /** The text of the link. */
  title: () => string;
  /** What to look for. */
  look: () => string;
  run: Partial<RunOptions>;
  /** What the rival changes, null for a single run. */
  rival: Partial<RunOptions> | null;
}

export const RACES = {
  relu: {
    title: () => t.learn.reluTry(),
    look: () => t.learn.reluLook(),
    run: { activation: "relu", learningRate: 0.01 },
    rival: { activation: "tanh" },
  },
  sigmoid: {
    title: () => t.learn.sigmoidTry(),
    look: () => t.learn.sigmoidLook(),
    run: { activation: "relu", learningRate: 0.01 },
    rival: { activation: "sigmoid" },
  },
  overfit: {
    title: () => t.learn.overfitTry(),
    look: () => t.learn.overfitLook(),
    run: { trainImages: 500, dropout: 0, epochs: 60 },
    rival: { dropout: 0.5 },
  },
  masks: {
    title: () => t.learn.masksTry(),
    look: () => t.learn.masksLook(),
    run: { dropout: 0.5 },
    rival: null,
  },
  width: {
    title: () => t.learn.widthTry(),
    look: () => t.learn.widthLook(),
    run: {},
    rival: { width: 0.5 },
  },
  towers: {
    title: () => t.learn.towersTry(),
    look: () => t.learn.towersLook(),
    run: { network: "alexnet-2012-32" },
    rival: { network: "alexnet-32" },
  },
  response: {
    title: () => t.learn.responseTry(),
    look: () => t.learn.responseLook(),
    run: { network: "alexnet-2012-32", responseNorm: "paper" },
    rival: { responseNorm: "none" },
  },
  momentum: {
    title: () => t.learn.momentumTry(),
    look: () => t.learn.momentumLook(),
    run: { momentum: 0.9 },
    rival: { momentum: 0 },
  },
  augment: {
    title: () => t.learn.augmentTry(),
    look: () => t.learn.augmentLook(),
    run: { trainImages: 2000, dropout: 0, flip: true, shift: 0.1, epochs: 40 },
    rival: { flip: false, shift: 0 },
  },
} satisfies Record<string, Race>;

/** The race's options, whole. */
export function raceOptions({ run, rival }: Race): Pick<Configuration, "options" | "rival"> {
  const options = withOptions(DEFAULT_OPTIONS, run);
  return { options, rival: rival && withOptions(options, rival) };
}

/** The query that opens the Train view on an experiment; backend and model stay as they are. */
export function raceAddress(race: Race, { backend, lang, model }: Pick<Configuration, "backend" | "lang" | "model">): string {
  return formatConfiguration({ view: "train", backend, lang, model, ...raceOptions(race) });
}
