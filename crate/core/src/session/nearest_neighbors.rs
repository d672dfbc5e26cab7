//! Which training pictures the network takes for much the same as a given one: the nearest in the space of fc7's
//! outputs, by the angle (figure 4 of the 2012 paper goes by the distance in that space).

use std::rc::Rc;

use super::Session;
use crate::data::{Image, Samples, Split};
use crate::error::LabError;
use crate::protocol::Neighbor;

/// Training pictures that are compared; classes are mixed, so the first of many stand for all. At 1024 units they
/// take 40 MB.
pub const MAX_NEIGHBORS: u32 = 10_000;

/// Directions of training pictures in fc7's space, each of length 1 (or 0 where no unit was active), row by row.
pub(super) struct Embedded {
    units: usize,
    rows: Vec<f32>,
    labels: Vec<u32>,
}

impl Embedded {
    fn new(units: usize) -> Self {
        Self { units: units.max(1), rows: Vec::new(), labels: Vec::new() }
    }

    fn add(&mut self, activations: &[f32], labels: &[u32]) {
        for row in activations.chunks(self.units) {
            self.rows.extend(direction(row));
        }
        self.labels.extend(labels);
    }

    /// Places and similarities of the `count` nearest, nearest first; of equals the lower place comes first.
    fn nearest(&self, activations: &[f32], count: usize) -> Vec<(usize, f32)> {
        let wanted = direction(activations);
        let cosine = |row: &[f32]| row.iter().zip(&wanted).map(|(a, b)| a * b).sum::<f32>();
        let mut all: Vec<(usize, f32)> = self.rows.chunks(self.units).map(cosine).enumerate().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(count);
        all
    }
}

fn direction(row: &[f32]) -> Vec<f32> {
    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let factor = if length > 0.0 { 1.0 / length } else { 0.0 };
    row.iter().map(|x| x * factor).collect()
}

impl Session {
    /// The training pictures that this run's network takes for most alike to a picture, nearest first.
    ///
    /// The first call after a step looks at the first [`MAX_NEIGHBORS`] training pictures.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had, or when the device was lost.
    pub async fn nearest_neighbors(&self, picture: &Image, count: usize) -> Result<Vec<Neighbor>, LabError> {
        let embedded = self.embedded().await?;
        let activations = self.classifier().embed_image(picture).await?;
        let labels = self.source.labels();
        let nearest = embedded.nearest(&activations, count).into_iter();
        Ok(nearest
            .map(|(place, similarity)| {
                let label = embedded.labels.get(place).and_then(|&label| labels.get(label as usize));
                let label = label.map(|label| label.name.clone()).unwrap_or_default();
                Neighbor { index: place as u32, label, similarity }
            })
            .collect())
    }

    async fn embedded(&self) -> Result<Rc<Embedded>, LabError> {
        if let Some((step, embedded)) = &*self.embedded.borrow()
            && *step == self.step
        {
            return Ok(embedded.clone());
        }
        // The old one goes first, or both would take memory.
        self.embedded.take();
        let classifier = self.classifier();
        let indices: Vec<u32> = (0..self.train_images.min(MAX_NEIGHBORS)).collect();
        let last = self.architecture.layers.last();
        let mut embedded = Embedded::new(last.map_or(1, |layer| layer.input.iter().product()));
        for part in indices.chunks(classifier.batch()) {
            if self.frozen() {
                let (features, labels) = self.features(Split::Train, part, &[]).await?;
                embedded.add(&classifier.embed_features(features).await?, &labels);
            } else {
                let samples = self.source.fetch(Split::Train, part).await?;
                embedded.add(&classifier.embed(&samples).await?, &samples.labels);
            }
        }
        let embedded = Rc::new(embedded);
        *self.embedded.borrow_mut() = Some((self.step, embedded.clone()));
        Ok(embedded)
    }

    /// The pixels of a training image as the network gets them, without augmentation: `size × size × 3` bytes.
    ///
    /// # Errors
    /// [`LabError::Data`] when the image cannot be had.
    pub async fn train_image(&self, index: u32) -> Result<Samples, LabError> {
        Ok(self.source.fetch(Split::Train, &[index]).await?)
    }
}
