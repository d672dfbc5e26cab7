//! Overlapping pooling against pooling without overlap.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Overlapping pooling.
pub const POOLING: Experiment = Experiment {
    name: "pooling",
    title: "Overlapping pooling",
    claim: "Pooling over windows that overlap (3 pixels wide, 2 apart) is better than over windows that do \
        not (2 wide, 2 apart).",
    question: "Ten networks, five with overlapping windows and five without. What does the overlap do to \
        the error on test images?",
    answers: &[
        Answer { name: "better", text: "the test error is lower with it" },
        Answer { name: "same", text: "no visible difference" },
        Answer { name: "worse", text: "the test error is higher with it" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 3.4",
    source_url: "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
    published: &[Published {
        name: "difference",
        text: "top-1 error saved on ImageNet: 0.4 points",
        value: 0.004,
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
        Preset { name: "many", title: "5,000 images", values: &[("images", "5000")], fails: false },
        Preset {
            name: "few",
            title: "Where it fails: 500 images, where the spread hides it",
            values: &[("images", "500")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "valError",
        x: "pooling",
        y: "error on test images",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "A maximum over a window of 3 by 3 pixels sees a little of its neighbours. Both arms \
        train at the learning rate that is best for them, on the same images in the same order.",
    difference: "The published difference is 0.4 points, measured on 50,000 images. Here 3,000 test images \
        and five seeds show differences of about one point at best. With 32 pixels the windows of 2 also \
        leave a larger map (4 by 4 instead of 3 by 3), so the next layer has more weights.",
    next: "Run it with more seeds on the command line: alexnet experiment pooling --seeds 20.",
    code: &["crate/experiment/src/pair.rs", "crate/kernels/src/max_pool2d.rs"],
};
