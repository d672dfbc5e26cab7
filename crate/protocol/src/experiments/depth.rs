//! The network with one of its layers taken out.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// One layer less.
pub const DEPTH: Experiment = Experiment {
    name: "depth",
    title: "One layer less",
    claim: "Depth matters: without any one of its middle layers the network gets worse.",
    question: "Ten networks, five whole ones and five without one convolution in the middle. Is the test \
        error of the whole ones lower?",
    answers: &[
        Answer { name: "better", text: "lower with the layer" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "worse", text: "higher with the layer" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 7",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "difference",
        text: "top-1 error saved by any middle layer on ImageNet: about 2 points",
        value: 0.02,
        unit: Unit::Points,
    }],
    settings: &[
        Setting {
            name: "layer",
            title: "Layer taken out",
            choices: &[
                Answer { name: "conv3", text: "conv3" },
                Answer { name: "conv4", text: "conv4" },
                Answer { name: "both", text: "conv3 and conv4" },
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
            title: "conv4, 2,000 images",
            values: &[("layer", "conv4"), ("images", "2000")],
            fails: true,
        },
        Preset {
            name: "both",
            title: "conv3 and conv4",
            values: &[("layer", "both"), ("images", "2000")],
            fails: true,
        },
        Preset {
            name: "many",
            title: "conv4, 5,000 images",
            values: &[("layer", "conv4"), ("images", "5000")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "valError",
        x: "network",
        y: "error on test images",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "Both arms train at the learning rate that is best for them, on the same images in the \
        same order. A deeper network can represent more, and is harder to train.",
    difference: "The published network had 1.2 million images of 1,000 classes to learn. On a few thousand \
        small images of ten classes the convolutions that are left are enough, and a deeper network even \
        learns more slowly.",
    next: "Take two layers out. How shallow can the network be before its error rises?",
    code: &["crate/experiment/src/pair.rs", "crate/protocol/src/architecture/rows.rs"],
};
