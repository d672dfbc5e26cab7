//! AlexNet and its relatives: architectures, layers, training session, metrics.
//!
//! The core knows no browser and no operating system: no I/O, no clock, no threads of its own, no
//! JavaScript. It is asynchronous because reading a tensor back from a GPU is. What depends on the target
//! stands in [`device`]. A [`Session`] is *pulled*: [`Session::step`] trains and returns what happened, and
//! pausing is not calling. Browser, command line, npm package and tests drive the same object.

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
pub use session::{Mask, Session};
