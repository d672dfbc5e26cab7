//! Local response normalisation, with and without.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Local response normalisation.
pub const RESPONSE_NORM: Experiment = Experiment {
    name: "response-norm",
    title: "Local response normalisation",
    claim: "Local response normalisation makes a network generalise better.",
    question: "Ten networks, five with local response normalisation and five without it. What does it do \
        to the error on test images?",
    answers: &[
        Answer { name: "better", text: "the test error is lower with it" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "worse", text: "the test error is higher with it" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 3.3",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[
        Published {
            name: "difference",
            text: "top-1 error saved on ImageNet: 1.4 points",
            value: 0.014,
            unit: Unit::Points,
        },
        Published {
            name: "cifarDifference",
            text: "test error saved on CIFAR-10 by a network of four layers: 2 points (13 % to 11 %)",
            value: 0.02,
            unit: Unit::Points,
        },
    ],
    settings: &[Setting {
        name: "images",
        title: "Training images",
        choices: &[
            Answer { name: "500", text: "500" },
            Answer { name: "2000", text: "2,000" },
            Answer { name: "5000", text: "5,000" },
        ],
    }],
    presets: &[
        Preset { name: "usual", title: "2,000 images", values: &[("images", "2000")], fails: true },
        Preset { name: "many", title: "5,000 images", values: &[("images", "5000")], fails: true },
        Preset { name: "few", title: "500 images", values: &[("images", "500")], fails: true },
    ],
    seeds: 5,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "valError",
        x: "response normalisation",
        y: "error on test images",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "It divides each response by a sum over the neighbouring channels at the same pixel. With \
        the constants of the paper that sum is small beside k = 2, so the layer does little more than \
        scale. Both arms train at the learning rate that is best for them, on the same images in the same \
        order.",
    difference: "Others who measured it again found no effect either: 47.0 % top-1 accuracy with it and \
        47.1 % without it in a public AlexNet. Here the network and the images are small.",
    next: "Try more images. Then look at the dots: how far do two seeds of the same network lie apart?",
    code: &["crate/experiment/src/pair.rs", "crate/kernels/src/local_response_norm.rs"],
};
