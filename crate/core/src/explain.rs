//! Explanations of a prediction: feature maps, occlusion maps, evidence maps and similar classes.
//!
//! Everything here is computed on demand. Images are the crop that the network saw
//! ([`crate::classifier::Classification::crop`]): `size × size` RGB bytes.

use burn::tensor::Tensor;

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::classifier::Classifier;
use crate::data::normalize;
use crate::error::LabError;
use crate::format::Tensor as HostTensor;
use crate::metrics::softmax;
use crate::network::{Feature, Mode, forward};
use crate::params::{Weight, download, upload_images};
use crate::protocol::{LayerMaps, OcclusionGrid, SimilarClass};

/// A map of the parts of an image that raise the logit of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Row-major, 0 (none) to 1 (most). All 0 if no part raises the logit.
    pub values: Vec<f32>,
}

impl Classifier {
    /// The layers in order, with their output shapes. Dropout is left out, as it does nothing at inference.
    pub fn layers(&self) -> Vec<LayerMaps> {
        let shown = self.architecture().layers.iter().filter(|l| !matches!(l.kind, LayerKind::Dropout(_)));
        shown
            .map(|layer| {
                let [channels, height, width] = layer.output.map(|side| side as u32);
                LayerMaps { name: layer.name.clone(), channels, height, width }
            })
            .collect()
    }

    /// The output of one layer for an image: `[channels, height, width]`.
    ///
    /// # Errors
    /// [`LabError`] if there is no such layer or the image has another size, [`LabError::ReadBack`] if
    /// the device was lost.
    pub async fn feature_maps(&self, rgb: &[u8], layer: &str) -> Result<HostTensor, LabError> {
        let end = self.architecture().layers.iter().position(|each| each.name == layer);
        let end = end.ok_or_else(|| LabError::NoLayer { layer: layer.into() })? + 1;
        let (first_layers, _) = self.architecture().layers.split_at(end);
        let mut last = None;
        forward(
            &self.subnetwork(first_layers),
            self.weights(),
            self.image(rgb)?,
            &Mode::Evaluate,
            |_, feature| {
                last = Some(feature);
            },
        );
        let shape = first_layers.last().map(|layer| layer.output.to_vec()).unwrap_or_default();
        let data = match last {
            Some(Feature::Map(map)) => download(map).await?,
            Some(Feature::Vector(units)) => download(units).await?,
            None => vec![],
        };
        Ok(HostTensor { shape, data })
    }

