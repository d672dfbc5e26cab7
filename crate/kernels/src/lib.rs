//! What the CPU computes most, on plain slices: convolutions, fully connected layers, max-pooling and normalisation,
//! forward and backward.
//!
//! All values are f32, all maps NCHW without gaps, all weights OIHW: PyTorch's layouts. One thread, and the order
//! of additions depends on shapes and on the vector instructions alone: the same input gives the same bits.
//!
//! Convolutions of stride 1 between many channels go by tiles of fewer multiplications ([`winograd`]). Any other
//! is one matrix product (Chellapilla et al. 2006), but the matrix of patches is never written
//! down: the product asks for its elements by offset while it packs ([`matmul::IndexedMatrix`]).

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
