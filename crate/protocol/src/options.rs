//! The options of a training run and their defaults.

use serde::{Deserialize, Serialize};

use crate::network::{Activation, Freeze, Network, Normalization, Optimizer, ResponseNorm, Schedule};

/// Everything that a training run depends on. On the CPU backend the same options give the same bits.
///
/// Ranges and explanations are in [`option_table`], and [`RunOptions::check`] checks them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunOptions {
    /// The architecture.
    pub network: Network,
    /// Id of a data set that is loaded (`fashion-mnist`, or one that the visitor imported).
    pub dataset: String,
    /// Number of training images, 0 for all.
    pub train_images: u32,
    /// Samples per step.
    pub batch_size: u32,
    /// Learning rate.
    pub learning_rate: f64,
    /// Momentum (SGD) or β₁ (AdamW).
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// The learning rate schedule.
    pub schedule: Schedule,
    /// Number of epochs that the schedule is planned for. The run ends after them.
    pub epochs: u32,
    /// Steps in which the learning rate rises from zero.
    pub warmup_steps: u32,
    /// Dropout rate: the probability that a unit is dropped.
    pub dropout: f64,
    /// The activation function.
    pub activation: Activation,
    /// Normalisation between convolution and activation.
    pub normalization: Normalization,
    /// Local response normalisation, in networks that have it.
    pub response_norm: ResponseNorm,
    /// Factor of channels and hidden units.
    pub width: f64,
    /// Label smoothing: the share of the target spread over all classes.
    pub label_smoothing: f64,
    /// Which layers are frozen.
    pub freeze: Freeze,
    /// Decay of the exponential moving average of the weights, which validation and export use. 0 for none.
    pub weight_average: f64,
    /// Mirror half of the training images.
    pub flip: bool,
    /// Largest random shift in either direction, as a fraction of the side.
    pub shift: f64,
    /// Smallest area of a random crop, as a fraction. 1 for no crops.
    pub crop: f64,
    /// Largest random change of brightness, contrast and saturation, as a fraction.
    pub colour: f64,
    /// Probability that a rectangle of a training image is erased.
    pub erase: f64,
    /// Probability that CutMix replaces a rectangle of a training image by that of another, with its share of
    /// the target.
    pub cutmix: f64,
    /// The seed of all randomness.
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
