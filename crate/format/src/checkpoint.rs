//! The checkpoint: what it holds, how it becomes bytes and how bytes become one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use alexnet_protocol::{Calibration, ClassLabel, ModelInfo, NetworkConfig, Preprocess, RunOptions};

use crate::container::{self, Container};
use crate::error::FormatError;
use crate::file::{ModelFile, ids, is_trained, names, tensor_info};
use crate::metadata::{Description, Run};
use crate::{onnx, pth};

/// Numbers and their shape, outermost dimension first; `data.len()` is the product of `shape`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Outermost dimension first, PyTorch's layouts: convolutions OIHW, fully connected `[out, in]`.
    pub shape: Vec<usize>,
    /// Row-major, always single precision in memory.
    pub data: Vec<f32>,
}

/// Tensors by torchvision's key (`features.0.weight`, `classifier.1.bias`).
pub type Tensors = BTreeMap<String, Tensor>;

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

/// Number format of the weights on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Single precision: nothing is lost.
    F32,
    /// Half precision, rounded to nearest even: half the bytes.
    F16,
    /// Signed bytes for the weights of convolutions and fully connected layers, with a scale for each output
    /// channel beside them (`<key>.scale`); the rest in single precision. A quarter of the bytes.
    Int8,
}

/// The kinds of files that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Weights and description, no run.
    Safetensors,
    /// This project's own: the same container with the run's state.
    Alexnet,
    /// A graph with its weights for other runtimes; not read back.
    Onnx,
}

impl FileFormat {
    /// The format's name, which is also the file name extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Alexnet => "alexnet",
            Self::Onnx => "onnx",
        }
    }

    /// The format that a file name asks for, by its extension (upper or lower case).
    pub fn from_extension(extension: &str) -> Option<Self> {
        [Self::Safetensors, Self::Alexnet, Self::Onnx]
            .into_iter()
            .find(|f| extension.eq_ignore_ascii_case(f.name()))
    }
}

/// What stands before the names of the optimiser's tensors.
pub(crate) const OPTIMIZER: &str = "optimizer/";
/// What stands before the names of the averaged weights.
pub(crate) const AVERAGE: &str = "average/";

impl Checkpoint {
    /// Reads either kind of file, or a bare safetensors or PyTorch file with torchvision's AlexNet keys (taken
    /// for `alexnet-224`, or for `alexnet-2012` by its keys, with ImageNet's preprocessing).
    ///
    /// Shapes are checked against the data here, against the architecture where the network is built. Bytes
    /// handed over (a `Vec`) are not copied; borrowed bytes of a PyTorch file are.
    ///
    /// # Errors
    /// One sentence that says what the bytes are instead, or what is wrong with them.
    pub fn read<'a>(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, FormatError> {
        opened(bytes.into(), |file| file.checkpoint())
    }

    /// The file's bytes; the same checkpoint gives the same bytes.
    ///
    /// `precision` holds for the weights of a finished model. Beside a run's state (`Alexnet` with
    /// `self.run`) everything stays in single precision, because the run must go on to the same bits.
    ///
    /// # Errors
    /// When a tensor's data do not fill its shape, or the description is one that [`Self::read`] refuses; for ONNX
    /// also when the tensors are not the network's.
    pub fn write(&self, format: FileFormat, precision: Precision) -> Result<Vec<u8>, FormatError> {
        let run = self.run.as_ref().filter(|_| format == FileFormat::Alexnet);
        let description = Description {
            version: crate::metadata::VERSION,
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
        // A model without its run is the averaged network, where an average was kept.
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
        container::write(all, precision, &description.to_json()?)
    }

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

/// What a file holds, with the number formats as they are on disk; no weights are decoded.
///
/// # Errors
/// As [`Checkpoint::read`].
pub fn inspect<'a>(bytes: impl Into<Cow<'a, [u8]>>) -> Result<ModelInfo, FormatError> {
    opened(bytes.into(), |file| Ok(file.info()))
}

/// Opens whatever kind of file the bytes are, for as long as `use_it` takes.
fn opened<T>(
    bytes: Cow<'_, [u8]>,
    use_it: impl FnOnce(ModelFile<'_>) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    if pth::is_pytorch(&bytes) {
        // What it says of itself is judged where it lies; its weights are read here, where no archive of each tensor
        // need be made of bytes that are in memory already.
        let whole: &[u8] = &bytes;
        ModelFile::open(&whole)?;
        use_it(ModelFile::new(pth::open(bytes.into_owned())?)?)
    } else {
        let bytes: &[u8] = &bytes;
        use_it(ModelFile::new(Container::open(&bytes)?)?)
    }
}
