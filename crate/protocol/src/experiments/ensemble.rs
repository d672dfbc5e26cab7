//! Averages of one to five networks.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Five networks and their average.
pub const ENSEMBLE: Experiment = Experiment {
    name: "ensemble",
    title: "Five networks and their average",
    claim: "The average of several networks makes fewer mistakes than one of them.",
    question: "Five networks train on the same images from five seeds. How does the error of their average \
        compare with the mean error of one?",
    answers: &[
        Answer { name: "much", text: "lower by at least a tenth of it" },
        Answer { name: "little", text: "lower, but by less" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "worse", text: "higher" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, table 2",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "relative",
        text: "share of the top-5 errors of one network that five avoid: 10 % (18.2 % to 16.4 %)",
        value: 0.0989,
        unit: Unit::Percent,
    }],
    settings: &[
        Setting {
            name: "passes",
            title: "Passes of training",
            choices: &[
                Answer { name: "1", text: "1" },
                Answer { name: "4", text: "4" },
                Answer { name: "8", text: "8" },
            ],
        },
        Setting {
            name: "images",
            title: "Training images",
            choices: &[
                Answer { name: "500", text: "500" },
                Answer { name: "2000", text: "2,000" },
                Answer { name: "5000", text: "5,000" },
            ],
        },
    ],
    presets: &[
        Preset {
            name: "usual",
            title: "8 passes, 2,000 images",
            values: &[("passes", "8"), ("images", "2000")],
            fails: false,
        },
        Preset {
            name: "early",
            title: "Where it may fail: one pass, after which the networks have hardly learned",
            values: &[("passes", "1"), ("images", "500")],
            fails: true,
        },
    ],
    seeds: 3,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Curves,
        measure: "ensembleError",
        x: "networks that are averaged",
        y: "error on test images",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "The networks start from other weights and see the images in another order, so they make \
        other mistakes. Where they disagree, the average follows the ones that are sure. The matrix shows \
        how often two networks give the same answer.",
    difference: "The published networks are trained on ImageNet and judged by their five best guesses. \
        Here they are small, and judged by the best guess.",
    next: "Train for one pass only. Then compare the matrix: do networks agree more when they are trained \
        for longer?",
    code: &["crate/experiment/src/ensemble.rs", "crate/core/src/ensemble.rs"],
};
