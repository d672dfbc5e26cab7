//! The interface of a data set, as a training session uses it.

use std::future::Future;
use std::pin::Pin;

use alexnet_protocol::{ClassLabel, Preprocess};

use crate::DataError;

/// Training or validation images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// Training images.
    Train,
    /// Validation images.
    Val,
}

/// Labelled images of one size, as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// Side of every image in pixels.
    pub size: u32,
    /// `[N, size, size, 3]`: row by row, red, green, blue.
    pub pixels: Vec<u8>,
    /// Class index of each image.
    pub labels: Vec<u32>,
}

impl Samples {
    /// Bytes of one image.
    pub fn image_bytes(&self) -> usize {
        let side = self.size as usize;
        side * side * 3
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pixels of one image, `[size, size, 3]`.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let bytes = self.image_bytes();
        let start = index.checked_mul(bytes)?;
        self.pixels.get(start..start.checked_add(bytes)?)
    }
}

/// A future that stays on its thread: a worker has only one.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A data set: labelled square RGB images at the network's size, fetched when a step needs them.
pub trait Dataset {
    /// The classes, in the order of their indices.
    fn labels(&self) -> &[ClassLabel];
    /// Side of every image in pixels.
    fn size(&self) -> u32;
    /// Mean and standard deviation to train with; `resize` and `crop` are [`size`](Self::size).
    fn preprocess(&self) -> Preprocess;
    /// Number of images in each shard; a data set in memory has one shard.
    fn shards(&self, split: Split) -> Vec<u32>;
    /// The images at these indices of the concatenated shards, in the order of the indices.
    ///
    /// # Errors
    /// An index out of range; a shard that cannot be loaded or is damaged.
    fn fetch<'a>(&'a self, split: Split, indices: &'a [u32]) -> LocalFuture<'a, Result<Samples, DataError>>;
}
