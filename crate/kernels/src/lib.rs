//! The CPU kernels, on plain slices: convolution, fully connected layer, max-pooling, normalisation and ReLU,
//! forward and backward.
//!
//! All values are `f32`. Layouts are PyTorch's, contiguous: activations NCHW, weights OIHW. Each kernel runs
//! on one thread, and the order of additions depends only on the shapes and on the SIMD instruction set, so
//! the same input gives the same bits.
//!
//! A 3x3 or 5x5 convolution of stride 1 with enough channels uses Winograd tiles ([`winograd`]). Every other
//! convolution is one matrix product, as with im2col (Chellapilla et al. 2006), but the patch matrix is never
//! materialised: the product reads its elements by offset while it packs them ([`matmul::IndexedMatrix`]).

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod batch_norm;
pub mod conv2d;
mod conv_shape;
pub mod groups;
pub mod linear;
pub mod local_response_norm;
pub mod matmul;
pub mod max_pool2d;
pub mod relu;
mod simd_ops;
pub mod winograd;
mod winograd_transform;
