//! Looking into a run without changing it: evaluation, masks, filters, predictions.

use super::Session;
use crate::classifier::{Classifier, ValidationCounter, predictions};
use crate::data::{Samples, Split};
use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::Tensor as HostTensor;
use crate::params::download;
use crate::protocol::{DropoutLayer, Validation, ValidationPrediction};

impl Session {
    /// The network for evaluation: averaged weights if averaging is on.
    pub fn classifier(&self) -> Classifier {
        Classifier::from_parts(
            self.architecture.clone(),
            self.average.as_ref().unwrap_or(&self.params).weights(),
            self.dataset.labels().to_vec(),
            self.preprocess,
            &self.compute,
        )
    }

    /// Evaluates on the first `limit` validation images (0 for all).
    ///
    /// # Errors
    /// [`LabError::Data`] if images cannot be loaded, [`LabError::ReadBack`] if the device was lost.
    pub async fn validate(&self, limit: u32) -> Result<Validation, LabError> {
        let available: u32 = self.dataset.shards(Split::Val).iter().sum();
        let images = if limit == 0 { available } else { limit.min(available) };
        let indices: Vec<u32> = (0..images).collect();
        let classifier = self.classifier();
        let mut counter = ValidationCounter::new(self.architecture.config.classes as usize);
        for chunk in indices.chunks(classifier.max_batch()) {
            let (logits, labels) = self.val_logits(&classifier, chunk).await?;
            counter.add(&logits, &labels);
        }
        Ok(counter.validation())
    }

    /// Logits and labels of some validation images.
    async fn val_logits(
        &self,
        classifier: &Classifier,
        indices: &[u32],
    ) -> Result<(Vec<f32>, Vec<u32>), LabError> {
        if self.frozen() {
            let (features, labels) = self.features(Split::Val, indices, &[]).await?;
            return Ok((classifier.logits_from_features(features).await?, labels));
        }
        let samples = self.dataset.fetch(Split::Val, indices).await?;
        Ok((classifier.logits(&samples).await?, samples.labels))
    }

    /// The dropout mask that the last step used before fc6 or fc7. `None` before the first step.
    pub fn mask(&self, layer: DropoutLayer) -> Option<&Mask> {
        let masks = self.masks.as_ref()?;
        Some(match layer {
            DropoutLayer::Fc6 => &masks[0],
            DropoutLayer::Fc7 => &masks[1],
        })
    }

    /// The weights of the first convolution, OIHW.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn filters(&self) -> Result<HostTensor, LabError> {
        match self.params.0.first() {
            Some(param) => {
                Ok(HostTensor { shape: param.shape.clone(), data: download(param.value.clone()).await? })
            }
            None => Err(LabError::NoLayers),
        }
    }

    /// The top-5 predictions for some validation images.
    ///
    /// # Errors
    /// [`LabError::Data`] if an image cannot be loaded, [`LabError::ReadBack`] if the device was lost.
    pub async fn predict_validation(&self, indices: &[u32]) -> Result<Vec<ValidationPrediction>, LabError> {
        let classifier = self.classifier();
        let (logits, classes) = self.val_logits(&classifier, indices).await?;
        let labels = self.dataset.labels();
        let rows = logits.chunks(labels.len().max(1)).zip(&classes).zip(indices);
        Ok(rows
            .map(|((row, &label), &index)| ValidationPrediction {
                index,
                label: labels.get(label as usize).map(|l| l.name.clone()).unwrap_or_default(),
                top: predictions(row, labels, 5),
            })
            .collect())
    }

    /// A validation image at the network's input size, `size × size × 3` bytes.
    ///
    /// # Errors
    /// [`LabError::Data`] if the image cannot be loaded.
    pub async fn val_image(&self, index: u32) -> Result<Samples, LabError> {
        Ok(self.dataset.fetch(Split::Val, &[index]).await?)
    }
}
