//! AlexNet and its variants: architectures, layers, training sessions, inference and metrics.
//!
//! The core does no I/O, reads no clock, starts no threads and knows no JavaScript. It is async because
//! reading a tensor back from a GPU is. What depends on the target is in [`device`]. A [`Session`] is pulled:
//! [`Session::step`] trains and returns the metrics, and pausing means not calling it. The page, the command
//! line, the npm package and the tests all drive this type.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod average;
pub mod calibration;
pub mod classifier;
pub mod device;
pub mod dropout;
pub mod ensemble;
pub mod error;
pub mod explain;
pub mod init;
pub mod loss;
pub mod metrics;
pub mod narrow;
pub mod network;
mod ops;
pub mod optimizer;
pub mod out_of_distribution;
pub mod params;
pub mod schedule;
pub mod session;

pub use alexnet_data as data;
pub use alexnet_format as format;
pub use alexnet_protocol as protocol;
pub use alexnet_protocol::{Architecture, LayerKind, LayerSpec, architecture};

pub use classifier::Classifier;
pub use device::Compute;
pub use error::LabError;
pub use session::model_parallel::{Exchange, GroupSession, Traffic, digest};
pub use session::{Mask, Session, Setup};
