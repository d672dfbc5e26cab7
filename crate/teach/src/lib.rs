//! Small networks to look into: one idea a file, forward and backward side by side.
//!
//! The networks here have a few units, so that everything about them can be computed and shown: every dropout mask, every
//! decision boundary, every gradient. They are not the network of the paper; they show why a claim about it holds.
//! Everything is in `f64` and seeded, and `exp` and `log` are `libm`'s, so that a result is the same to the last bit on
//! every machine.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod autoencoder;
pub mod deep;
pub mod dense;
pub mod dense_layer;
pub mod linear;
pub mod mask;
pub mod mlp;
pub mod points;
pub mod relu;
pub mod sampling;
pub mod sgd;
pub mod sixteen;
pub mod softmax;
pub mod thinned;
