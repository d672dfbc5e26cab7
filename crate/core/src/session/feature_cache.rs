//! A cache for the features of frozen convolutions.
//!
//! Frozen convolutions always give the same inputs of fc6 for an image. The session keeps them on its device:
//! for training images, as they are and flipped, and for validation images. Features are computed on first
//! use, so training starts at once, and nothing is read back. With random crops, shifts or colours every
//! training image is new, so training then does not use the cache.
//!
//! The features of an image do not depend on its batch, so a run has the same bits with and without the
//! cache.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor};

use super::Session;
use crate::data::{Split, flip, normalize};
use crate::error::LabError;
use crate::network::{Mode, forward_convolutions};
use crate::params::{upload_images, upload_indices};
use crate::protocol::Freeze;

/// Limit of the cache in bytes, at four per feature: 29,000 images of `alexnet-64` at width 1, 3,600 of
/// `alexnet-224`. Images beyond it are computed each time.
pub const CACHE_BYTES: usize = 128 << 20;

/// Largest tensor in bytes. WebGPU devices can bind twice as much, and while a block grows it exists twice.
const BLOCK_BYTES: usize = 64 << 20;

/// An image as the convolutions see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CacheKey {
    split: Split,
    index: u32,
    flipped: bool,
}

/// The row of an image's features, and its label.
#[derive(Debug, Clone, Copy)]
struct CacheEntry {
    row: usize,
    label: u32,
}

/// Features in rows, in the order of arrival. Row numbers run through all blocks, each `[rows, units]`.
pub(super) struct FeatureCache {
    blocks: Vec<Tensor<2>>,
    entries: HashMap<CacheKey, CacheEntry>,
    limit: usize,
}

impl Default for FeatureCache {
    fn default() -> Self {
        Self { blocks: Vec::new(), entries: HashMap::new(), limit: CACHE_BYTES }
    }
}

impl FeatureCache {
    fn rows(&self) -> usize {
        self.blocks.iter().map(|block| block.dims()[0]).sum()
    }

    /// The inputs that are not cached, without duplicates.
    fn missing(&self, keys: &[CacheKey]) -> Vec<CacheKey> {
        let mut missing: Vec<CacheKey> = Vec::new();
        for key in keys {
            if !self.entries.contains_key(key) && !missing.contains(key) {
                missing.push(*key);
            }
        }
        missing
    }

    /// Adds a block of any size. [`FeatureCache::compact`] decides later whether it is kept.
    fn add(&mut self, keys: &[CacheKey], labels: &[u32], block: Tensor<2>) {
        let first = self.rows();
        for (offset, (&key, &label)) in keys.iter().zip(labels).enumerate() {
            self.entries.insert(key, CacheEntry { row: first + offset, label });
        }
        self.blocks.push(block);
    }

    /// Features and labels of these inputs, all of which must be cached.
    fn gather(&self, keys: &[CacheKey], device: &Device) -> (Option<Tensor<2>>, Vec<u32>) {
        let entries: Vec<CacheEntry> = keys.iter().filter_map(|key| self.entries.get(key).copied()).collect();
        let (mut selected, mut order, mut start, mut placed) = (Vec::new(), vec![0; entries.len()], 0, 0);
        for block in &self.blocks {
            let rows = start..start + block.dims()[0];
            let mut chosen = Vec::new();
            for (slot, entry) in order.iter_mut().zip(&entries).filter(|(_, entry)| rows.contains(&entry.row))
            {
                *slot = placed;
                placed += 1;
                chosen.push((entry.row - start) as i32);
            }
            if !chosen.is_empty() {
                selected.push(select(block.clone(), chosen, device));
            }
            start = rows.end;
        }
        let labels = entries.iter().map(|entry| entry.label).collect();
        let sorted = order.is_sorted();
        let features = match selected.len() {
            0 => None,
            1 => selected.pop(),
            _ => Some(Tensor::cat(selected, 0)),
        };
        (features.map(|features| if sorted { features } else { select(features, order, device) }), labels)
    }

