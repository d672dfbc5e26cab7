//! What `alexnet eval` reports, and the page shows.

use serde::{Deserialize, Serialize};

use crate::network::Network;

/// What a network, or the average of several, reaches; rates between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EvaluationMetrics {
    /// Images judged.
    pub images: u32,
    /// Share whose first guess was right.
    pub top1: f32,
    /// Share whose class was among the five best guesses.
    pub top5: f32,
    /// Mean cross-entropy.
    pub loss: f32,
    /// Expected calibration error, 15 bins.
    pub ece: f32,
}

/// One of several networks that were measured together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EvaluatedModel {
    /// The file's name.
    pub model: String,
    /// The row of the table of architectures.
    pub network: Network,
    /// Factor on its channels and hidden units.
    pub width: f64,
    /// Trainable numbers.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub parameters: u64,
    /// What it reaches alone.
    #[serde(flatten)]
    pub measured: EvaluationMetrics,
}

/// The whole report: of several networks, the average's figures and each one's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Evaluation {
    /// The network's figures, or the average's.
    #[serde(flatten)]
    pub measured: EvaluationMetrics,
    /// Each of several networks; empty where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<EvaluatedModel>,
}
