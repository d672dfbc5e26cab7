//! Scaling the weights against averaging sampled masks.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Weight scaling against sampling.
pub const SAMPLING: Experiment = Experiment {
    name: "sampling",
    title: "One scaled network or many sampled ones",
    claim: "At test time, one network with scaled weights does about as well as the average of many networks with \
        sampled dropout masks.",
    question: "How many sampled networks must be averaged until their error is no higher than that of the scaled \
        network?",
    answers: &[
        Answer { name: "one", text: "1 to 4" },
        Answer { name: "ten", text: "5 to 49" },
        Answer { name: "fifty", text: "50 to 200" },
        Answer { name: "never", text: "more than 200" },
    ],
    source: "Srivastava et al. 2014, section 7.5 and figure 11",
    source_url: "https://jmlr.org/papers/v15/srivastava14a.html",
    published: &[Published {
        name: "samplesToMatch",
        text: "sampled networks until their average is as good as the scaled network, on MNIST: about 50",
        value: 50.0,
        unit: Unit::Count,
    }],
    settings: &[Setting {
        name: "p",
        title: "Dropout rate",
        choices: &[
            Answer { name: "0.2", text: "0.2" },
            Answer { name: "0.5", text: "0.5" },
            Answer { name: "0.8", text: "0.8" },
        ],
    }],
    presets: &[
        Preset {
            name: "half",
            title: "Half of the units are dropped",
            values: &[("p", "0.5")],
            fails: false,
        },
        Preset {
            name: "most",
            title: "Where it fails: 0.8 of the units are dropped",
            values: &[("p", "0.8")],
            fails: true,
        },
    ],
    seeds: 5,
    data: ExperimentData::None,
    figure: Figure {
        kind: FigureKind::Curves,
        measure: "sampledError",
        x: "sampled networks that are averaged",
        y: "error on the test points",
        unit: Unit::Percent,
        published: &[],
    },
    explanation: "Each sampled network is the trained network with other units dropped. Their average gets better \
        with every network, but each costs a forward pass. Scaling the weights by the share of units that is kept \
        approximates the average in one pass. Without the scale, each layer gets larger values than it has learnt \
        to expect.",
    difference: "The published figure is for MNIST and a network with thousands of units. Here the points lie in a \
        plane, a disc inside a ring, and the network has two layers of 16 units. Five seeds are too few to tell \
        differences of less than half a percentage point.",
    next: "Drop 0.2 or 0.8 of the units: how many sampled networks does it take then?",
    code: &["crate/teach/src/sampling.rs", "crate/teach/src/mask.rs"],
};
