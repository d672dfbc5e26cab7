/** The experiments of the Learn page: a run, its rival, and what to look for. */
import { DEFAULT_OPTIONS, type RunOptions } from "../../generated/protocol";
import { formatConfiguration, withOptions, type Configuration } from "../../state/url";

export interface Experiment {
  /** What the link says. */
  title: string;
  /** What one will see. */
  look: string;
  run: Partial<RunOptions>;
  /** What the rival changes, null for a single run. */
  rival: Partial<RunOptions> | null;
}

export const EXPERIMENTS = {
  relu: {
    title: "Race ReLU against tanh",
    look: "Same seed, same images, one difference. See which loss falls first, and by how many steps it leads.",
    run: { activation: "relu", learningRate: 0.01 },
    rival: { activation: "tanh" },
  },
  sigmoid: {
    title: "Race ReLU against sigmoid",
    look: "The older function saturates on both sides and is never negative: with five convolutions its gradient hardly arrives.",
    run: { activation: "relu", learningRate: 0.01 },
    rival: { activation: "sigmoid" },
  },
  overfit: {
    title: "Overfit 500 images, with and without dropout",
    look: "The training curve climbs to the top while the validation curve stays behind: the network learns its images by heart. With dropout the gap opens later.",
    run: { trainImages: 500, dropout: 0, epochs: 60 },
    rival: { dropout: 0.5 },
  },
  masks: {
    title: "Watch the masks of a run",
    look: "Each square is a unit of the hidden layers' input; the pale ones were silenced in the last step. Press Step and see another network.",
    run: { dropout: 0.5 },
    rival: null,
  },
  width: {
    title: "Race full width against half",
    look: "The narrow network has about a quarter of the weights: see what that costs in accuracy, and what it gains in images per second.",
    run: {},
    rival: { width: 0.5 },
  },
  towers: {
    title: "Race two towers against one",
    look: "The two towers of 2012 with their response normalisation against a network in one piece with about as many filters: in three convolutions each filter sees only half of the maps before it.",
    run: { network: "alexnet-2012-32" },
    rival: { network: "alexnet-32" },
  },
  response: {
    title: "Race with response normalisation against without",
    look: "The paper found its top-5 error 1.2 points lower with it. Later networks did without: see whether it helps here.",
    run: { network: "alexnet-2012-32", responseNorm: "paper" },
    rival: { responseNorm: "none" },
  },
  momentum: {
    title: "Race momentum 0.9 against none",
    look: "Momentum 0.9 is what the paper used. Without it the same learning rate takes smaller effective steps.",
    run: { momentum: 0.9 },
    rival: { momentum: 0 },
  },
  augment: {
    title: "Race shifted and mirrored images against plain ones",
    look: "With 2,000 images and no dropout, the plain run soon knows them by heart; the other never sees the same image twice.",
    run: { trainImages: 2000, dropout: 0, flip: true, shift: 0.1, epochs: 40 },
    rival: { flip: false, shift: 0 },
  },
} satisfies Record<string, Experiment>;

/** The experiment's options, whole. */
export function experimentOptions({ run, rival }: Experiment): Pick<Configuration, "options" | "rival"> {
  const options = withOptions(DEFAULT_OPTIONS, run);
  return { options, rival: rival && withOptions(options, rival) };
}

/** The query that opens the Train view on an experiment; backend and model stay as they are. */
export function experimentAddress(experiment: Experiment, { backend, lang, model }: Pick<Configuration, "backend" | "lang" | "model">): string {
  return formatConfiguration({ view: "train", backend, lang, model, ...experimentOptions(experiment) });
}
