//! What can be seen of a run at any moment, without changing it.

use super::Session;
use crate::classifier::{Classifier, ValidationCounter, predictions};
use crate::data::{Samples, Split};
use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::Tensor as Stored;
use crate::params::download;
use crate::protocol::{DropoutLayer, Validation, ValidationPrediction};

impl Session {
    /// The network to judge and to keep: the averaged weights where averaging is on.
    pub fn classifier(&self) -> Classifier {
        Classifier::from_parts(
            self.architecture.clone(),
            self.average.as_ref().unwrap_or(&self.params).weights(),
            self.source.labels().to_vec(),
            self.preprocess,
            &self.compute,
        )
    }

    /// Judges the first `limit` validation images (0 for all), dropout off.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had, or when the device was lost.
    pub async fn validate(&self, limit: u32) -> Result<Validation, LabError> {
        let available: u32 = self.source.shards(Split::Val).iter().sum();
        let images = if limit == 0 { available } else { limit.min(available) };
        let indices: Vec<u32> = (0..images).collect();
        let classifier = self.classifier();
        let mut tally = ValidationCounter::new(self.architecture.config.classes as usize);
        for chunk in indices.chunks(classifier.batch()) {
            let (logits, labels) = self.judge(&classifier, chunk).await?;
            tally.add(&logits, &labels);
        }
        Ok(tally.validation())
    }

    /// Logits and classes of some validation images.
    async fn judge(
        &self,
        classifier: &Classifier,
        indices: &[u32],
    ) -> Result<(Vec<f32>, Vec<u32>), LabError> {
        if self.frozen() {
            let (features, labels) = self.features(Split::Val, indices, &[]).await?;
            return Ok((classifier.logits_from_features(features).await?, labels));
        }
        let samples = self.source.fetch(Split::Val, indices).await?;
        Ok((classifier.logits(&samples).await?, samples.labels))
    }

    /// The mask of the last step before fc6 or fc7: the very one used. `None` before the first step.
    pub fn mask(&self, layer: DropoutLayer) -> Option<&Mask> {
        let masks = self.masks.as_ref()?;
        Some(match layer {
            DropoutLayer::Fc6 => &masks[0],
            DropoutLayer::Fc7 => &masks[1],
        })
    }

    /// The first convolution's filters: shape OIHW and values.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn filters(&self) -> Result<Stored, LabError> {
        match self.params.0.first() {
            Some(param) => {
                Ok(Stored { shape: param.shape.clone(), data: download(param.value.clone()).await? })
            }
            None => Err(LabError::NoLayers),
        }
    }

    /// The five best guesses for some validation images.
    ///
    /// # Errors
    /// [`LabError::Data`] when an image cannot be had, or when the device was lost.
    pub async fn watch(&self, indices: &[u32]) -> Result<Vec<ValidationPrediction>, LabError> {
        let classifier = self.classifier();
        let (logits, classes) = self.judge(&classifier, indices).await?;
        let labels = self.source.labels();
        let rows = logits.chunks(labels.len().max(1)).zip(&classes).zip(indices);
        Ok(rows
            .map(|((row, &label), &index)| ValidationPrediction {
                index,
                label: labels.get(label as usize).map(|l| l.name.clone()).unwrap_or_default(),
                top: predictions(row, labels, 5),
            })
            .collect())
    }

    /// The pixels of a validation image as the network gets them, `size × size × 3` bytes.
    ///
    /// # Errors
    /// [`LabError::Data`] when the image cannot be had.
    pub async fn val_image(&self, index: u32) -> Result<Samples, LabError> {
        Ok(self.source.fetch(Split::Val, &[index]).await?)
    }
}
