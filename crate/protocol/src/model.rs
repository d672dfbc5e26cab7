//! The description of a stored model.

use serde::{Deserialize, Serialize};

use crate::network::{Activation, Network, Normalization, ResponseNorm};

/// Everything that determines a network's layers, apart from its weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct NetworkConfig {
    /// The architecture.
    pub network: Network,
    /// Number of classes: the outputs of the last layer.
    pub classes: u32,
    /// Factor of the channels of every convolution and of the hidden units.
    pub width: f64,
    /// The activation function.
    pub activation: Activation,
    /// Normalisation between convolution and activation.
    pub normalization: Normalization,
    /// Local response normalisation, in networks that have it.
    #[serde(default)]
    pub response_norm: ResponseNorm,
    /// Dropout rate: the probability that a unit is dropped (PyTorch's `p`).
    pub dropout: f64,
}

/// One class of a model: a stable id (a WordNet id, a folder's name) and a plain English name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ClassLabel {
    /// The id, which is the name of the class's folder in a data set.
    pub id: String,
    /// The name that people read.
    pub name: String,
}

/// How an image becomes the network's input: resize the shorter side to `resize`, crop a centre square of
/// `crop`, then `(value / 255 - mean) / std` per channel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Preprocess {
    /// Length of the shorter side after resizing, in pixels.
    pub resize: u32,
    /// Side of the centre crop, in pixels.
    pub crop: u32,
    /// Mean per channel, of values between 0 and 1.
    pub mean: [f32; 3],
    /// Standard deviation per channel, of values between 0 and 1.
    pub std: [f32; 3],
}

/// Calibration of a model by temperature scaling (Guo et al. 2017), fitted on images that it was not trained
/// on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Calibration {
    /// The temperature. The last layer's weights and biases are already divided by it, so that every reader
    /// gets calibrated logits. Do not apply it again.
    pub temperature: f32,
    /// The probability of the top class below which it is wrong more often than right.
    #[serde(rename = "doubt")]
    pub confidence_threshold: f32,
    /// Expected calibration error (15 bins, 0 to 1) before, on images that the temperature was not fitted on.
    pub ece_before: f32,
    /// The same after.
    pub ece_after: f32,
    /// Number of images that the errors were measured on.
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

/// Name, shape and number format of a stored tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TensorInfo {
    /// Key in torchvision's state dict, if it has one (`features.0.weight`).
    pub name: String,
    /// Outermost dimension first.
    pub shape: Vec<u32>,
    /// `f32`, `f16`, …
    pub dtype: String,
}

/// The content of a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ModelInfo {
    /// `alexnet` (this project's format), `safetensors`, `pth` or `onnx`.
    pub format: String,
    /// The architecture.
    pub network: Network,
    /// The full configuration of the network.
    pub config: NetworkConfig,
    /// Number of classes.
    pub classes: u32,
    /// Number of trainable parameters.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// The stored tensors.
    pub tensors: Vec<TensorInfo>,
    /// The plain English names of the classes, in order.
    pub labels: Vec<String>,
    /// The ids of the classes (folders of a data set), in the same order.
    pub ids: Vec<String>,
    /// How images are preprocessed.
    pub preprocess: Preprocess,
    /// The calibration, if there was one.
    pub calibration: Option<Calibration>,
    /// Where the model comes from, in a sentence.
    pub origin: Option<String>,
    /// Number of training steps, if the file says so.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub steps: Option<u64>,
}
