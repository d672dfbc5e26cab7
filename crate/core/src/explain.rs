//! Why an answer: what each layer makes of a picture, what the answer rests on, and which classes are alike.
//!
//! Everything here is computed when somebody looks. The picture is the square that the network saw
//! ([`crate::classifier::Classification::crop`]), `size × size` pixels of red, green and blue.

use burn::tensor::Tensor;

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::classifier::Classifier;
use crate::data::normalize;
use crate::error::LabError;
use crate::format::Tensor as Stored;
use crate::metrics::softmax;
use crate::network::{Feature, Mode, forward};
use crate::params::{Weight, download, upload_images};
use crate::protocol::{LayerMaps, OcclusionGrid, SimilarClass};

/// Where in a picture the evidence for a class lies.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Row by row, 0 (none) to 1 (most); all 0 where nothing speaks for the class.
    pub values: Vec<f32>,
}

impl Classifier {
    /// The layers in order, with the shapes of what leaves them. Dropout, which does nothing here, is left out.
    pub fn layers(&self) -> Vec<LayerMaps> {
        let shown = self.architecture().layers.iter().filter(|l| !matches!(l.kind, LayerKind::Dropout(_)));
        shown
            .map(|layer| {
                let [channels, height, width] = layer.output.map(|side| side as u32);
                LayerMaps { name: layer.name.clone(), channels, height, width }
            })
            .collect()
    }

    /// What leaves a layer for a picture: shape `[channels, height, width]`.
    ///
    /// # Errors
    /// [`LabError`] when there is no such layer or the picture has another size, or the device was
    /// lost.
    pub async fn feature_maps(&self, rgb: &[u8], layer: &str) -> Result<Stored, LabError> {
        let end = self.architecture().layers.iter().position(|each| each.name == layer);
        let end = end.ok_or_else(|| LabError::NoLayer { layer: layer.into() })? + 1;
        let (front, _) = self.architecture().layers.split_at(end);
        let mut last = None;
        forward(&self.part(front), self.weights(), self.image(rgb)?, &Mode::Evaluate, |_, feature| {
            last = Some(feature);
        });
        let shape = front.last().map(|layer| layer.output.to_vec()).unwrap_or_default();
        let data = match last {
            Some(Feature::Map(map)) => download(map).await?,
            Some(Feature::Vector(units)) => download(units).await?,
            None => vec![],
        };
        Ok(Stored { shape, data })
    }

