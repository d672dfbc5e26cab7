//! Shards: compressed files of about a thousand images, which the worker downloads when it needs them.
//!
//! A shard is gzip over records of one label byte and `channels × size × size` pixel bytes, one channel after
//! the other, as in CIFAR's binary format.

use std::io::{Read, Write};

use alexnet_protocol::messages::{Cause, ShardDamage};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::DataError;

/// The list of a data set's shards: `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The id in a run's options.
    pub id: String,
    /// The name that the page shows.
    pub name: String,
    /// Licence of the images.
    pub licence: String,
    /// Where they come from.
    pub origin: String,
    /// Side of the stored images in pixels.
    pub size: u32,
    /// 1 for grey, 3 for colour.
    pub channels: u32,
    /// Names of the classes, in order; at most 256.
    pub labels: Vec<String>,
    /// Training shards.
    pub train: Vec<ShardFile>,
    /// Validation shards.
    pub val: Vec<ShardFile>,
}

/// One file of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardFile {
    /// Its name, relative to the manifest.
    pub file: String,
    /// Number of images in it.
    pub images: u32,
}

/// The images of one shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shard {
    /// Class index of each image.
    pub labels: Vec<u8>,
    /// `[N, channels, size, size]`.
    pub pixels: Vec<u8>,
}

/// Packs a shard. The same images give the same bytes.
///
/// # Errors
/// The number of pixels is not the number of labels times `size × size × channels`.
pub fn encode_shard(shard: &Shard, size: u32, channels: u32) -> Result<Vec<u8>, DataError> {
    let bytes = image_bytes(size, channels);
    if bytes == 0 || Some(shard.pixels.len()) != shard.labels.len().checked_mul(bytes) {
        return Err(DataError::PixelCount { width: size, height: size, bytes: shard.pixels.len() });
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = shard.labels.iter().zip(shard.pixels.chunks_exact(bytes)).try_for_each(|(label, pixels)| {
        encoder.write_all(&[*label]).and_then(|()| encoder.write_all(pixels))
    });
    packed.and_then(|()| encoder.finish()).map_err(|e| damaged("shard", Cause::of(&e).into()))
}

/// Unpacks a shard of `images` images; `file` is its name, for the error.
///
/// # Errors
/// The shard does not hold exactly that many images.
pub fn decode_shard(
    file: &str,
    bytes: &[u8],
    size: u32,
    channels: u32,
    images: u32,
) -> Result<Shard, DataError> {
    let record = image_bytes(size, channels) + 1;
    let expected = record as u64 * u64::from(images);
    let mut raw = Vec::new();
    // One byte more than expected: a longer file is noticed, and a decompression bomb is not unpacked.
    GzDecoder::new(bytes)
        .take(expected + 1)
        .read_to_end(&mut raw)
        .map_err(|e| damaged(file, Cause::of(&e).into()))?;
    if raw.len() as u64 != expected {
        return Err(damaged(file, ShardDamage::Count { images }));
    }
    let mut shard = Shard {
        labels: Vec::with_capacity(images as usize),
        pixels: Vec::with_capacity(images as usize * (record - 1)),
    };
    for record in raw.chunks_exact(record) {
        if let Some((label, pixels)) = record.split_first() {
            shard.labels.push(*label);
            shard.pixels.extend_from_slice(pixels);
        }
    }
    Ok(shard)
}

fn image_bytes(size: u32, channels: u32) -> usize {
    (size as usize).saturating_mul(size as usize).saturating_mul(channels as usize).min(1 << 30)
}

fn damaged(file: &str, reason: ShardDamage) -> DataError {
    DataError::Shard { file: file.into(), reason }
}
