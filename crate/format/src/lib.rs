//! Reads and writes model files.
//!
//! A [`Checkpoint`] holds a network's description, its classes, its weights under torchvision's keys, and optionally
//! the state of its run. On disk it is a safetensors file: `.safetensors` holds weights and description, `.alexnet` the
//! state of the run too. PyTorch's `.pth` is read, ONNX is written. This crate works on bytes and opens no files. Bytes
//! from outside become a value or one sentence ([`FormatError`]).

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod checkpoint;
mod container;
mod imagenet;
mod int8;
mod metadata;
mod model_file;
mod model_info;
mod onnx;
mod printable;
mod pytorch;
mod read;
mod safetensors;
mod tensor;
mod torchvision;
mod write;

pub use alexnet_protocol::messages::{FormatError, ReadError};
pub use checkpoint::{Checkpoint, RunState};
pub use imagenet::imagenet_1k;
pub use int8::ScaledBytes;
pub use model_file::{ModelFile, inspect};
pub use read::ReadAt;
pub use tensor::{FileFormat, Precision, Tensor, Tensors};
