//! The checkpoint: a network with its weights and, optionally, the state of its run.

use alexnet_protocol::messages::WriteError;
use alexnet_protocol::{Calibration, ClassLabel, ModelInfo, NetworkConfig, Preprocess, RunOptions};

use crate::model_info::{ids, is_trained, names, tensor_info};
use crate::tensor::{FileFormat, Tensors};

/// A network with its weights and, optionally, the state of its run.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The network and its options: they determine the layers.
    pub network: NetworkConfig,
    /// The classes in the order of the last layer's outputs.
    pub labels: Vec<ClassLabel>,
    /// How an image becomes the network's input.
    pub preprocess: Preprocess,
    /// How the probabilities were calibrated; the temperature is in the weights.
    pub calibration: Option<Calibration>,
    /// One sentence: where the weights come from, and their licence.
    pub origin: Option<String>,
    /// The weights, and the running statistics of batch normalisation.
    pub tensors: Tensors,
    /// The state of the run; `None` for a finished model.
    pub run: Option<RunState>,
}

/// The state of a run beside its weights: a resumed run has the same bits as one without a break.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// The options, with the seed: all random numbers follow from seed and step.
    pub options: RunOptions,
    /// Steps done.
    pub step: u64,
    /// The teachers' share of the target; the teachers are not stored.
    pub distillation: f64,
    /// The optimiser's state, named `momentum/features.0.weight`, `exp_avg/…`, `exp_avg_sq/…`.
    pub optimizer: Tensors,
    /// Exponential moving average of the weights, under the same keys; empty without averaging.
    pub average: Tensors,
}

impl Checkpoint {
    /// The network for prediction: the averaged weights if there are any, without the run.
    pub fn into_model(mut self) -> Self {
        if let Some(run) = self.run.take() {
            self.tensors.extend(run.average);
        }
        self
    }

    /// Checks that all weights and the whole state of a run are finite. A file with NaN or infinite values would be
    /// refused when it is read.
    ///
    /// # Errors
    /// [`WriteError::NotFinite`] with the first tensor that is not.
    pub fn check_finite(&self) -> Result<(), WriteError> {
        let run = self.run.iter().flat_map(|run| run.optimizer.iter().chain(&run.average));
        let bad = self.tensors.iter().chain(run).find(|(_, t)| !t.data.iter().all(|value| value.is_finite()));
        match bad {
            None => Ok(()),
            Some((name, _)) => Err(WriteError::NotFinite { name: name.clone() }),
        }
    }

    /// A summary of the model, as if it were written in single precision.
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
