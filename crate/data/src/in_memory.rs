//! A data set in memory.

use alexnet_protocol::{ClassLabel, Preprocess};

use crate::{DataError, Dataset, LocalFuture, Samples, Split};

/// A data set in memory, as bytes: 50,000 images of 64 pixels take 614 MB.
pub struct InMemoryDataset {
    labels: Vec<ClassLabel>,
    size: u32,
    train: Samples,
    val: Samples,
    preprocess: Preprocess,
}

impl InMemoryDataset {
    /// A data set of these images, each `size` × `size` pixels.
    ///
    /// # Errors
    /// Images of another size, a wrong number of bytes, a class index that `labels` does not have.
    pub fn new(
        labels: Vec<ClassLabel>,
        size: u32,
        train: Samples,
        val: Samples,
        preprocess: Preprocess,
    ) -> Result<Self, DataError> {
        for samples in [&train, &val] {
            let whole = samples.len().checked_mul(samples.image_bytes());
            if samples.size != size || whole != Some(samples.pixels.len()) {
                return Err(DataError::PixelCount { width: size, height: size, bytes: samples.pixels.len() });
            }
            if let Some(label) = samples.labels.iter().find(|&&label| label as usize >= labels.len()) {
                return Err(DataError::LabelOutOfRange { label: *label, classes: labels.len() });
            }
        }
        Ok(Self { labels, size, train, val, preprocess })
    }

    /// The images of one split.
    pub fn samples(&self, split: Split) -> &Samples {
        match split {
            Split::Train => &self.train,
            Split::Val => &self.val,
        }
    }
}

impl Dataset for InMemoryDataset {
    fn labels(&self) -> &[ClassLabel] {
        &self.labels
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn preprocess(&self) -> Preprocess {
        self.preprocess
    }

    fn shards(&self, split: Split) -> Vec<u32> {
        vec![u32::try_from(self.samples(split).len()).unwrap_or(u32::MAX)]
    }

    fn fetch<'a>(&'a self, split: Split, indices: &'a [u32]) -> LocalFuture<'a, Result<Samples, DataError>> {
        Box::pin(async move {
            let all = self.samples(split);
            let mut batch = Samples {
                size: self.size,
                pixels: Vec::with_capacity(indices.len() * all.image_bytes()),
                labels: Vec::with_capacity(indices.len()),
            };
            for &index in indices {
                let place = index as usize;
                let (Some(image), Some(&label)) = (all.image(place), all.labels.get(place)) else {
                    return Err(DataError::NoSuchImage { index, images: all.len() as u32 });
                };
                batch.pixels.extend_from_slice(image);
                batch.labels.push(label);
            }
            Ok(batch)
        })
    }
}
