//! What describes a stored model.

use serde::{Deserialize, Serialize};

use crate::network::{Activation, Network, Normalization, ResponseNorm};

/// Everything that fixes a network's layers, apart from its weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct NetworkConfig {
    /// The row of the table of architectures.
    pub network: Network,
    /// Outputs of the last layer.
    pub classes: u32,
    /// Factor on the channels of every convolution and on the hidden units.
    pub width: f64,
    /// The non-linearity.
    pub activation: Activation,
    /// What stands before it in the convolutions.
    pub normalization: Normalization,
    /// Local response normalisation, where the network has it.
    #[serde(default)]
    pub response_norm: ResponseNorm,
    /// Probability that dropout silences a unit (PyTorch's `p`).
    pub dropout: f64,
}

/// One class of a model: a stable id (a WordNet id, a folder's name) and a plain English name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ClassLabel {
    /// The id, as folders of a data set name it.
    pub id: String,
    /// The name a person reads.
    pub name: String,
}

/// How a picture becomes the network's input: shorter side to `resize`, centre square of `crop`, then
/// `(value / 255 - mean) / std` for each of red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Preprocess {
    /// Length in pixels that the shorter side is scaled to.
    pub resize: u32,
    /// Side in pixels of the centre square.
    pub crop: u32,
    /// Mean of each channel, of values between 0 and 1.
    pub mean: [f32; 3],
    /// Standard deviation of each channel, of values between 0 and 1.
    pub std: [f32; 3],
}

/// How a model's probabilities were made to mean what they say: temperature scaling (Guo et al. 2017), fitted on
/// images that the network was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Calibration {
    /// What the last layer's weights and biases have been divided by. It is in them already, so that whoever reads
    /// the weights gets calibrated logits: nobody applies it again.
    pub temperature: f32,
    /// Probability of the first guess below which it is wrong more often than right.
    pub doubt: f32,
    /// Expected calibration error (15 bins, 0 to 1) without the temperature, on images that it was not fitted on.
    pub ece_before: f32,
    /// The same with it.
    pub ece_after: f32,
    /// How many images the errors were measured on.
    pub images: u32,
    /// How pictures unlike those of training are told, where it was measured.
    #[serde(default)]
    pub out_of_distribution: Option<OutOfDistribution>,
}

/// How a picture unlike all those that a network was trained on is told: by the energy score of its logits, the
/// logarithm of the sum of their exponentials (Liu et al. 2020), and by statistics of its pixels. Noise, plain colours
/// and drawings can have a high energy score; their pixels give them away.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OutOfDistribution {
    /// A picture whose energy score is lower may show something that the network does not know.
    pub energy: f32,
    /// So may one whose brightness has a smaller standard deviation, of 255 levels.
    pub contrast: f32,
    /// So may one whose roughness lies outside: the mean difference of neighbouring pixels, in parts of the contrast.
    pub roughness: [f32; 2],
    /// So may one of whose neighbouring pixels a larger share is of the same brightness, to one level of 255.
    pub flatness: f32,
    /// Share of pictures of the network's own classes, not trained on, that these bounds call unknown.
    pub false_alarms: f32,
}

/// Name, shape and number format of one stored tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TensorInfo {
    /// torchvision's key where there is one (`features.0.weight`).
    pub name: String,
    /// Outermost dimension first.
    pub shape: Vec<u32>,
    /// `f32`, `f16`, …
    pub dtype: String,
}

/// What a model file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ModelInfo {
    /// `alexnet` (this project's own) or `safetensors`.
    pub format: String,
    /// The row of the table of architectures.
    pub network: Network,
    /// The network's layers in full.
    pub config: NetworkConfig,
    /// Number of classes.
    pub classes: u32,
    /// Trainable numbers.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// The stored tensors.
    pub tensors: Vec<TensorInfo>,
    /// The classes' plain English names, in order.
    pub labels: Vec<String>,
    /// The classes' ids (folders of a data set), in the same order.
    pub ids: Vec<String>,
    /// How pictures go in.
    pub preprocess: Preprocess,
    /// How the probabilities were calibrated, where they were.
    pub calibration: Option<Calibration>,
    /// Where the model comes from, in a sentence.
    pub origin: Option<String>,
    /// Training steps behind these weights, where the file says so.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub steps: Option<u64>,
}
