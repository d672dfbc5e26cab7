//! The checkpoint: a network with its weights and, where it can go on, its run.

use alexnet_protocol::{Calibration, ClassLabel, ModelInfo, NetworkConfig, Preprocess, RunOptions};

use crate::model_info::{ids, is_trained, names, tensor_info};
use crate::tensor::{FileFormat, Tensors};

/// A network with its weights, and its run if that is to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Everything that fixes the layers.
    pub network: NetworkConfig,
    /// The classes in the order of the last layer's outputs.
    pub labels: Vec<ClassLabel>,
    /// How a picture becomes the input.
    pub preprocess: Preprocess,
    /// How the probabilities were calibrated; the temperature is in the weights.
    pub calibration: Option<Calibration>,
    /// Where the weights come from and under which licence, in a sentence.
    pub origin: Option<String>,
    /// The weights, and the running statistics of batch normalisation.
    pub tensors: Tensors,
    /// What a run needs to go on to the same bits; `None` for a finished model.
    pub run: Option<RunState>,
}

/// What a run needs, next to the weights, to go on to the same bits.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// The options, the seed among them: every random stream follows from (seed, step).
    pub options: RunOptions,
    /// Steps done.
    pub step: u64,
    /// Share of the targets that is what teachers answer; the teachers are not kept.
    pub distillation: f64,
    /// The optimiser's state, named `momentum/features.0.weight`, `exp_avg/…`, `exp_avg_sq/…`.
    pub optimizer: Tensors,
    /// Exponential moving average of the weights under their own keys; empty where none is kept.
    pub average: Tensors,
}

impl Checkpoint {
    /// The network to use rather than to train on: its averaged weights where an average was kept, no run.
    pub fn into_model(mut self) -> Self {
        if let Some(run) = self.run.take() {
            self.tensors.extend(run.average);
        }
        self
    }

    /// What a person wants to know about the model, as it would be written in single precision.
    pub fn info(&self) -> ModelInfo {
        let tensors = self.tensors.iter().map(|(name, tensor)| tensor_info(name, &tensor.shape, "f32"));
        let format = if self.run.is_some() { FileFormat::Alexnet } else { FileFormat::Safetensors };
        ModelInfo {
            format: format.name().to_owned(),
            network: self.network.network,
            config: self.network,
            classes: self.network.classes,
            parameters: self
                .tensors
                .iter()
                .filter(|(n, _)| is_trained(n))
                .map(|(_, t)| t.data.len() as u64)
                .sum(),
            tensors: tensors.collect(),
            labels: names(&self.labels),
            ids: ids(&self.labels),
            preprocess: self.preprocess,
            calibration: self.calibration,
            origin: self.origin.clone(),
            steps: self.run.as_ref().map(|run| run.step),
        }
    }
}
