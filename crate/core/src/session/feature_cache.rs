//! Features of frozen convolutions, computed once for each image.
//!
//! Frozen convolutions always give the same features for an image: the inputs of fc6. A session caches them on its
//! device, for training images as they are and mirrored, and for validation images. Nothing is read back for it. An
//! image is computed when it is first used, so training starts at once. Cropped, shifted or recoloured images are new
//! each time, so then nothing is cached.
//!
//! The features of an image do not depend on its batch, so a run with the cache has the same bits as one without.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor};

use super::Session;
use crate::data::{Split, flip, normalize};
use crate::error::LabError;
use crate::network::{Mode, forward_convolutions};
use crate::params::{upload_images, upload_indices};
use crate::protocol::Freeze;

/// Bytes of features that a session keeps, at four a feature: 29,000 images of `alexnet-64` at width 1, 3,600 of
/// `alexnet-224`. What does not fit is computed each time it is used.
pub const CACHE_BYTES: usize = 128 << 20;

/// Bytes of the largest tensor: half of what every WebGPU device binds, as one that grows is there twice.
const BLOCK_BYTES: usize = 64 << 20;

/// An image as the convolutions saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct View {
    split: Split,
    index: u32,
    mirrored: bool,
}

/// Where an image's features are, and its class.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: usize,
    label: u32,
}

/// Features in rows, numbered through blocks of `[rows, units]`, in the order in which they came.
pub(super) struct FeatureCache {
    blocks: Vec<Tensor<2>>,
    places: HashMap<View, Place>,
    limit: usize,
}

impl Default for FeatureCache {
    fn default() -> Self {
        Self { blocks: Vec::new(), places: HashMap::new(), limit: CACHE_BYTES }
    }
}

impl FeatureCache {
    fn rows(&self) -> usize {
        self.blocks.iter().map(|block| block.dims()[0]).sum()
    }

    /// The views that are not there, each once.
    fn missing(&self, views: &[View]) -> Vec<View> {
        let mut missing: Vec<View> = Vec::new();
        for view in views {
            if !self.places.contains_key(view) && !missing.contains(view) {
                missing.push(*view);
            }
        }
        missing
    }

    /// Adds a block, whatever its size: [`FeatureCache::settle`] decides later whether it stays.
    fn add(&mut self, views: &[View], labels: &[u32], block: Tensor<2>) {
        let first = self.rows();
        for (offset, (&view, &label)) in views.iter().zip(labels).enumerate() {
            self.places.insert(view, Place { row: first + offset, label });
        }
        self.blocks.push(block);
    }

    /// Features and classes of these views, all of which are there.
    fn gather(&self, views: &[View], device: &Device) -> (Option<Tensor<2>>, Vec<u32>) {
        let places: Vec<Place> = views.iter().filter_map(|view| self.places.get(view).copied()).collect();
        let (mut parts, mut order, mut start, mut placed) = (Vec::new(), vec![0; places.len()], 0, 0);
        for block in &self.blocks {
            let rows = start..start + block.dims()[0];
            let mut chosen = Vec::new();
            for (slot, place) in order.iter_mut().zip(&places).filter(|(_, place)| rows.contains(&place.row))
            {
                *slot = placed;
                placed += 1;
                chosen.push((place.row - start) as i32);
            }
            if !chosen.is_empty() {
                parts.push(select(block.clone(), chosen, device));
            }
            start = rows.end;
        }
        let labels = places.iter().map(|place| place.label).collect();
        let sorted = order.is_sorted();
        let features = match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(Tensor::cat(parts, 0)),
        };
        (features.map(|features| if sorted { features } else { select(features, order, device) }), labels)
    }

    /// Gives the newest block back where it is too much, else joins it with those before: as many blocks as a binary
    /// number has digits, so few however small the pieces in which the images came.
    fn settle(&mut self) {
        let bytes = |block: &Tensor<2>| block.dims().iter().product::<usize>() * size_of::<f32>();
        if self.blocks.iter().map(bytes).sum::<usize>() > self.limit {
            self.blocks.pop();
            let rows = self.rows();
            self.places.retain(|_, place| place.row < rows);
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
    /// Whether the convolutions keep their weights.
    pub(super) fn frozen(&self) -> bool {
        self.options.freeze == Freeze::Conv
    }

    /// What frozen convolutions make of these images, `[images, units]` on the device, and the images' classes.
    ///
    /// `mirrored` marks those that are turned left to right.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had.
    pub(super) async fn features(
        &self,
        split: Split,
        indices: &[u32],
        mirrored: &[bool],
    ) -> Result<(Tensor<2>, Vec<u32>), LabError> {
        let views: Vec<View> = indices
            .iter()
            .enumerate()
            .map(|(i, &index)| View { split, index, mirrored: mirrored.get(i).copied().unwrap_or_default() })
            .collect();
        let device = &self.compute.device;
        let missing = self.cache.borrow().missing(&views);
        if !missing.is_empty() {
            let wanted: Vec<u32> = missing.iter().map(|view| view.index).collect();
            let mut samples = self.source.fetch(split, &wanted).await?;
            let marked: Vec<bool> = missing.iter().map(|view| view.mirrored).collect();
            flip(&mut samples, &marked);
            let pixels = normalize(&samples.pixels, samples.len(), samples.size, &self.preprocess);
            let images = upload_images(pixels, samples.len(), self.architecture.input_size, device);
            let weights = self.params.weights();
            let (fresh, _) =
                forward_convolutions(&self.architecture, &weights, images, &Mode::Evaluate, |_, _| {});
            self.cache.borrow_mut().add(&missing, &samples.labels, fresh);
        }
        let (features, labels) = self.cache.borrow().gather(&views, device);
        if !missing.is_empty() {
            self.cache.borrow_mut().settle();
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

    fn view(index: u32) -> View {
        View { split: Split::Train, index, mirrored: index.is_multiple_of(2) }
    }

    fn block(indices: &[u32], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = indices.iter().flat_map(|&i| [i as f32; UNITS]).collect();
        upload(values, [indices.len(), UNITS], device)
    }

    proptest! {
        #[test]
        fn what_was_asked_for_comes_back(
            batches in prop::collection::vec(prop::collection::vec(0u32..60, 1..12), 1..30),
            limit in 0usize..40,
        ) {
            let device = Device::flex();
            let mut cache = FeatureCache { limit: limit * UNITS * 4, ..FeatureCache::default() };
            for batch in batches {
                let views: Vec<View> = batch.iter().map(|&index| view(index)).collect();
                let missing = cache.missing(&views);
                if !missing.is_empty() {
                    let fresh: Vec<u32> = missing.iter().map(|view| view.index).collect();
                    cache.add(&missing, &fresh, block(&fresh, &device));
                }
                let (features, labels) = cache.gather(&views, &device);
                if !missing.is_empty() {
                    cache.settle();
                }
                let values = features.unwrap().into_data().try_into_vec::<f32>().unwrap();
                let rows: Vec<u32> = values.chunks(UNITS).map(|row| row[0] as u32).collect();
                prop_assert_eq!(&rows, &batch);
                prop_assert_eq!(&labels, &batch);
                prop_assert!(cache.rows() <= limit && cache.places.len() == cache.rows());
                let most = usize::BITS - limit.leading_zeros() + 1;
                prop_assert!(cache.blocks.len() <= most as usize, "{} blocks", cache.blocks.len());
            }
        }
    }
}
