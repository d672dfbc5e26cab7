//! What the CPU computes most, on plain slices: convolutions, fully connected layers, max-pooling and normalisation,
//! forward and backward.
//!
//! All values are f32, all maps NCHW without gaps, all weights OIHW: PyTorch's layouts. One thread, and the order
//! of additions depends on shapes and on the vector instructions alone: the same input gives the same bits.
//!
//! Convolutions of stride 1 between many channels go by tiles of fewer multiplications ([`winograd`]). Any other
//! is one matrix product (Chellapilla et al. 2006), but the matrix of patches is never written
//! down: the product asks for its elements by offset while it packs ([`matrix::Grid`]).

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod conv;
pub mod linear;
pub mod matrix;
pub mod norm;
pub mod pool;
pub mod rectify;
pub mod response;
mod tiles;
pub mod towers;
mod vectors;
pub mod winograd;
