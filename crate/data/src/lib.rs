//! Data loading: decoding, preprocessing, data sets, augmentation, batches.
//!
//! Bytes from outside become a value or one sentence ([`DataError`]). Images are stored as bytes at the
//! network's input size; a batch becomes floats when a step needs it. Without the feature `fs` there is no I/O; there
//! are no clock and no threads of its own. So the crate compiles for wasm32.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod augment;
mod content;
mod crops;
mod cutmix;
mod dataset;
mod decode;
#[cfg(feature = "fs")]
mod fs;
mod import;
mod in_memory;
mod jpeg;
mod jpeg_cut;
mod pixels;
mod preprocess;
pub mod rng;
mod shard;
mod sharded;
mod shuffle;

pub use alexnet_protocol::messages::{DataError, ImportNote, SkippedImage};
pub use augment::{augment, flip, flip_flags};
pub use crops::{crop_views, crops_preprocess, test_crops};
pub use cutmix::cutmix;
pub use dataset::{Dataset, LocalFuture, Samples, Split};
pub use decode::{Decoded, decode, decode_as_far};
#[cfg(feature = "fs")]
pub use fs::{ImageList, list_images, read_path};
pub use import::{
    File, Import, ImportedClass, Input, InputSize, Report, UnsplitImages, import, import_unsplit,
    project_network,
};
pub use in_memory::InMemoryDataset;
pub use pixels::{Image, MAX_PIXELS};
pub use preprocess::{normalize, preprocess_image};
pub use rng::{Purpose, rng};
pub use shard::{Manifest, Shard, ShardFile, decode_shard, encode_shard};
pub use sharded::{ShardLoader, ShardedDataset};
pub use shuffle::epoch_order;
