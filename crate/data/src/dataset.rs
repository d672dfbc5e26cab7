//! Where images come from, as a session sees it.

use std::future::Future;
use std::pin::Pin;

use alexnet_protocol::{ClassLabel, Preprocess};

use crate::DataError;

/// Images to learn from, or images to be tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// Images to learn from.
    Train,
    /// Images to be tested on.
    Val,
}

/// Labelled images at one size, as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// Side of every image in pixels.
    pub size: u32,
    /// `[N, size, size, 3]`: row by row, red, green, blue.
    pub pixels: Vec<u8>,
    /// Class of each image.
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

    /// Whether there is no image.
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

/// A future that stays on the thread that made it, as everything in a worker does.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A data set: labelled square RGB images at the network's size, fetched when a step needs them.
pub trait Dataset {
    /// The classes, in order.
    fn labels(&self) -> &[ClassLabel];
    /// Side of every image in pixels.
    fn size(&self) -> u32;
    /// Mean and standard deviation to train with; `resize` and `crop` are [`size`](Self::size).
    fn preprocess(&self) -> Preprocess;
    /// Images in each shard, in order; a source held in memory has one shard.
    fn shards(&self, split: Split) -> Vec<u32>;
    /// The images at these places of the concatenated shards, in the order asked for.
    ///
    /// # Errors
    /// A place that does not exist, a shard that cannot be loaded or is damaged.
    fn fetch<'a>(&'a self, split: Split, indices: &'a [u32]) -> LocalFuture<'a, Result<Samples, DataError>>;
}
