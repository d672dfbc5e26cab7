//! The two groups of the 2012 network: what their filters become, and what they exchange.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Two cards, two kinds of filters.
pub const TOWERS: Experiment = Experiment {
    name: "towers",
    title: "Two cards, two kinds of filters",
    claim: "The network of 2012 is split over two cards. The first filters of one card become mostly grey, \
        those of the other mostly coloured, whatever the seed.",
    question: "A small network with the same two groups trains from several seeds. Will the filters of one \
        group be clearly more coloured than those of the other?",
    answers: &[
        Answer { name: "apart", text: "yes: by at least 20 points" },
        Answer { name: "alike", text: "no: both groups are alike" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 6.1 and figure 3",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "topOneSaved",
        text: "top-1 error saved by two cards, against one with half as many filters: 1.7 points",
        value: 0.017,
        unit: Unit::Points,
    }],
    settings: &[Setting {
        name: "colour",
        title: "Images",
        choices: &[
            Answer { name: "plain", text: "as they are" },
            Answer { name: "tinted", text: "each tinted at random" },
        ],
    }],
    presets: &[
        Preset {
            name: "tinted",
            title: "Where it fails: images tinted at random",
            values: &[("colour", "tinted")],
            fails: true,
        },
        Preset {
            name: "plain",
            title: "Where it fails: images as they are (Fashion-MNIST is grey)",
            values: &[("colour", "plain")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "colourDifference",
        x: "network",
        y: "difference of the colour shares of both groups",
        unit: Unit::Points,
        published: &[],
    },
    explanation: "The colour share of a filter is the part of its squared weights that is left when the \
        mean of red, green and blue is taken off. Filters drawn at random have two thirds. The groups do \
        not see the outputs of each other in the second layer, so nothing makes both learn the same thing.",
    difference: "The published filters are 11 by 11 pixels and trained on 1.2 million photos. Filters of 3 \
        by 3 pixels and a few thousand images have little to share out. Colour that does not tell the \
        class is not worth a filter. With photos of your own, or CIFAR-10, there is more to see.",
    next: "Give the command line CIFAR-10: alexnet experiment towers --data. Bytes: a step of the whole \
        network exchanges a fraction of what two cards send each other that split the batch.",
    code: &["crate/experiment/src/towers.rs", "crate/core/src/session/model_parallel.rs"],
};
