//! The report of `alexnet eval`, which the page shows too.

use serde::{Deserialize, Serialize};

use crate::network::Network;

/// Metrics of one network, or of an ensemble. Rates are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EvaluationMetrics {
    /// Number of images evaluated.
    pub images: u32,
    /// Top-1 accuracy.
    pub top1: f32,
    /// Top-5 accuracy.
    pub top5: f32,
    /// Mean cross-entropy.
    pub loss: f32,
    /// Expected calibration error, with 15 bins.
    pub ece: f32,
}

/// One of several networks evaluated together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EvaluatedModel {
    /// The file's name.
    pub model: String,
    /// The architecture.
    pub network: Network,
    /// Factor of its channels and hidden units.
    pub width: f64,
    /// Number of trainable parameters.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// Its metrics alone.
    #[serde(flatten)]
    pub metrics: EvaluationMetrics,
}

/// The whole report: the metrics of one network, or of an ensemble and each of its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Evaluation {
    /// The metrics of the network, or of the ensemble.
    #[serde(flatten)]
    pub metrics: EvaluationMetrics,
    /// The members of the ensemble. Empty for one network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<EvaluatedModel>,
}