    /// The first convolution's filters: shape OIHW and values.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn filters(&self) -> Result<Stored, LabError> {
        match self.tensors().next() {
            Some((_, shape, weight)) => {
                Ok(Stored { shape, data: download(weight.float(&self.compute().device)).await? })
            }
            None => Err(LabError::NoLayers),
        }
    }

    /// The `count` classes that this network holds to be most like `class`, the most alike first: those whose weights
    /// in the last layer point the same way, so that what speaks for one speaks for the other.
    ///
    /// # Errors
    /// [`LabError`] when there is no such class, or when the device was lost.
    pub async fn similar_classes(&self, class: u32, count: usize) -> Result<Vec<SimilarClass>, LabError> {
        self.check_class(class)?;
        let last = self.tensors().rfind(|(_, shape, _)| shape.len() == 2);
        let Some((_, shape, weight)) = last else { return Ok(vec![]) };
        let inputs = shape.get(1).copied().unwrap_or(1).max(1);
        let mut rows = download(weight.float(&self.compute().device)).await?;
        // The same weights added to every class change no probability: the mean says nothing about a class.
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
        let mut alike: Vec<SimilarClass> = rows
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
        alike.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index)));
        alike.truncate(count);
        Ok(alike)
    }

    /// Probability of `class` with a grey square (the mean colour) over the picture at places `from` and following of
    /// the grid, at most `count` of them: an occlusion map in pieces, so that other work fits between two.
    ///
    /// # Errors
    /// [`LabError`] when there is no such class or the picture has another size, or the device was
    /// lost.
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
        let [patch, stride, places] = [grid.patch, grid.stride, grid.places].map(|n| n as usize);
        let end = (places * places).min(from.saturating_add(count));
        let mut batch = Vec::new();
        for place in from..end {
            let start = batch.len();
            batch.extend_from_slice(&pixels);
            let (left, top) = (place % places * stride, place / places * stride);
            let rows = batch.get_mut(start..).unwrap_or_default().chunks_exact_mut(size);
            for (_, row) in rows.enumerate().filter(|(y, _)| (top..top + patch).contains(&(y % size))) {
                // Zero is the mean: the pixels are normalised.
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

    /// The places of [`Classifier::occluded`].
    pub fn occlusion_grid(&self) -> OcclusionGrid {
        OcclusionGrid::of(self.architecture().input_size as u32)
    }

    /// What each place of the last convolution's maps (behind the activation) adds to the class's logit: its values
    /// times their gradients, summed over the maps, and what speaks against the class left out.
    ///
    /// This is HiResCAM (Draelos and Carin 2020). Grad-CAM (Selvaraju et al. 2017) takes a map's mean gradient for all
    /// of its class_indices, which fits networks that average their last maps; here fully connected layers follow, to which
    /// each place is another input.
    ///
    /// # Errors
    /// [`LabError`] when there is no such class or the picture has another size, or the device was
    /// lost.
    pub async fn evidence_map(&self, rgb: &[u8], class: u32) -> Result<EvidenceMap, LabError> {
        self.check_class(class)?;
        let layers = &self.architecture().layers;
        let is_last =
            |layer: &LayerSpec| layer.kind == LayerKind::Activation && layer.key.starts_with("features");
        let end = layers.iter().rposition(is_last).map_or(0, |place| place + 1);
        let (front, back) = layers.split_at(end);
        let held = front.iter().map(|layer| layer.tensors().len()).sum::<usize>().min(self.weights().len());
        let (before, behind) = self.weights().split_at(held);
        // LayerOpsBackward go through single precision only.
        let behind: Vec<Weight> =
            behind.iter().map(|weight| weight.float(&self.compute().device).into()).collect();
        let mut last = None;
        forward(&self.part(front), before, self.image(rgb)?, &Mode::Evaluate, |_, feature| {
            last = Some(feature);
        });
        let Some(Feature::Map(maps)) = last else {
            return Err(LabError::NoConvolutions);
        };
        let [_, channels, height, width] = maps.dims();
        let tracked = maps.clone().autodiff().require_grad();
        let (logits, _) = forward(&self.part(back), &behind, tracked.clone(), &Mode::Evaluate, |_, _| {});
        let class = class as usize;
        let mut gradients = logits.slice([0..1, class..class + 1]).sum().backward();
        let Some(gradient) = tracked.grad_remove(&mut gradients) else {
            return Ok(EvidenceMap { height, width, values: vec![0.0; height * width] });
        };
        let (maps, gradient) = (download(maps).await?, download(gradient).await?);
        let area = (height * width).max(1);
        let mut values = vec![0.0f32; height * width];
        for (map, gradient) in maps.chunks_exact(area).zip(gradient.chunks_exact(area)).take(channels) {
            let added = map.iter().zip(gradient).map(|(value, gradient)| value * gradient);
            values.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
        }
        let most = values.iter().fold(0.0f32, |most, &value| most.max(value));
        let scale = if most > 0.0 { most } else { 1.0 };
        values.iter_mut().for_each(|value| *value = value.max(0.0) / scale);
        Ok(EvidenceMap { height, width, values })
    }

    fn check_class(&self, class: u32) -> Result<(), LabError> {
        match self.labels().get(class as usize) {
            Some(_) => Ok(()),
            None => Err(LabError::NoClass { class }),
        }
    }

    /// Some of the network's layers as a network of their own.
    fn part(&self, layers: &[LayerSpec]) -> Architecture {
        let Architecture { config, input_size, towers, .. } = *self.architecture();
        Architecture { config, input_size, towers, layers: layers.to_vec() }
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
