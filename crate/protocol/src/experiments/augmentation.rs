//! Training on shifted and mirrored images.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// More images from the same ones.
pub const AUGMENTATION: Experiment = Experiment {
    name: "augmentation",
    title: "More images from the same ones",
    claim: "A network that trains on shifted and mirrored copies of its images makes fewer mistakes on new \
        ones.",
    question: "Ten networks, five that see every image a little shifted and mirrored at random, and five \
        that see it as it is. What does that do to the error on test images?",
    answers: &[
        Answer { name: "better", text: "the test error is lower with it" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "worse", text: "the test error is higher with it" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 4.1",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "difference",
        text: "top-1 error saved by changing the colours alone: more than 1 point",
        value: 0.01,
        unit: Unit::Points,
    }],
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
        Preset { name: "usual", title: "2,000 images", values: &[("images", "2000")], fails: false },
        Preset { name: "few", title: "500 images", values: &[("images", "500")], fails: false },
        Preset {
            name: "many",
            title: "Where it may fail: 5,000 images and few passes",
            values: &[("images", "5000")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "valError",
        x: "augmentation",
        y: "error on test images",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "No two steps show the network the same image, so it cannot learn the images by heart. \
        Both arms take the same number of steps, each at its best learning rate.",
    difference: "The paper crops 224 of 256 pixels, mirrors, and changes the colours. The shipped images \
        are grey and small: here they are mirrored and moved by up to 3 pixels. Learning from changing \
        images takes more steps, and this experiment has few.",
    next: "Take 500 images: does the difference grow when there are fewer images to learn by heart?",
    code: &["crate/experiment/src/pair.rs", "crate/data/src/augment.rs"],
};
