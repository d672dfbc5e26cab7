//! Dropout is an ensemble: all 16 thinned networks of a network with four units that can be dropped.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// All thinned networks of a small network.
pub const SIXTEEN: Experiment = Experiment {
    name: "sixteen",
    title: "Sixteen networks in one",
    claim: "A network trained with dropout is an ensemble of all the networks that are left when units are dropped. \
        They share their weights.",
    question: "Four units can be dropped, so there are 16 networks. How many of the networks that can still \
        compute something make more mistakes than the whole network, with its weights scaled?",
    answers: &[
        Answer { name: "few", text: "less than half of them" },
        Answer { name: "most", text: "at least half, but not all" },
        Answer { name: "all", text: "every one of them" },
    ],
    source: "Hinton et al. 2012; Baldi and Sadowski 2013",
    source_url: "https://arxiv.org/abs/1207.0580",
    published: &[Published {
        name: "geometricToScaled",
        text: "distance between the geometric mean of all thinned networks and the scaled network, with one hidden \
            layer: none",
        value: 0.0,
        unit: Unit::Number,
    }],
    settings: &[
        Setting {
            name: "hidden",
            title: "Hidden layers",
            choices: &[
                Answer { name: "2-2", text: "two layers of two units" },
                Answer { name: "4", text: "one layer of four units" },
            ],
        },
        Setting {
            name: "shape",
            title: "Points",
            choices: &[
                Answer { name: "corner", text: "a corner" },
                Answer { name: "moons", text: "two moons" },
                Answer { name: "circles", text: "circles" },
                Answer { name: "quarters", text: "quarters" },
            ],
        },
        Setting {
            name: "p",
            title: "Dropout rate",
            choices: &[
                Answer { name: "0.2", text: "0.2" },
                Answer { name: "0.5", text: "0.5" },
                Answer { name: "0.8", text: "0.8" },
            ],
        },
    ],
    presets: &[
        Preset {
            name: "two",
            title: "Two hidden layers",
            values: &[("hidden", "2-2"), ("shape", "corner"), ("p", "0.5")],
            fails: false,
        },
        Preset {
            name: "one",
            title: "One hidden layer: the geometric mean is the scaled network",
            values: &[("hidden", "4"), ("shape", "corner"), ("p", "0.5")],
            fails: false,
        },
        Preset {
            name: "tooSmall",
            title: "Where it fails: 0.8 of the units are dropped",
            values: &[("hidden", "2-2"), ("shape", "circles"), ("p", "0.8")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::None,
    figure: Figure {
        kind: FigureKind::Curves,
        measure: "scaledError",
        x: "step",
        y: "error on the test points",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "Dropout removes each unit with the given probability at every step, so each step trains one of the \
        16 networks. At test time the whole network is used and its weights are scaled. With one hidden layer this \
        gives exactly the geometric mean of all 16 networks. With two hidden layers it only comes close.",
    difference: "The published networks have thousands of units, so nobody can list all of their thinned networks. \
        With four units all can be drawn. Four units are too few for dropout to help.",
    next: "Choose one hidden layer and compare the distance between the geometric mean and the scaled network.",
    code: &["crate/teach/src/thinned.rs", "crate/teach/src/mask.rs", "crate/teach/src/mlp.rs"],
};
