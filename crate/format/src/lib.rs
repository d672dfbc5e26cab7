//! Checkpoints in and out.
//!
//! A [`Checkpoint`] is a network's description, its classes and its weights under torchvision's keys, and,
//! when a run is to go on later, the run's state. On disk it is a safetensors container: `.safetensors`
//! holds weights and description, `.alexnet` the run's state as well; PyTorch's `.pth` is read too, ONNX written. Everything here works on bytes; files
//! are opened elsewhere. Bytes from outside become a value or one sentence ([`FormatError`]).

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
