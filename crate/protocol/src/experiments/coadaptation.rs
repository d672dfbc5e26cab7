//! Co-adaptation: an autoencoder with and without dropout.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Units that rely on each other.
pub const COADAPTATION: Experiment = Experiment {
    name: "coadaptation",
    title: "Units that rely on each other",
    claim: "Without dropout, hidden units correct each other's mistakes, so they only work together. With dropout, \
        each unit learns something useful by itself, and fewer units answer at a time.",
    question: "An autoencoder has learnt to give back images. One hidden unit, chosen at random, is removed. How \
        much more does that cost on average without dropout than with it?",
    answers: &[
        Answer { name: "same", text: "less than twice as much" },
        Answer { name: "more", text: "2 to 10 times as much" },
        Answer { name: "much", text: "more than 10 times as much" },
    ],
    source: "Srivastava et al. 2014, section 7 and figures 7 and 8",
    source_url: "https://jmlr.org/papers/v15/srivastava14a.html",
    published: &[
        Published {
            name: "activationFactor",
            text: "mean activation of a hidden unit without dropout, divided by that with dropout, on MNIST: 2.0 \
                by 0.7",
            value: 2.9,
            unit: Unit::Times,
        },
        Published {
            name: "activationWith",
            text: "mean activation of a hidden unit with dropout, on MNIST",
            value: 0.7,
            unit: Unit::Number,
        },
        Published {
            name: "activationWithout",
            text: "mean activation of a hidden unit without dropout, on MNIST",
            value: 2.0,
            unit: Unit::Number,
        },
    ],
    settings: &[
        Setting {
            name: "p",
            title: "Dropout rate of the second network",
            choices: &[
                Answer { name: "0.2", text: "0.2" },
                Answer { name: "0.5", text: "0.5" },
                Answer { name: "0.8", text: "0.8" },
            ],
        },
        Setting {
            name: "hidden",
            title: "Hidden units",
            choices: &[
                Answer { name: "16", text: "16" },
                Answer { name: "64", text: "64" },
                Answer { name: "256", text: "256" },
            ],
        },
    ],
    presets: &[
        Preset {
            name: "published",
            title: "256 units, half of them dropped",
            values: &[("p", "0.5"), ("hidden", "256")],
            fails: false,
        },
        Preset {
            name: "few",
            title: "Where it fails: 16 units are too few to drop any",
            values: &[("p", "0.5"), ("hidden", "16")],
            fails: true,
        },
    ],
    seeds: 3,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "removalCost",
        x: "network",
        y: "growth of the error when one unit is removed",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "Both networks have one hidden layer of ReLU and learn to give back 5,000 images in grey. Only \
        dropout differs. A unit that may be missing at any step cannot be the only one that cancels another's \
        mistake. So with dropout the loss of one unit matters less, and most units are silent for most images.",
    difference: "The published figures are for MNIST and longer training. Here the mean image is taken off before \
        the first layer, so activations are smaller: compare the factor, which grows with training. After ten passes the \
        network with dropout gives back images less well; the published networks were alike.",
    next: "Look at the features of both networks, then drop 0.8 of the units.",
    code: &["crate/teach/src/autoencoder.rs", "crate/teach/src/dense_layer.rs"],
};
