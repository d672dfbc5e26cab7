//! Pictures in: decoding, one preprocessing for all, data sets, augmentation, batches.
//!
//! Bytes from outside become a value or one sentence ([`DataError`]). Images are kept as bytes at the
//! network's size, never as floats; a batch becomes floats when a step asks for it. No clock, no threads of
//! its own, no I/O except behind the feature `fs`, so everything here compiles for wasm32.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod augment;
mod error;
#[cfg(feature = "fs")]
mod fs;
mod import;
mod memory;
mod mix;
mod order;
mod picture;
mod shard;
mod source;
pub mod stream;
mod streamed;
mod view;
mod views;

pub use augment::{augment, mirror, mirrored};
pub use error::DataError;
#[cfg(feature = "fs")]
pub use fs::read_path;
pub use import::{File, Flat, Import, Square, import, import_flat, project_network};
pub use memory::Memory;
pub use mix::cutmix;
pub use order::epoch_order;
pub use picture::{MAX_PIXELS, Picture, decode};
pub use shard::{Manifest, Shard, ShardFile, decode_shard, encode_shard};
pub use source::{ImageSource, LocalFuture, Samples, Split};
pub use stream::{Purpose, stream};
pub use streamed::{Loader, Streamed};
pub use view::{normalise, view};
pub use views::{cut, square, views};
