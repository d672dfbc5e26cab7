//! The option table: range or choices, title and explanation of each option.
//!
//! The page's controls, URL parameters, command line flags and their help are all made from it. The defaults
//! come from [`RunOptions::default`].

use serde::Serialize;
use serde_json::Value;

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
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let wrong = |allowed: String| Err(format!("{} cannot be {value}: {allowed}.", self.title));
        match &self.kind {
            OptionKind::Number { min, max, integer, .. } => match value.as_f64() {
                Some(x) if x >= *min && x <= *max && (!integer || x.fract() == 0.0) => Ok(()),
                _ if *integer => wrong(format!("use a whole number from {min} to {max}")),
                _ => wrong(format!("use a number from {min} to {max}")),
            },
            OptionKind::Choice { values } => match value.as_str() {
                Some(text) if values.iter().any(|v| v == text) => Ok(()),
                _ => wrong(format!("use one of {}", values.join(", "))),
            },
            OptionKind::Switch => match value.is_boolean() {
                true => Ok(()),
                false => wrong("use true or false".into()),
            },
            OptionKind::Text => match value.is_string() {
                true => Ok(()),
                false => wrong("use a text".into()),
            },
        }
    }
}

/// The rows, in the order in which controls are shown.
pub fn option_table() -> Vec<OptionSpec> {
    let defaults = serde_json::to_value(RunOptions::default()).unwrap_or_default();
    let choice =
        |values: Vec<&str>| OptionKind::Choice { values: values.into_iter().map(Into::into).collect() };
    let real = |min, max| OptionKind::Number { min, max, integer: false, log: false };
    let log = |min, max| OptionKind::Number { min, max, integer: false, log: true };
    let whole = |min, max| OptionKind::Number { min, max, integer: true, log: false };
    let row = |name: &'static str, title, kind, timing, help| OptionSpec {
        name,
        title,
        help,
        kind,
        timing,
        default: defaults[name].clone(),
    };
    use OptionTiming::{Live, Reset};
    vec![
        row(
            "network",
            "Network",
            choice(Network::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Which AlexNet: the number is the side of its input in pixels, and a larger one is slower to train.",
        ),
        row(
            "dataset",
            "Data set",
            OptionKind::Text,
            Reset,
            "The labelled images that the network learns from and is tested on.",
        ),
        row(
            "trainImages",
            "Training images",
            whole(0.0, 1e6),
            Reset,
            "How many training images to use (0 for all): with few, the network learns them by heart and fails on new ones.",
        ),
        row(
            "batchSize",
            "Batch size",
            whole(1.0, 1024.0),
            Reset,
            "How many images each step averages its gradient over.",
        ),
        row(
            "learningRate",
            "Learning rate",
            log(1e-6, 10.0),
            Live,
            "How far each step moves the weights: too small is slow, too large makes the loss explode.",
        ),
        row(
            "momentum",
            "Momentum",
            real(0.0, 0.999),
            Live,
            "How much of the previous step's direction is kept, like a ball rolling downhill.",
        ),
        row(
            "weightDecay",
            "Weight decay",
            real(0.0, 1.0),
            Live,
            "A constant pull of every weight towards zero, which keeps the network simple.",
        ),
        row(
            "optimizer",
            "Optimiser",
            choice(Optimizer::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "The rule that turns gradients into weight changes: SGD with momentum is what the 2012 paper used.",
        ),
        row(
            "schedule",
            "Schedule",
            choice(Schedule::ALL.iter().map(|v| v.name()).collect()),
            Live,
            "How the learning rate changes over the planned epochs.",
        ),
        row(
            "epochs",
            "Epochs",
            whole(1.0, 10000.0),
            Live,
            "How many passes over the training images are planned; the run pauses after the last.",
        ),
        row(
            "warmupSteps",
            "Warm-up steps",
            whole(0.0, 1e6),
            Live,
            "Over how many first steps, a tenth of the run at most, the rate rises from zero: fresh weights take large steps badly.",
        ),
        row(
            "dropout",
            "Dropout",
            real(0.0, 0.95),
            Live,
            "The probability that a unit before fc6 or fc7 is silenced in a step, so that no unit can rely on another.",
        ),
        row(
            "activation",
            "Activation",
            choice(Activation::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "The non-linearity after each layer: ReLU lets gradients through where tanh and sigmoid flatten out.",
        ),
        row(
            "normalization",
            "Normalisation",
            choice(Normalization::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Batch normalisation rescales each channel before its activation; it came after AlexNet and speeds learning up.",
        ),
        row(
            "responseNorm",
            "Response normalisation",
            choice(ResponseNorm::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Only in the networks of 2012: strong responses damp their nearest_neighbors, before the pooling (the paper, BVLC's AlexNet) or after it (BVLC's CaffeNet).",
        ),
        row(
            "width",
            "Width",
            real(0.125, 4.0),
            Reset,
            "A factor on the number of filters and hidden units: wider learns more and runs slower.",
        ),
        row(
            "labelSmoothing",
            "Label smoothing",
            real(0.0, 0.9),
            Live,
            "The share of the target spread over all classes, so that the network is not pushed to be over-sure.",
        ),
        row(
            "freeze",
            "Frozen layers",
            choice(Freeze::ALL.iter().map(|v| v.name()).collect()),
            Reset,
            "Which layers keep their weights: with the convolutions frozen only the fully connected layers learn, which is quick.",
        ),
        row(
            "weightAverage",
            "Weight averaging",
            real(0.0, 0.99999),
            Reset,
            "How slowly a running average of the weights follows them (0 for none); the average is what is tested and kept.",
        ),
        row(
            "flip",
            "Mirror",
            OptionKind::Switch,
            Live,
            "Mirrors half of the training images, so that left and right do not matter.",
        ),
        row(
            "shift",
            "Shift",
            real(0.0, 0.5),
            Live,
            "Moves each training image at random by up to this share of its side.",
        ),
        row(
            "crop",
            "Crop",
            real(0.05, 1.0),
            Live,
            "The smallest share of each training image that a random crop keeps (1 for no crops).",
        ),
        row(
            "colour",
            "Colour",
            real(0.0, 1.0),
            Live,
            "Changes brightness, contrast and saturation at random by up to this share.",
        ),
        row(
            "erase",
            "Erase",
            real(0.0, 1.0),
            Live,
            "The probability that a random rectangle of a training image is blanked, so that no one part of a thing is all that counts.",
        ),
        row(
            "cutmix",
            "CutMix",
            real(0.0, 1.0),
            Live,
            "The probability that a rectangle of a training image is taken from another one, whose class is then asked for in proportion. Training accuracy counts the first class only, so it looks low.",
        ),
        row(
            "seed",
            "Seed",
            whole(0.0, 4294967295.0),
            Reset,
            "The number all randomness is drawn from: the same seed and options give the same run.",
        ),
    ]
}

impl RunOptions {
    /// Checks every value against the option table.
    ///
    /// # Errors
    /// One sentence that names the option, the value and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let value = serde_json::to_value(self).map_err(|e| e.to_string())?;
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
        assert_eq!(options.check().unwrap_err(), "Dropout cannot be 1.5: use a number from 0 to 0.95.");
    }

    #[test]
    fn nan_is_rejected() {
        let options = RunOptions { learning_rate: f64::NAN, ..Default::default() };
        assert!(options.check().is_err());
    }

    #[test]
    fn flags_are_kebab_case() {
        let flags: Vec<_> = option_table().iter().map(OptionSpec::flag).collect();
        assert!(flags.contains(&"label-smoothing".to_string()));
    }
}
