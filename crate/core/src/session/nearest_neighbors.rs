//! The training images most similar to a given image: nearest neighbours by the cosine of their embeddings,
//! fc7's outputs (figure 4 of the AlexNet paper uses the Euclidean distance).

use std::rc::Rc;

use super::Session;
use crate::data::{Image, Samples, Split};
use crate::error::LabError;
use crate::protocol::Neighbor;

/// Number of training images that are compared. Images are stored in shuffled order, so the first ones
/// represent all classes. At 1024 units they take 40 MB.
pub const MAX_NEIGHBORS: u32 = 10_000;

/// Embeddings of training images, `[images, units]`, each scaled to length 1 (or 0 where no unit is active).
pub(super) struct Embeddings {
    units: usize,
    rows: Vec<f32>,
    labels: Vec<u32>,
}

impl Embeddings {
    fn new(units: usize) -> Self {
        Self { units: units.max(1), rows: Vec::new(), labels: Vec::new() }
    }

    fn add(&mut self, activations: &[f32], labels: &[u32]) {
        for row in activations.chunks(self.units) {
            self.rows.extend(normalized(row));
        }
        self.labels.extend(labels);
    }

    /// Indices and cosines of the `count` nearest, nearest first. Ties: the lower index first.
    fn nearest(&self, activations: &[f32], count: usize) -> Vec<(usize, f32)> {
        let query = normalized(activations);
        let cosine = |row: &[f32]| row.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>();
        let mut all: Vec<(usize, f32)> = self.rows.chunks(self.units).map(cosine).enumerate().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(count);
        all
    }
}

fn normalized(row: &[f32]) -> Vec<f32> {
    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let factor = if length > 0.0 { 1.0 / length } else { 0.0 };
    row.iter().map(|x| x * factor).collect()
}

impl Session {
    /// The training images most similar to an image, nearest first.
    ///
    /// The first call after a step embeds the first [`MAX_NEIGHBORS`] training images.
    ///
    /// # Errors
    /// [`LabError::Data`] if images cannot be loaded, [`LabError::ReadBack`] if the device was lost.
    pub async fn nearest_neighbors(&self, image: &Image, count: usize) -> Result<Vec<Neighbor>, LabError> {
        let embeddings = self.embeddings().await?;
        let activations = self.classifier().embed_image(image).await?;
        let labels = self.dataset.labels();
        let nearest = embeddings.nearest(&activations, count).into_iter();
        Ok(nearest
            .map(|(index, similarity)| {
                let label = embeddings.labels.get(index).and_then(|&label| labels.get(label as usize));
                let label = label.map(|label| label.name.clone()).unwrap_or_default();
                Neighbor { index: index as u32, label, similarity }
            })
            .collect())
    }

    async fn embeddings(&self) -> Result<Rc<Embeddings>, LabError> {
        if let Some((step, embeddings)) = &*self.embeddings.borrow()
            && *step == self.step
        {
            return Ok(embeddings.clone());
        }
        // Free the old embeddings first, or both would take memory.
        self.embeddings.take();
        let classifier = self.classifier();
        let indices: Vec<u32> = (0..self.train_images.min(MAX_NEIGHBORS)).collect();
        let last = self.architecture.layers.last();
        let mut embeddings = Embeddings::new(last.map_or(1, |layer| layer.input.iter().product()));
        for chunk in indices.chunks(classifier.max_batch()) {
            if self.frozen() {
                let (features, labels) = self.features(Split::Train, chunk, &[]).await?;
                embeddings.add(&classifier.embed_features(features).await?, &labels);
            } else {
                let samples = self.dataset.fetch(Split::Train, chunk).await?;
                embeddings.add(&classifier.embed(&samples).await?, &samples.labels);
            }
        }
        let embeddings = Rc::new(embeddings);
        *self.embeddings.borrow_mut() = Some((self.step, embeddings.clone()));
        Ok(embeddings)
    }

    /// A training image at the network's input size, without augmentation: `size × size × 3` bytes.
    ///
    /// # Errors
    /// [`LabError::Data`] if the image cannot be loaded.
    pub async fn train_image(&self, index: u32) -> Result<Samples, LabError> {
        Ok(self.dataset.fetch(Split::Train, &[index]).await?)
    }
}
