//! Tensors in memory, and the formats of files and numbers.

use std::collections::BTreeMap;

use alexnet_protocol::messages::WriteError;

/// Values with a shape; `data.len()` is the product of `shape`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Outermost dimension first, in PyTorch's layouts: convolutions OIHW, linear layers `[out, in]`.
    pub shape: Vec<usize>,
    /// Row-major, in single precision.
    pub data: Vec<f32>,
}

/// Tensors by torchvision's key (`features.0.weight`, `classifier.1.bias`).
pub type Tensors = BTreeMap<String, Tensor>;

/// Number format of the weights on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Single precision, exact.
    F32,
    /// Half precision, rounded to nearest even: half the size.
    F16,
    /// Quantised: int8 for the weights of convolutions and linear layers, with a scale for each output channel
    /// (`<key>.scale`); everything else in single precision. A quarter of the size.
    Int8,
}

/// The file formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Weights and description, without a run.
    Safetensors,
    /// This project's format: safetensors with the state of a run.
    Alexnet,
    /// ONNX, for other runtimes; it cannot be read.
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

    /// The format of a file name's extension, in upper or lower case.
    pub fn from_extension(extension: &str) -> Option<Self> {
        [Self::Safetensors, Self::Alexnet, Self::Onnx]
            .into_iter()
            .find(|f| extension.eq_ignore_ascii_case(f.name()))
    }
}

/// Checks that no value becomes infinite in half precision: such a file would be refused when it is read.
pub fn fits_half(name: &str, tensor: &Tensor) -> Result<(), WriteError> {
    match tensor.data.iter().all(|value| !value.is_finite() || half::f16::from_f32(*value).is_finite()) {
        true => Ok(()),
        false => Err(WriteError::HalfPrecision { name: name.into() }),
    }
}
