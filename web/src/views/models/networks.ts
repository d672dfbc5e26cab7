/** What to say of each network; its layers are in the core's table of architectures. */
import type { Network } from "../../generated/protocol";

export const NETWORK_STORIES: Record<Network, { pixels: number; story: string }> = {
  "alexnet-224": {
    pixels: 224,
    story: "torchvision's AlexNet, after “One weird trick” (2014): one tower, five convolutions, hidden layers of 4,096 units. Checkpoints trained in PyTorch fit. Slow to train in a tab.",
  },
  "alexnet-2012": {
    pixels: 227,
    story: "The paper's own network: two towers that meet only at some layers, and response normalisation behind the first two convolutions. 60,965,224 parameters at 1,000 classes; slow to train in a tab.",
  },
  "alexnet-64": {
    pixels: 64,
    story: "The same story for smaller pictures: five convolutions, overlapping pooling, dropout before both hidden layers. The network that this page ships is one of these.",
  },
  "alexnet-32": {
    pixels: 32,
    story: "Small enough to train in a tab on a processor: 3 × 3 kernels, hidden layers of 256 units. The one to begin with.",
  },
  "alexnet-2012-32": {
    pixels: 32,
    story: "The two towers of 2012 at the size of the one above, with their response normalisation: trains in a tab, and can be cut in two as it was then.",
  },
};
