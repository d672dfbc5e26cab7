//! Metrics of a step and of a validation, and predictions.

use serde::{Deserialize, Serialize};

/// Metrics of one training step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct StepMetrics {
    /// Number of steps so far, this one included.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub step: u64,
    /// Passes over the training images, with a fraction.
    pub epoch: f64,
    /// Mean cross-entropy of the batch (natural logarithm), with label smoothing.
    pub loss: f32,
    /// Top-1 accuracy on the batch, 0 to 1, with dropout on.
    pub train_accuracy: f32,
    /// Top-5 accuracy on the batch, 0 to 1, with dropout on.
    pub train_top5: f32,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// Images in the batch.
    pub images: u32,
}

/// Metrics on validation images, with dropout off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Validation {
    /// Number of images evaluated.
    pub images: u32,
    /// Mean cross-entropy.
    pub loss: f32,
    /// Top-1 accuracy, 0 to 1.
    pub top1: f32,
    /// Top-5 accuracy, 0 to 1.
    pub top5: f32,
    /// Confusion matrix: counts `[true class, predicted class]`, row-major.
    pub confusion: Vec<u32>,
}

/// One class with its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Prediction {
    /// Index of the class in the model.
    pub index: u32,
    /// Its plain English name.
    pub label: String,
    /// Softmax probability, 0 to 1.
    pub probability: f32,
}

/// A training image that is similar to a given image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Neighbor {
    /// Index of the training image.
    pub index: u32,
    /// Its class.
    pub label: String,
    /// Cosine between the embeddings of both images (fc7's outputs): 1 for the same direction.
    pub similarity: f32,
}

/// The predictions for one validation image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ValidationPrediction {
    /// Index of the validation image.
    pub index: u32,
    /// The true class.
    pub label: String,
    /// The top-5 predictions, best first.
    pub top: Vec<Prediction>,
}

/// Sizes and labels of a new or resumed run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunInfo {
    /// Number of steps so far. 0 for a new run.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub step: u64,
    /// Number of trainable parameters.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// Number of training images.
    pub train_images: u32,
    /// Number of validation images.
    pub val_images: u32,
    /// Steps per epoch.
    pub steps_per_epoch: u32,
    /// Names of the classes, in order.
    pub labels: Vec<String>,
    /// Side of the square input, in pixels.
    pub input_size: u32,
    /// Size of the dropout mask before fc6.
    pub fc6_units: u32,
    /// Size of the dropout mask before fc7.
    pub fc7_units: u32,
}
