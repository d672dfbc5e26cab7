//! One, two and ten crops of each test image.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// One, two, ten crops.
pub const TEN_CROPS: Experiment = Experiment {
    name: "ten-crops",
    title: "One, two, ten crops",
    claim: "Averaging the predictions for ten crops of an image gives fewer mistakes than one crop.",
    question: "A trained network sees each test image once, or with its mirror image, or as ten crops. \
        What do ten crops do to its error?",
    answers: &[
        Answer { name: "better", text: "lower with ten crops" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "worse", text: "higher with ten crops" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, table 1 and section 4.1",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "difference",
        text: "top-1 error saved by ten crops on ImageNet: 1.5 points (39.0 % to 37.5 %)",
        value: 0.015,
        unit: Unit::Points,
    }],
    settings: &[Setting {
        name: "training",
        title: "Training images",
        choices: &[
            Answer { name: "moved", text: "shifted and mirrored at random" },
            Answer { name: "plain", text: "as they are" },
        ],
    }],
    presets: &[
        Preset {
            name: "usual",
            title: "Trained on shifted and mirrored images",
            values: &[("training", "moved")],
            fails: false,
        },
        Preset {
            name: "plain",
            title: "Where it fails: trained on images as they are",
            values: &[("training", "plain")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "valError",
        x: "crops",
        y: "error on test images",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "The ten crops are the centre and the four corners of a slightly larger image, each as it \
        is and mirrored. They are what the network saw in training, so it knows them, and its mistakes on \
        them differ.",
    difference: "The published crops are 224 of 256 pixels of a photo. Here the images have 28 to 32 \
        pixels and fill their frame: they are enlarged by a seventh, and a crop may cut off what tells the \
        class.",
    next: "Train on the images as they are: what do crops do to a network that never saw any?",
    code: &["crate/experiment/src/ten_crops.rs", "crate/data/src/crops.rs"],
};
