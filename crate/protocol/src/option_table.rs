//! The option table: range or choices, title and explanation of each option.
//!
//! The page's controls, URL parameters, command line flags and their help are all made from it. The defaults
//! come from [`RunOptions::default`].

use serde::Serialize;
use serde_json::Value;

use crate::messages::{OptionError, OptionTitle};
use crate::network::{Activation, Freeze, Network, Normalization, Optimizer, ResponseNorm, Schedule};
use crate::options::RunOptions;

/// The values that an option accepts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum OptionKind {
    /// A number from `min` to `max`. `integer`: whole numbers only. `log`: a slider is logarithmic.
    #[allow(missing_docs)]
    Number { min: f64, max: f64, integer: bool, log: bool },
    /// One of these names.
    #[allow(missing_docs)]
    Choice { values: Vec<String> },
    /// On or off.
    Switch,
    /// Any text (an id).
    Text,
}

/// Whether an option can change during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum OptionTiming {
    /// Applies from the next step on.
    Live,
    /// Needs a new session, with new initial weights.
    Reset,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OptionSpec {
    /// The name in URLs and in `lab.configure`: the field of [`RunOptions`] in camelCase.
    pub name: &'static str,
    /// The label of the control: the usual term.
    pub title: &'static str,
    /// The key of the title for sentences: `options.dropoutTitle`.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub title_code: &'static str,
    /// One sentence of explanation for someone who has never trained a network.
    pub help: &'static str,
    /// The values it accepts.
    pub kind: OptionKind,
    /// Whether it can change during a run.
    #[serde(rename = "when")]
    pub timing: OptionTiming,
    /// The default.
    #[cfg_attr(feature = "typescript", ts(type = "number | string | boolean"))]
    pub default: Value,
}

impl OptionSpec {
    /// The name as a command line flag: `batchSize` becomes `batch-size`.
    pub fn flag(&self) -> String {
        let mut flag = String::with_capacity(self.name.len() + 3);
        for c in self.name.chars() {
            if c.is_ascii_uppercase() {
                flag.push('-');
            }
            flag.push(c.to_ascii_lowercase());
        }
        flag
    }

    /// Checks a value against this row.
    ///
    /// # Errors
    /// One sentence that names the option, the value and what is allowed.
    pub fn check(&self, value: &Value) -> Result<(), OptionError> {
        let (option, given) = (self.titled(), value.to_string());
        match &self.kind {
            &OptionKind::Number { min, max, integer, .. } => match value.as_f64() {
                Some(x) if x >= min && x <= max && (!integer || x.fract() == 0.0) => Ok(()),
                _ if integer => Err(OptionError::Integer { option, value: given, min, max }),
                _ => Err(OptionError::Number { option, value: given, min, max }),
            },
            OptionKind::Choice { values } => match value.as_str() {
                Some(text) if values.iter().any(|v| v == text) => Ok(()),
                _ => Err(OptionError::Choice { option, value: given, choices: values.join(", ") }),
            },
            OptionKind::Switch => match value.is_boolean() {
                true => Ok(()),
                false => Err(OptionError::Switch { option, value: given }),
            },
            OptionKind::Text => match value.is_string() {
                true => Ok(()),
                false => Err(OptionError::Text { option, value: given }),
            },
        }
    }

    /// The title for a sentence.
    pub fn titled(&self) -> OptionTitle {
        OptionTitle { title: self.title, code: self.title_code }
    }
}

/// Names of choices as the page shows them, by their public names.
pub const CHOICE_NAMES: [(&str, &str); 26] = [
    ("alexnet-224", "AlexNet 224"),
    ("alexnet-2012", "AlexNet 2012"),
    ("alexnet-64", "AlexNet 64"),
    ("alexnet-32", "AlexNet 32"),
    ("alexnet-2012-32", "AlexNet 2012, 32 pixels"),
    ("fashion-mnist", "Fashion-MNIST"),
    ("relu", "ReLU"),
    ("tanh", "tanh"),
    ("sigmoid", "sigmoid"),
    ("leaky-relu", "leaky ReLU"),
    ("gelu", "GELU"),
    ("none", "none"),
    ("batch", "batch"),
    ("paper", "as in the paper"),
    ("bvlc", "as in BVLC's AlexNet"),
    ("caffenet", "as in CaffeNet"),
    ("sgd", "SGD"),
    ("adamw", "AdamW"),
    ("constant", "constant"),
    ("step", "step"),
    ("cosine", "cosine"),
    ("conv", "convolutions"),
    ("auto", "automatic"),
    ("cpu", "CPU"),
    ("webgpu", "WebGPU"),
    ("cuda", "CUDA"),
];

