//! The options of a run: the single home of their defaults.

use serde::{Deserialize, Serialize};

use crate::network::{Activation, Freeze, Network, Normalization, Optimizer, ResponseNorm, Schedule};

/// Everything that a training run depends on. Same options, same bits (on the CPU backend).
///
/// Ranges and explanations are in [`option_table`]; [`RunOptions::check`] holds a value against them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunOptions {
    /// The row of the table of architectures.
    pub network: Network,
    /// Id of a data set that the lab knows (`fashion-mnist`, or one the visitor brought).
    pub dataset: String,
    /// Training images used, 0 for all.
    pub train_images: u32,
    /// Images in a step.
    pub batch_size: u32,
    /// Step size.
    pub learning_rate: f64,
    /// Share of the previous update kept (SGD) or β₁ (AdamW).
    pub momentum: f64,
    /// Pull of every weight towards zero.
    pub weight_decay: f64,
    /// How gradients become updates.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Epochs that the schedule is planned for, and after which a run ends.
    pub epochs: u32,
    /// Steps over which the learning rate rises from zero.
    pub warmup_steps: u32,
    /// Probability that a unit is silenced.
    pub dropout: f64,
    /// The non-linearity.
    pub activation: Activation,
    /// Normalisation between convolution and activation.
    pub normalization: Normalization,
    /// Local response normalisation, where the network has it.
    pub response_norm: ResponseNorm,
    /// Factor on channels and hidden units.
    pub width: f64,
    /// Share of the target spread over all classes.
    pub label_smoothing: f64,
    /// Which layers keep their weights.
    pub freeze: Freeze,
    /// Decay of the running average of the weights that validation and export use; 0 for none.
    pub weight_average: f64,
    /// Mirror half of the training images.
    pub flip: bool,
    /// Largest shift in either direction, as a share of the side.
    pub shift: f64,
    /// Smallest share of the area that a random crop keeps; 1 for no crops.
    pub crop: f64,
    /// Largest change of brightness, contrast and saturation, as a share.
    pub colour: f64,
    /// Probability that a rectangle of a training image is blanked.
    pub erase: f64,
    /// Probability that a rectangle of a training image is another's, whose class takes its share of the target.
    pub cutmix: f64,
    /// The seed of every random stream.
    pub seed: u32,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            network: Network::AlexNet32,
            dataset: "fashion-mnist".into(),
            train_images: 0,
            batch_size: 32,
            learning_rate: 0.01,
            momentum: 0.9,
            weight_decay: 5e-4,
            optimizer: Optimizer::Sgd,
            schedule: Schedule::Constant,
            epochs: 10,
            warmup_steps: 50,
            dropout: 0.5,
            activation: Activation::Relu,
            normalization: Normalization::None,
            response_norm: ResponseNorm::Paper,
            width: 1.0,
            label_smoothing: 0.0,
            freeze: Freeze::None,
            weight_average: 0.0,
            flip: false,
            shift: 0.0,
            crop: 1.0,
            colour: 0.0,
            erase: 0.0,
            cutmix: 0.0,
            seed: 1,
        }
    }
}
