//! ReLU against functions that saturate: figure 1 of the paper.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// ReLU against another activation function, each at its best learning rate.
pub const RELU: Experiment = Experiment {
    name: "relu",
    title: "ReLU against tanh",
    claim: "A network with ReLU learns several times faster than the same network with tanh.",
    question: "Each network trains at the learning rate that is best for it, until it makes few mistakes on its \
        training images. Which one gets there first?",
    answers: &[
        Answer { name: "twice", text: "ReLU, at least twice as fast" },
        Answer { name: "faster", text: "ReLU, but less than twice as fast" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "slower", text: "the other one" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 3.1 and figure 1",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "factor",
        text: "passes that tanh needs until 25 % training error, divided by those of ReLU (CIFAR-10, four layers): 6",
        value: 6.0,
        unit: Unit::Times,
    }],
    settings: &[
        Setting {
            name: "rival",
            title: "ReLU against",
            choices: &[
                Answer { name: "tanh", text: "tanh" },
                Answer { name: "sigmoid", text: "sigmoid" },
                Answer { name: "leaky-relu", text: "leaky ReLU" },
                Answer { name: "gelu", text: "GELU" },
            ],
        },
        Setting {
            name: "inputs",
            title: "Inputs",
            choices: &[
                Answer { name: "raw", text: "up to ±128: only the mean is taken off" },
                Answer { name: "standardised", text: "divided by their standard deviation" },
            ],
        },
        Setting {
            name: "weights",
            title: "Standard deviation of the initial weights",
            choices: &[
                Answer { name: "paper", text: "0.01 in every layer" },
                Answer { name: "fan-in", text: "by the number of inputs (He, LeCun)" },
            ],
        },
        Setting {
            name: "layers",
            title: "Layers with weights",
            choices: &[Answer { name: "4", text: "4, as in the figure" }, Answer { name: "8", text: "8" }],
        },
        Setting {
            name: "normalization",
            title: "Normalisation",
            choices: &[
                Answer { name: "none", text: "none" },
                Answer { name: "batch", text: "batch normalisation" },
            ],
        },
        Setting {
            name: "threshold",
            title: "Training error to reach",
            choices: &[
                Answer { name: "25", text: "25 %, as in the figure" },
                Answer { name: "10", text: "10 %" },
                Answer { name: "5", text: "5 %" },
            ],
        },
    ],
    presets: &[
        Preset {
            name: "today",
            title: "tanh, inputs and weights as today",
            values: &[
                ("rival", "tanh"),
                ("inputs", "standardised"),
                ("weights", "fan-in"),
                ("layers", "4"),
                ("normalization", "none"),
                ("threshold", "25"),
            ],
            fails: false,
        },
        Preset {
            name: "sigmoid",
            title: "Sigmoid instead of tanh",
            values: &[
                ("rival", "sigmoid"),
                ("inputs", "standardised"),
                ("weights", "fan-in"),
                ("layers", "4"),
                ("normalization", "none"),
                ("threshold", "25"),
            ],
            fails: false,
        },
        Preset {
            name: "paper",
            title: "Where it fails here: inputs up to ±128, weights of 0.01",
            values: &[
                ("rival", "tanh"),
                ("inputs", "raw"),
                ("weights", "paper"),
                ("layers", "4"),
                ("normalization", "none"),
                ("threshold", "25"),
            ],
            fails: true,
        },
        Preset {
            name: "batch",
            title: "Where it may fail: batch normalisation",
            values: &[
                ("rival", "tanh"),
                ("inputs", "standardised"),
                ("weights", "fan-in"),
                ("layers", "4"),
                ("normalization", "batch"),
                ("threshold", "25"),
            ],
            fails: true,
        },
    ],
    seeds: 3,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Curves,
        measure: "trainError",
        x: "passes through the training images",
        y: "training error",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "tanh is flat for large inputs: its gradient is almost 0 there, and the layers below learn slowly. \
        ReLU passes the whole gradient on for every positive input. A short search finds the best learning rate of \
        each network first. What is measured is the whole network without a penalty on its weights.",
    difference: "The figure is for CIFAR-10 and a wider network that trains for much longer. Here the images are \
        simpler, and the goal is reached after a few hundred steps. The paper does not say how its \
        inputs were scaled; programs of that time only took the mean off, and its weights had a standard deviation of \
        0.01. On this small network those make ReLU start late, and tanh can lead.",
    next: "Take inputs up to ±128 and weights of 0.01, or sigmoid instead of tanh, or eight layers: when does the \
        factor grow, and when does it turn round?",
    code: &["crate/experiment/src/relu.rs", "crate/core/src/session/train.rs", "crate/core/src/init.rs"],
};
