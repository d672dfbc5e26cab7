//! Tensors in memory, and the formats that they are written in.

use std::collections::BTreeMap;

use alexnet_protocol::messages::WriteError;

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

/// That no number becomes infinite in half precision: such a file would be refused when it is read.
pub fn fits_half(name: &str, tensor: &Tensor) -> Result<(), WriteError> {
    match tensor.data.iter().all(|value| !value.is_finite() || half::f16::from_f32(*value).is_finite()) {
        true => Ok(()),
        false => Err(WriteError::HalfPrecision { name: name.into() }),
    }
}