/// The rows, in the order in which controls are shown.
pub fn option_table() -> Vec<OptionSpec> {
    let defaults = serde_json::to_value(RunOptions::default()).unwrap_or_default();
    let choice =
        |values: Vec<&str>| OptionKind::Choice { values: values.into_iter().map(Into::into).collect() };
    let real = |min, max| OptionKind::Number { min, max, integer: false, log: false };
    let log = |min, max| OptionKind::Number { min, max, integer: false, log: true };
    let whole = |min, max| OptionKind::Number { min, max, integer: true, log: false };
    macro_rules! row {
        ($name:literal, $title:literal, $kind:expr, $timing:expr, $help:expr $(,)?) => {
            OptionSpec {
                name: $name,
                title: $title,
                title_code: concat!("options.", $name, "Title"),
                help: $help,
                kind: $kind,
                timing: $timing,
                default: defaults[$name].clone(),
            }
        };
    }
    use OptionTiming::{Live, Reset};
    vec![
        row!(
            "network",
            "Network",
            choice(Network::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Which AlexNet to train. The number is the side of its input in pixels; a larger input takes longer.",
        ),
        row!(
            "dataset",
            "Data set",
            OptionKind::Text,
            Reset,
            "The labelled images that the network is trained and tested on.",
        ),
        row!(
            "trainImages",
            "Training images",
            whole(0.0, 1e6),
            Reset,
            "Number of training images used, 0 for all. With few images the network memorises them and fails on new ones.",
        ),
        row!(
            "batchSize",
            "Batch size",
            whole(1.0, 1024.0),
            Reset,
            "Number of images in a training step. The gradient is averaged over them.",
        ),
        row!(
            "learningRate",
            "Learning rate",
            log(1e-6, 10.0),
            Live,
            "Size of each weight update. Too small is slow; too large makes the loss grow without bound.",
        ),
        row!(
            "momentum",
            "Momentum",
            real(0.0, 0.999),
            Live,
            "Share of the previous update that is kept, which smooths the direction of the steps. For AdamW: beta 1.",
        ),
        row!(
            "weightDecay",
            "Weight decay",
            real(0.0, 1.0),
            Live,
            "Pulls every weight towards zero a little in each step, which reduces overfitting.",
        ),
        row!(
            "optimizer",
            "Optimiser",
            choice(Optimizer::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "How gradients become weight updates. The 2012 paper used SGD with momentum.",
        ),
        row!(
            "schedule",
            "Schedule",
            choice(Schedule::ALL.iter().map(|v| v.name()).collect()),
            Live,
            "How the learning rate changes over the planned epochs.",
        ),
        row!(
            "epochs",
            "Epochs",
            whole(1.0, 10000.0),
            Live,
            "Planned number of passes over the training images. The run pauses after the last one.",
        ),
        row!(
            "warmupSteps",
            "Warm-up steps",
            whole(0.0, 1e6),
            Live,
            "Number of first steps in which the learning rate rises from zero, at most a tenth of the run. Large steps harm new weights.",
        ),
        row!(
            "dropout",
            "Dropout",
            real(0.0, 0.95),
            Live,
            "Probability that a unit before fc6 or fc7 is set to zero in a training step, which reduces overfitting.",
        ),
        row!(
            "activation",
            "Activation",
            choice(Activation::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "The non-linearity after each layer. The gradients of tanh and sigmoid vanish for large inputs; those of ReLU do not.",
        ),
        row!(
            "normalization",
            "Normalisation",
            choice(Normalization::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Batch normalisation rescales each channel before the activation. It is from 2015 and makes training faster.",
        ),
        row!(
            "responseNorm",
            "Response normalisation",
            choice(ResponseNorm::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Local response normalisation, only in the networks of 2012: a strong output makes its neighbours weaker. It comes before the pooling (the paper, BVLC's AlexNet) or after it (BVLC's CaffeNet).",
        ),
        row!(
            "width",
            "Width",
            real(0.125, 4.0),
            Reset,
            "Factor on the number of channels and hidden units. A wider network learns more and takes longer.",
        ),
        row!(
            "labelSmoothing",
            "Label smoothing",
            real(0.0, 0.9),
            Live,
            "Share of the target that is spread evenly over all classes, so that the network is less overconfident.",
        ),
        row!(
            "freeze",
            "Frozen layers",
            choice(Freeze::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Layers whose weights stay the same. With frozen convolutions only the fully connected layers are trained, which is fast.",
        ),
        row!(
            "weightAverage",
            "Weight averaging",
            real(0.0, 0.99999),
            Reset,
            "Decay of a running average of the weights, 0 for none. The average is what is tested and saved.",
        ),
        row!(
            "flip",
            "Mirror",
            OptionKind::Switch,
            Live,
            "Flips half of the training images from left to right.",
        ),
        row!(
            "shift",
            "Shift",
            real(0.0, 0.5),
            Live,
            "Moves each training image at random by up to this share of its side.",
        ),
        row!(
            "crop",
            "Crop",
            real(0.05, 1.0),
            Live,
            "Smallest share of a training image that a random crop keeps, 1 for no crops.",
        ),
        row!(
            "colour",
            "Colour",
            real(0.0, 1.0),
            Live,
            "Changes brightness, contrast and saturation at random by up to this share.",
        ),
        row!(
            "erase",
            "Random erasing",
            real(0.0, 1.0),
            Live,
            "Probability that a random rectangle of a training image is erased, so that the network does not rely on one part alone.",
        ),
        row!(
            "cutmix",
            "CutMix",
            real(0.0, 1.0),
            Live,
            "Probability that a rectangle of a training image comes from another image. The target is shared between both classes. Training accuracy counts only the first class, so it looks low.",
        ),
        row!(
            "seed",
            "Seed",
            whole(0.0, 4294967295.0),
            Reset,
            "Start of the random number generator. The same seed and options give the same run.",
        ),
    ]
}

impl RunOptions {
    /// Checks every value against the option table.
    ///
    /// # Errors
    /// One sentence that names the option, the value and what is allowed.
    pub fn check(&self) -> Result<(), OptionError> {
        // Without a value no row is satisfied.
        let value = serde_json::to_value(self).unwrap_or_default();
        for spec in option_table() {
            spec.check(&value[spec.name])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_has_a_row_with_a_valid_default() {
        let defaults = serde_json::to_value(RunOptions::default()).unwrap();
        let table = option_table();
        let rows: std::collections::BTreeSet<_> = table.iter().map(|s| s.name).collect();
        let fields: std::collections::BTreeSet<_> =
            defaults.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(rows, fields);
        RunOptions::default().check().unwrap();
    }

    #[test]
    fn out_of_range_value_gives_one_error() {
        let options = RunOptions { dropout: 1.5, ..Default::default() };
        let error = options.check().unwrap_err();
        assert_eq!(error.to_string(), "Dropout cannot be 1.5: use a number from 0 to 0.95.");
        let OptionError::Number { option, .. } = error else { panic!("another error: {error}") };
        assert_eq!(option.code, "options.dropoutTitle");
    }

    #[test]
    fn nan_is_rejected() {
        let options = RunOptions { learning_rate: f64::NAN, ..Default::default() };
        assert!(options.check().is_err());
    }

    #[test]
    fn every_choice_has_a_name() {
        for spec in option_table() {
            let OptionKind::Choice { values } = spec.kind else { continue };
            for value in values {
                assert!(CHOICE_NAMES.iter().any(|(choice, _)| *choice == value), "{value}");
            }
        }
    }

    #[test]
    fn flags_are_kebab_case() {
        let flags: Vec<_> = option_table().iter().map(OptionSpec::flag).collect();
        assert!(flags.contains(&"label-smoothing".to_string()));
    }
}
