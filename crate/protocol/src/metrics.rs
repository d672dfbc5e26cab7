//! What a step, a validation and a prediction report.

use serde::{Deserialize, Serialize};

/// What one training step reports: the one read-back of the step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct StepMetrics {
    /// Steps done since the weights were drawn, this one included.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub step: u64,
    /// Passes over the training images, with its fraction.
    pub epoch: f64,
    /// Mean cross-entropy of the batch (natural logarithm), label smoothing included.
    pub loss: f32,
    /// Share of the batch whose first guess was right, 0 to 1, with dropout at work.
    pub train_accuracy: f32,
    /// Share of the batch whose label was among the five best guesses, 0 to 1.
    pub train_top5: f32,
    /// The learning rate this step used.
    pub learning_rate: f64,
    /// Images in the batch.
    pub images: u32,
}

/// Losses and accuracies over validation images, dropout off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Validation {
    /// Images judged.
    pub images: u32,
    /// Mean cross-entropy.
    pub loss: f32,
    /// Share whose first guess was right, 0 to 1.
    pub top1: f32,
    /// Share whose label was among the five best guesses, 0 to 1.
    pub top5: f32,
    /// Row by row (true class, predicted class), `classes × classes` counts.
    pub confusion: Vec<u32>,
}

/// One class of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Prediction {
    /// Place of the class in the model's order.
    pub index: u32,
    /// Its plain English name.
    pub label: String,
    /// Softmax probability, 0 to 1.
    pub probability: f32,
}

/// A training image that the network takes for much the same as a given picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Neighbor {
    /// Its place among the training images.
    pub index: u32,
    /// Its class.
    pub label: String,
    /// Cosine of the angle between both in the space of fc7's outputs: 1 for the same direction.
    pub similarity: f32,
}

/// A validation image that the page watches while the network learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ValidationPrediction {
    /// Its place in the validation set.
    pub index: u32,
    /// The right answer.
    pub label: String,
    /// The five best guesses, best first.
    pub top: Vec<Prediction>,
}

/// What a fresh or resumed session is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunInfo {
    /// Steps already done (0 for a fresh run).
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub step: u64,
    /// Trainable numbers in the network.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// Images used for training.
    pub train_images: u32,
    /// Images used for validation.
    pub val_images: u32,
    /// Steps in one pass over the training images.
    pub steps_per_epoch: u32,
    /// Names of the classes, in order.
    pub labels: Vec<String>,
    /// Side of the square input in pixels.
    pub input_size: u32,
    /// Units that the mask before fc6 covers.
    pub fc6_units: u32,
    /// Units that the mask before fc7 covers.
    pub fc7_units: u32,
}
