//! Dropout on few and on many images.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Four dropout rates on four numbers of images.
pub const DROPOUT: Experiment = Experiment {
    name: "dropout",
    title: "Dropout and the gap",
    claim: "Dropout closes the gap between the errors on training and on test images, and it costs steps.",
    question: "Half of the units are dropped instead of none. What happens to the gap, and what to the error on test \
        images?",
    answers: &[
        Answer { name: "helps", text: "the gap shrinks, and the test error falls" },
        Answer { name: "gapOnly", text: "the gap shrinks, but the test error shows no visible difference" },
        Answer { name: "hurts", text: "the test error rises" },
        Answer { name: "same", text: "no visible difference in either" },
    ],
    source: "Krizhevsky, Sutskever and Hinton 2012, section 4.2; Srivastava et al. 2014, figures 9 and 10",
    source_url: "https://jmlr.org/papers/v15/srivastava14a.html",
    published: &[Published {
        name: "stepFactor",
        text: "steps with dropout divided by those without: about 2 (the paper of 2012)",
        value: 2.0,
        unit: Unit::Times,
    }],
    settings: &[Setting {
        name: "hidden",
        title: "Units of each hidden layer",
        choices: &[
            Answer { name: "256", text: "256" },
            Answer { name: "32", text: "32" },
            Answer { name: "8", text: "8" },
        ],
    }],
    presets: &[
        Preset { name: "usual", title: "256 units", values: &[("hidden", "256")], fails: false },
        Preset {
            name: "small",
            title: "Where it fails: 8 units, too few to spare any",
            values: &[("hidden", "8")],
            fails: true,
        },
    ],
    seeds: 2,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::HeatMap,
        measure: "gap",
        x: "training images",
        y: "test error minus training error",
        unit: Unit::Points,
        published: &[],
    },
    explanation: "With dropout no unit can rely on another, so the network learns its training images less by heart. \
        Its error on them is higher, and the gap is smaller. Whether it makes fewer mistakes on new images is another \
        question, and that is the one to judge by. Every rate of dropout trains at the learning rate that is best for \
        it. Training error is that of the whole network, without dropout.",
    difference: "The published networks have thousands of units and train for days. Here a small network trains for \
        the same few hundred steps whatever the number of images. The paper of 2014 found no gain with 100 to 500 \
        images either.",
    next: "Give the hidden layers 8 units. Then look at one column: does the smallest gap have the lowest test error?",
    code: &["crate/experiment/src/dropout.rs", "crate/core/src/dropout.rs"],
};