    /// The weights of the first convolution, OIHW.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn filters(&self) -> Result<HostTensor, LabError> {
        match self.tensors().next() {
            Some((_, shape, weight)) => {
                Ok(HostTensor { shape, data: download(weight.float(&self.compute().device)).await? })
            }
            None => Err(LabError::NoLayers),
        }
    }

    /// The `count` classes most similar to `class`, most similar first: by the cosine between the rows of the
    /// last layer's weight matrix, after subtracting the mean row.
    ///
    /// # Errors
    /// [`LabError`] if there is no such class, [`LabError::ReadBack`] if the device was lost.
    pub async fn similar_classes(&self, class: u32, count: usize) -> Result<Vec<SimilarClass>, LabError> {
        self.check_class(class)?;
        let last = self.tensors().rfind(|(_, shape, _)| shape.len() == 2);
        let Some((_, shape, weight)) = last else { return Ok(vec![]) };
        let inputs = shape.get(1).copied().unwrap_or(1).max(1);
        let mut rows = download(weight.float(&self.compute().device)).await?;
        // Adding the same vector to every row changes no probability, so the mean row says nothing about a
        // class.
        let classes = (rows.len() / inputs).max(1) as f32;
        let mut mean = vec![0.0f32; inputs];
        for row in rows.chunks_exact(inputs) {
            mean.iter_mut().zip(row).for_each(|(sum, w)| *sum += w / classes);
        }
        for row in rows.chunks_exact_mut(inputs) {
            row.iter_mut().zip(&mean).for_each(|(w, mean)| *w -= mean);
        }
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let rows: Vec<&[f32]> = rows.chunks_exact(inputs).collect();
        let Some(&own) = rows.get(class as usize) else { return Ok(vec![]) };
        let mut similar: Vec<SimilarClass> = rows
            .iter()
            .zip(self.labels())
            .enumerate()
            .filter(|(index, _)| *index != class as usize)
            .map(|(index, (row, label))| {
                let norms = (dot(own, own) * dot(row, row)).sqrt().max(f32::MIN_POSITIVE);
                let similarity = dot(own, row) / norms;
                SimilarClass { index: index as u32, label: label.name.clone(), similarity }
            })
            .collect();
        similar.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index)));
        similar.truncate(count);
        Ok(similar)
    }

    /// An occlusion map (Zeiler and Fergus 2014), part by part: the probability of `class` with a grey square
    /// (the mean colour) over the image, at the positions `from` to `from + count` of the grid. Computing it
    /// in parts leaves room for other calls in between.
    ///
    /// [`LabError`] if there is no such class or the image has another size, [`LabError::ReadBack`] if
    /// the device was lost.
    pub async fn occlusion_probabilities(
        &self,
        rgb: &[u8],
        class: u32,
        from: usize,
        count: usize,
    ) -> Result<Vec<f32>, LabError> {
        self.check_class(class)?;
        let pixels = self.pixels(rgb)?;
        let size = self.architecture().input_size;
        let grid = self.occlusion_grid();
        let [patch, stride, positions] = [grid.patch, grid.stride, grid.positions].map(|n| n as usize);
        let end = (positions * positions).min(from.saturating_add(count));
        let mut batch = Vec::new();
        for position in from..end {
            let start = batch.len();
            batch.extend_from_slice(&pixels);
            let (left, top) = (position % positions * stride, position / positions * stride);
            let rows = batch.get_mut(start..).unwrap_or_default().chunks_exact_mut(size);
            for (_, row) in rows.enumerate().filter(|(y, _)| (top..top + patch).contains(&(y % size))) {
                // Zero is the mean colour, because the pixels are normalised.
                row.get_mut(left..left + patch).unwrap_or_default().fill(0.0);
            }
        }
        let images = end.saturating_sub(from);
        if images == 0 {
            return Ok(vec![]);
        }
        let logits = self.logits_from_pixels(batch, images).await?;
        let rows = logits.chunks_exact(self.labels().len().max(1));
        Ok(rows.map(|row| softmax(row).get(class as usize).copied().unwrap_or_default()).collect())
    }

    /// The positions of [`Classifier::occlusion_probabilities`].
    pub fn occlusion_grid(&self) -> OcclusionGrid {
        OcclusionGrid::for_size(self.architecture().input_size as u32)
    }

    /// How much each position of the last convolution's output (after the activation) adds to the logit of
    /// `class`: activation times gradient, summed over the channels, negative values set to 0.
    ///
    /// This is HiResCAM (Draelos and Carin 2020). Grad-CAM (Selvaraju et al. 2017) averages the gradient of a
    /// channel over its positions, which fits networks with global average pooling. AlexNet has fully
    /// connected layers there, and they treat each position as a separate input.
    ///
    /// [`LabError`] if there is no such class or the image has another size, [`LabError::ReadBack`] if
    /// the device was lost.
    pub async fn evidence_map(&self, rgb: &[u8], class: u32) -> Result<EvidenceMap, LabError> {
        self.check_class(class)?;
        let layers = &self.architecture().layers;
        let is_last =
            |layer: &LayerSpec| layer.kind == LayerKind::Activation && layer.key.starts_with("features");
        let end = layers.iter().rposition(is_last).map_or(0, |position| position + 1);
        let (first_layers, last_layers) = layers.split_at(end);
        let weight_count =
            first_layers.iter().map(|layer| layer.tensors().len()).sum::<usize>().min(self.weights().len());
        let (first_weights, last_weights) = self.weights().split_at(weight_count);
        // Gradients need single precision.
        let last_weights: Vec<Weight> =
            last_weights.iter().map(|weight| weight.float(&self.compute().device).into()).collect();
        let mut last = None;
        forward(
            &self.subnetwork(first_layers),
            first_weights,
            self.image(rgb)?,
            &Mode::Evaluate,
            |_, feature| {
                last = Some(feature);
            },
        );
        let Some(Feature::Map(maps)) = last else {
            return Err(LabError::NoConvolutions);
        };
        let [_, channels, height, width] = maps.dims();
        let tracked = maps.clone().autodiff().require_grad();
        let (logits, _) = forward(
            &self.subnetwork(last_layers),
            &last_weights,
            tracked.clone(),
            &Mode::Evaluate,
            |_, _| {},
        );
        let class = class as usize;
        let mut gradients = logits.slice([0..1, class..class + 1]).sum().backward();
        let Some(gradient) = tracked.grad_remove(&mut gradients) else {
            return Ok(EvidenceMap { height, width, values: vec![0.0; height * width] });
        };
        let (maps, gradient) = (download(maps).await?, download(gradient).await?);
        let area = (height * width).max(1);
        let mut values = vec![0.0f32; height * width];
        for (map, gradient) in maps.chunks_exact(area).zip(gradient.chunks_exact(area)).take(channels) {
            let products = map.iter().zip(gradient).map(|(value, gradient)| value * gradient);
            values.iter_mut().zip(products).for_each(|(sum, value)| *sum += value);
        }
        let maximum = values.iter().fold(0.0f32, |maximum, &value| maximum.max(value));
        let scale = if maximum > 0.0 { maximum } else { 1.0 };
        values.iter_mut().for_each(|value| *value = value.max(0.0) / scale);
        Ok(EvidenceMap { height, width, values })
    }

    fn check_class(&self, class: u32) -> Result<(), LabError> {
        match self.labels().get(class as usize) {
            Some(_) => Ok(()),
            None => Err(LabError::NoClass { class }),
        }
    }

    /// Some of the network's layers as an architecture.
    fn subnetwork(&self, layers: &[LayerSpec]) -> Architecture {
        let Architecture { config, input_size, groups, .. } = *self.architecture();
        Architecture { config, input_size, groups, layers: layers.to_vec() }
    }

    fn pixels(&self, rgb: &[u8]) -> Result<Vec<f32>, LabError> {
        let size = self.architecture().input_size;
        if rgb.len() != size * size * 3 {
            return Err(LabError::CropSize { size });
        }
        Ok(normalize(rgb, 1, size as u32, &self.preprocess()))
    }

    fn image(&self, rgb: &[u8]) -> Result<Tensor<4>, LabError> {
        Ok(upload_images(self.pixels(rgb)?, 1, self.architecture().input_size, &self.compute().device))
    }
}
