//! Saturation: what comes back through the layers of a deep network.

use crate::experiment::{
    Answer, Experiment, ExperimentData, Figure, FigureKind, Preset, Published, Setting, Unit,
};

/// Vanishing gradients, saturated and dead units.
pub const SATURATION: Experiment = Experiment {
    name: "saturation",
    title: "Gradients that vanish",
    claim: "In a deep network of sigmoid units the gradient gets smaller from layer to layer on its way back, so the \
        first layers hardly learn. With ReLU it keeps its size.",
    question: "Five hidden layers of sigmoid units have trained for a while. How much smaller is the gradient in the \
        first hidden layer than in the last?",
    answers: &[
        Answer { name: "same", text: "less than 3 times smaller" },
        Answer { name: "smaller", text: "3 to 50 times smaller" },
        Answer { name: "tiny", text: "more than 50 times smaller" },
    ],
    source: "Glorot and Bengio 2010; Nair and Hinton 2010; He et al. 2015",
    source_url: "https://proceedings.mlr.press/v9/glorot10a.html",
    published: &[Published {
        name: "sigmoidShrink",
        text: "how many times smaller it is after four layers if each multiplies it by the largest slope of the \
            sigmoid, 1/4",
        value: 256.0,
        unit: Unit::Times,
    }],
    settings: &[
        Setting {
            name: "start",
            title: "Weights at the start",
            choices: &[
                Answer { name: "lecun", text: "variance 1 / inputs (LeCun, Glorot)" },
                Answer { name: "he", text: "variance 2 / inputs (He)" },
                Answer { name: "paper", text: "standard deviation 0.01 (the paper)" },
                Answer { name: "large", text: "variance 25 / inputs: too large" },
            ],
        },
        Setting {
            name: "layers",
            title: "Hidden layers",
            choices: &[
                Answer { name: "2", text: "2" },
                Answer { name: "5", text: "5" },
                Answer { name: "8", text: "8" },
            ],
        },
        Setting {
            name: "rate",
            title: "Learning rate",
            choices: &[
                Answer { name: "0.01", text: "0.01" },
                Answer { name: "0.05", text: "0.05" },
                Answer { name: "0.5", text: "0.5" },
            ],
        },
    ],
    presets: &[
        Preset {
            name: "five",
            title: "Five layers, weights that keep the variance",
            values: &[("start", "lecun"), ("layers", "5"), ("rate", "0.05")],
            fails: false,
        },
        Preset {
            name: "paper",
            title: "Where it fails: with the paper's small weights ReLU's gradient vanishes too",
            values: &[("start", "paper"), ("layers", "5"), ("rate", "0.05")],
            fails: true,
        },
        Preset {
            name: "two",
            title: "Where it fails: two layers of sigmoid units learn",
            values: &[("start", "lecun"), ("layers", "2"), ("rate", "0.5")],
            fails: true,
        },
    ],
    seeds: 3,
    data: ExperimentData::Images,
    figure: Figure {
        kind: FigureKind::Dots,
        measure: "gradientRatio",
        x: "activation",
        y: "gradient in the first hidden layer, divided by that in the last",
        unit: Unit::Number,
        published: &[],
    },
    explanation: "On its way back the gradient is multiplied in each layer by the slope of the activation and by the \
        weights. The sigmoid's slope is at most 1/4, and almost 0 where it is saturated. The slope of ReLU is 1 \
        wherever the unit answers. A ReLU that answers to no image gets no gradient: it is dead. Leaky ReLU keeps \
        a small slope there.",
    difference: "The published study trains five layers of 1,000 units, and for much longer. Here each layer has \
        100 units and trains for 800 steps on 10,000 images, without momentum or normalisation.",
    next: "Start with weights that are too large: which units saturate, and in which layer?",
    code: &["crate/teach/src/deep.rs", "crate/teach/src/dense_layer.rs"],
};
