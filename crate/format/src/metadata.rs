//! The description of a model: one JSON text in the file's metadata.

use alexnet_protocol::architecture::MAX_CLASSES;
use alexnet_protocol::messages::{Cause, DescriptionError, FileDamage, FormatError, OptionError, WriteError};
use alexnet_protocol::{
    Calibration, ClassLabel, NetworkConfig, OutOfDistribution, Preprocess, RunOptions, option_table,
};
use serde::{Deserialize, Serialize};

/// The description's key in the metadata. It is the only key: safetensors writes several keys in an order that changes
/// from run to run, but the same checkpoint must give the same bytes.
pub const KEY: &str = "alexnet";

/// Prefix of the names of the optimiser's tensors.
pub const OPTIMIZER: &str = "optimizer/";

/// Prefix of the names of the averaged weights.
pub const AVERAGE: &str = "average/";

/// Version of the description's layout; later versions are refused.
pub const VERSION: u32 = 1;

/// Everything about a model except its tensors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    pub version: u32,
    pub format: String,
    pub network: NetworkConfig,
    pub labels: Vec<ClassLabel>,
    pub preprocess: Preprocess,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

/// A run's state except its tensors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub options: RunOptions,
    pub step: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub distillation: f64,
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// The layout's version alone, which every version must be able to read.
#[derive(Deserialize)]
struct Layout {
    version: u32,
}

impl Description {
    pub fn from_json(json: &str) -> Result<Self, FormatError> {
        let damaged = |e: serde_json::Error| FormatError::Damaged {
            reason: FileDamage::Description { reason: Cause::of(&e) },
        };
        let Layout { version } = serde_json::from_str(json).map_err(damaged)?;
        if version > VERSION {
            return Err(FormatError::Newer { found: version, known: VERSION });
        }
        let description: Self = serde_json::from_str(json).map_err(damaged)?;
        description.check()?;
        Ok(description)
    }

    pub fn to_json(&self) -> Result<String, FormatError> {
        serde_json::to_string(self).map_err(|e| WriteError::Library { reason: Cause::of(&e) }.into())
    }

    /// Checks every number against what a network can have; later code relies on it.
    pub fn check(&self) -> Result<(), FormatError> {
        let refuse = |reason| Err(FormatError::Description { reason });
        let classes = self.network.classes;
        if classes == 0 || classes > MAX_CLASSES {
            return refuse(DescriptionError::Classes { classes, most: MAX_CLASSES });
        }
        if self.labels.len() != classes as usize {
            return refuse(DescriptionError::Labels { classes, labels: self.labels.len() });
        }
        for spec in option_table() {
            let value = match spec.name {
                "width" => self.network.width,
                "dropout" => self.network.dropout,
                _ => continue,
            };
            spec.check(&value.into()).map_err(impossible)?;
        }
        let Preprocess { resize, crop, mean, std } = self.preprocess;
        if crop == 0 || resize < crop || resize > 4096 {
            return refuse(DescriptionError::Preprocess { resize, crop });
        }
        if !mean.iter().all(|v| v.is_finite()) || !std.iter().all(|v| v.is_finite() && *v > 0.0) {
            return refuse(DescriptionError::Statistics {
                mean: format!("{mean:?}"),
                std: format!("{std:?}"),
            });
        }
        if let Some(Calibration { temperature, confidence_threshold, ece_before, ece_after, .. }) =
            self.calibration
            && !(temperature.is_finite()
                && temperature > 0.0
                && [confidence_threshold, ece_before, ece_after]
                    .iter()
                    .all(|share| (0.0..=1.0).contains(share)))
        {
            return refuse(DescriptionError::Calibration {
                temperature: temperature.to_string(),
                doubt: confidence_threshold.to_string(),
            });
        }
        if let Some(OutOfDistribution {
            energy,
            contrast,
            roughness: [smooth, rough],
            flatness,
            false_alarms,
        }) = self.calibration.and_then(|calibration| calibration.out_of_distribution)
            && !([energy, contrast, smooth, rough, flatness].iter().all(|bound| bound.is_finite())
                && (0.0..=1.0).contains(&false_alarms))
        {
            return refuse(DescriptionError::OutOfDistribution { energy: energy.to_string() });
        }
        match &self.run {
            Some(run) => run.options.check().map_err(impossible),
            None => Ok(()),
        }
    }
}

/// That an option of the network or of the run is out of its range.
fn impossible(error: OptionError) -> FormatError {
    FormatError::Description { reason: error.into() }
}