    /// Drops the newest block if the limit is exceeded, else merges it with earlier ones, so that the number
    /// of blocks grows only with the logarithm of the number of images.
    fn compact(&mut self) {
        let bytes = |block: &Tensor<2>| block.dims().iter().product::<usize>() * size_of::<f32>();
        if self.blocks.iter().map(bytes).sum::<usize>() > self.limit {
            self.blocks.pop();
            let rows = self.rows();
            self.entries.retain(|_, entry| entry.row < rows);
            return;
        }
        while let [.., before, last] = self.blocks.as_slice() {
            if before.dims()[0] >= 2 * last.dims()[0] || bytes(before) + bytes(last) > BLOCK_BYTES {
                return;
            }
            let joined = Tensor::cat(vec![before.clone(), last.clone()], 0);
            self.blocks.truncate(self.blocks.len() - 2);
            self.blocks.push(joined);
        }
    }
}

fn select(block: Tensor<2>, rows: Vec<i32>, device: &Device) -> Tensor<2> {
    block.select(0, upload_indices(rows, device))
}

impl Session {
    /// Whether the convolutions are frozen.
    pub(super) fn frozen(&self) -> bool {
        self.options.freeze == Freeze::Conv
    }

    /// The features of these images, `[batch, units]` on the device, and their labels.
    ///
    /// `flipped` marks the images that are flipped horizontally.
    ///
    /// # Errors
    /// [`LabError::Data`] if images cannot be loaded.
    pub(super) async fn features(
        &self,
        split: Split,
        indices: &[u32],
        flipped: &[bool],
    ) -> Result<(Tensor<2>, Vec<u32>), LabError> {
        let keys: Vec<CacheKey> = indices
            .iter()
            .enumerate()
            .map(|(i, &index)| CacheKey {
                split,
                index,
                flipped: flipped.get(i).copied().unwrap_or_default(),
            })
            .collect();
        let device = &self.compute.device;
        let missing = self.cache.borrow().missing(&keys);
        if !missing.is_empty() {
            let wanted: Vec<u32> = missing.iter().map(|key| key.index).collect();
            let mut samples = self.dataset.fetch(split, &wanted).await?;
            let flip_flags: Vec<bool> = missing.iter().map(|key| key.flipped).collect();
            flip(&mut samples, &flip_flags);
            let pixels = normalize(&samples.pixels, samples.len(), samples.size, &self.preprocess);
            let images = upload_images(pixels, samples.len(), self.architecture.input_size, device);
            let weights = self.params.weights();
            let (fresh, _) =
                forward_convolutions(&self.architecture, &weights, images, &Mode::Evaluate, |_, _| {});
            self.cache.borrow_mut().add(&missing, &samples.labels, fresh);
        }
        let (features, labels) = self.cache.borrow().gather(&keys, device);
        if !missing.is_empty() {
            self.cache.borrow_mut().compact();
        }
        let units = self.architecture.mask_units()[0];
        Ok((features.unwrap_or_else(|| Tensor::zeros([0, units], device)), labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::upload;
    use proptest::prelude::*;

    const UNITS: usize = 3;

    fn key(index: u32) -> CacheKey {
        CacheKey { split: Split::Train, index, flipped: index.is_multiple_of(2) }
    }

    fn block(indices: &[u32], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = indices.iter().flat_map(|&i| [i as f32; UNITS]).collect();
        upload(values, [indices.len(), UNITS], device)
    }

    proptest! {
        #[test]
        fn gather_returns_the_requested_features(
            batches in prop::collection::vec(prop::collection::vec(0u32..60, 1..12), 1..30),
            limit in 0usize..40,
        ) {
            let device = Device::flex();
            let mut cache = FeatureCache { limit: limit * UNITS * 4, ..FeatureCache::default() };
            for batch in batches {
                let keys: Vec<CacheKey> = batch.iter().map(|&index| key(index)).collect();
                let missing = cache.missing(&keys);
                if !missing.is_empty() {
                    let fresh: Vec<u32> = missing.iter().map(|key| key.index).collect();
                    cache.add(&missing, &fresh, block(&fresh, &device));
                }
                let (features, labels) = cache.gather(&keys, &device);
                if !missing.is_empty() {
                    cache.compact();
                }
                let values = features.unwrap().into_data().try_into_vec::<f32>().unwrap();
                let rows: Vec<u32> = values.chunks(UNITS).map(|row| row[0] as u32).collect();
                prop_assert_eq!(&rows, &batch);
                prop_assert_eq!(&labels, &batch);
                prop_assert!(cache.rows() <= limit && cache.entries.len() == cache.rows());
                let most = usize::BITS - limit.leading_zeros() + 1;
                prop_assert!(cache.blocks.len() <= most as usize, "{} blocks", cache.blocks.len());
            }
        }
    }
}
