//! Writes checkpoints.

use alexnet_protocol::messages::FormatError;

use crate::checkpoint::Checkpoint;
use crate::metadata::{AVERAGE, Description, OPTIMIZER, Run, VERSION};
use crate::tensor::{FileFormat, Precision, Tensor};
use crate::{onnx, safetensors};

impl Checkpoint {
    /// Writes a file; the same checkpoint gives the same bytes.
    ///
    /// `precision` is that of a finished model's weights. With the state of a run (`Alexnet` with `self.run`)
    /// everything stays in single precision, because the resumed run must have the same bits.
    ///
    /// # Errors
    /// A tensor's data do not fill its shape, or [`Self::read`] would refuse the description. For ONNX also: the
    /// tensors are not the network's.
    pub fn write(&self, format: FileFormat, precision: Precision) -> Result<Vec<u8>, FormatError> {
        let run = self.run.as_ref().filter(|_| format == FileFormat::Alexnet);
        let description = Description {
            version: VERSION,
            format: format.name().to_owned(),
            network: self.network,
            labels: self.labels.clone(),
            preprocess: self.preprocess,
            calibration: self.calibration,
            origin: self.origin.clone(),
            run: run.map(|run| Run {
                options: run.options.clone(),
                step: run.step,
                distillation: run.distillation,
            }),
            steps: self.run.as_ref().map(|run| run.step),
        };
        description.check()?;
        // Without the run, a model has the averaged weights if there are any.
        let average = self.run.as_ref().filter(|_| run.is_none()).map(|run| &run.average);
        let used = |name: &String| average.and_then(|average| average.get(name));
        if format == FileFormat::Onnx {
            let tensor =
                |name: &str| self.tensors.get_key_value(name).map(|(name, t)| used(name).unwrap_or(t));
            return onnx::write(self, tensor, precision, &description.to_json()?);
        }
        let mut all: Vec<(String, &Tensor)> =
            self.tensors.iter().map(|(name, t)| (name.clone(), used(name).unwrap_or(t))).collect();
        if let Some(run) = run {
            all.extend(run.optimizer.iter().map(|(name, t)| (format!("{OPTIMIZER}{name}"), t)));
            all.extend(run.average.iter().map(|(name, t)| (format!("{AVERAGE}{name}"), t)));
        }
        let precision = if run.is_some() { Precision::F32 } else { precision };
        safetensors::write(all, precision, &description.to_json()?)
    }
}
