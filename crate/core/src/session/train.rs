//! Training steps: batch, masks, forward, backward, update, metrics.

use burn::tensor::Tensor;

use super::Session;
use crate::data::{Samples, Split, augment, cutmix, epoch_order, flip_flags};
use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::{Tensor as HostTensor, Tensors};
use crate::loss;
use crate::metrics;
use crate::network::{BatchNormStatistics, Mode, forward, forward_classifier};
use crate::params::{Weight, download, upload_images};
use crate::protocol::{Freeze, StepMetrics};
use crate::schedule::learning_rate;

/// Steps between two updates of the averaged weights. Every fourth step is cheap and just as good.
const AVERAGE_EVERY: u64 = 4;

/// The input of a step.
// One per step, moved twice, so boxing the larger variant would save nothing.
#[allow(clippy::large_enum_variant)]
enum StepInput {
    /// Normalised NCHW values, and the fraction of each sample that is its own ([`cutmix`]).
    Pixels(Vec<f32>, Vec<f32>),
    /// Features of frozen convolutions, `[batch, units]`.
    Features(Tensor<2>),
}

impl StepInput {
    /// The fraction of each sample that is its own. Empty without CutMix.
    fn own_fraction(&self) -> &[f32] {
        match self {
            Self::Pixels(_, own_fraction) => own_fraction,
            Self::Features(_) => &[],
        }
    }
}

/// The result of [`Session::forward_backward`].
#[derive(Debug, Clone)]
pub struct BatchGradients {
    /// `[batch, classes]`, row-major.
    pub logits: Vec<f32>,
    /// Mean cross-entropy of the batch.
    pub loss: f64,
    /// Gradient of the loss by parameter name.
    pub gradients: Tensors,
}

impl Session {
    /// Trains `n` steps and returns the metrics of the last one. 0 counts as 1.
    ///
    /// Logits are read back only once, after the last step.
    ///
    /// [`LabError::Data`] if images cannot be loaded (the step can be repeated), [`LabError::ReadBack`] if the
    /// device was lost, [`LabError`] if a resumed distillation run has no teachers yet.
    pub async fn step(&mut self, n: u32) -> Result<StepMetrics, LabError> {
        for _ in 1..n.max(1) {
            self.train().await?;
        }
        let (logits, labels, rate) = self.train().await?;
        Ok(self.metrics(&download(logits).await?, &labels, rate))
    }

    /// The metrics of a step.
    pub(super) fn metrics(&self, logits: &[f32], labels: &[u32], rate: f64) -> StepMetrics {
        let classes = self.architecture.config.classes as usize;
        let images = labels.len() as u32;
        let loss = loss::cross_entropy_sum(logits, labels, classes, self.options.label_smoothing);
        let (top1, top5) = metrics::correct_counts(logits, labels, classes);
        let rate_of = |hits: u32| hits as f32 / images.max(1) as f32;
        StepMetrics {
            step: self.step,
            epoch: self.step as f64 / self.steps_per_epoch() as f64,
            loss: (loss / f64::from(images.max(1))) as f32,
            train_accuracy: rate_of(top1),
            train_top5: rate_of(top5),
            learning_rate: rate,
            images,
        }
    }

    /// The batch of the next step.
    pub(super) async fn next_batch(&mut self) -> Result<Samples, LabError> {
        let indices = self.next_indices();
        Ok(self.dataset.fetch(Split::Train, &indices).await?)
    }

    /// Indices of the next batch, in the shuffled order of (seed, epoch).
    fn next_indices(&mut self) -> Vec<u32> {
        let per_epoch = self.steps_per_epoch();
        let (epoch, index) = (self.step / per_epoch, (self.step % per_epoch) as usize);
        if self.order.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let shards = self.dataset.shards(Split::Train);
            let order = epoch_order(&shards, self.options.train_images, self.options.seed, epoch);
            self.order = Some((epoch, order));
        }
        let batch = self.options.batch_size as usize;
        let order = self.order.as_ref().map_or(&[][..], |(_, order)| order);
        order.get(index * batch..(index + 1) * batch).unwrap_or_default().to_vec()
    }

    /// One step: the logits of the batch (on the device), its labels, and the learning rate.
    async fn train(&mut self) -> Result<(Tensor<2>, Vec<u32>, f64), LabError> {
        let (seed, step) = (self.options.seed, self.step);
        // Frozen convolutions give the same features in every epoch, unless images are cropped or recoloured.
        let images = self.options.batch_size as usize;
        // Teachers need pixels.
        let use_cache = self.uses_labels_only()? && self.frozen();
        let flipped = use_cache.then(|| flip_flags(&self.options, images, seed, step)).flatten();
        let (input, labels) = match flipped {
            Some(flipped) => {
                let indices = self.next_indices();
                let (features, labels) = self.features(Split::Train, &indices, &flipped).await?;
                (StepInput::Features(features), labels)
            }
            None => {
                let samples = self.next_batch().await?;
                let (pixels, own_fraction) = self.augment_batch(&samples);
                (StepInput::Pixels(pixels, own_fraction), samples.labels)
            }
        };
        let (logits, rate) = self.train_on(input, &labels);
        Ok((logits, labels, rate))
    }

    /// The augmented, normalised pixels of a batch in the current step, and the fraction of each sample that
    /// is its own.
    pub(super) fn augment_batch(&self, samples: &Samples) -> (Vec<f32>, Vec<f32>) {
        let (options, seed) = (&self.options, self.options.seed);
        let mut pixels = augment(samples, options, &self.preprocess, seed, self.step);
        let own_fraction = cutmix(&mut pixels, samples.len(), options, seed, self.step);
        (pixels, own_fraction)
    }

    /// Forward, backward, update, running statistics and weight average for one batch. Logits stay on the
    /// device.
    fn train_on(&mut self, input: StepInput, labels: &[u32]) -> (Tensor<2>, f64) {
        let masks = self.draw_masks(labels.len());
        let (logits, gradients, statistics) = self.gradients(input, labels, masks);
        (logits, self.apply_gradients(gradients, statistics))
    }

    /// Updates the weights, counts the step and returns the learning rate.
    pub(super) fn apply_gradients(
        &mut self,
        gradients: Vec<Option<Tensor<1>>>,
        statistics: BatchNormStatistics,
    ) -> f64 {
        let rate = learning_rate(&self.options, self.step, self.planned_steps());
        self.optimizer.update(&mut self.params, gradients, &self.options, rate);
        for (index, value) in statistics {
            if let Some(param) = self.params.0.get_mut(index) {
                param.value = value;
            }
        }
        self.step += 1;
        self.update_average();
        rate
    }

    /// The dropout masks of the current step.
    pub(super) fn draw_masks(&self, images: usize) -> [Mask; 2] {
        let (seed, p) = (self.options.seed, self.options.dropout);
        let [fc6, fc7] = self.architecture.mask_units();
        [(0, fc6), (1, fc7)].map(|(layer, units)| Mask::draw(seed, self.step, layer, [images, units], p))
    }

    /// Forward and backward pass of one batch. The masks are stored so that they can be shown.
    #[allow(clippy::type_complexity)]
    fn gradients(
        &mut self,
        input: StepInput,
        labels: &[u32],
        masks: [Mask; 2],
    ) -> (Tensor<2>, Vec<Option<Tensor<1>>>, BatchNormStatistics) {
        let device = &self.compute.device;
        let p = self.options.dropout;
        let factors = masks.each_ref().map(|mask| (p > 0.0).then(|| mask.factors(p, device)));
        self.masks = Some(masks);
        let frozen = self.frozen();
        let tracked: Vec<Tensor<1>> = self
            .params
            .0
            .iter()
            .map(|param| match param.trainable && !(frozen && param.is_convolution) {
                true => param.value.clone().autodiff().require_grad(),
                false => param.value.clone(),
            })
            .collect();
        let weights: Vec<Weight> = tracked.iter().cloned().map(Weight::from).collect();
        let mode = Mode::Train { dropout_factors: &factors, train_convolutions: !frozen };
        let classes = self.architecture.config.classes as usize;
        let smoothing = self.options.label_smoothing;
        let mut targets = loss::upload_targets(labels, input.own_fraction(), classes, smoothing, device);
        let (logits, statistics) = match input {
            StepInput::Pixels(pixels, _) => {
                let images = upload_images(pixels, labels.len(), self.architecture.input_size, device);
                targets = self.mix_in_teachers(targets, &images);
                forward(&self.architecture, &weights, images, &mode, |_, _| {})
            }
            StepInput::Features(features) => (
                forward_classifier(&self.architecture, &weights, features, &mode, |_, _| {}),
                BatchNormStatistics::new(),
            ),
        };
        let mut gradients = loss::cross_entropy(logits.clone(), targets).backward();
        let gradients = tracked
            .iter()
            .map(|tensor| tensor.is_require_grad().then(|| tensor.grad_remove(&mut gradients)).flatten())
            .collect();
        (logits.inner(), gradients, statistics)
    }

    /// Logits, loss and gradients of a given batch, without a step. For comparison with other
    /// implementations, other devices and finite differences.
    ///
    /// `pixels` are normalised NCHW values. Without `masks` the current step's are used.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn forward_backward(
        &mut self,
        pixels: Vec<f32>,
        labels: &[u32],
        masks: Option<[Mask; 2]>,
    ) -> Result<BatchGradients, LabError> {
        let masks = masks.unwrap_or_else(|| self.draw_masks(labels.len()));
        let (logits, gradients, _) = self.gradients(StepInput::Pixels(pixels, Vec::new()), labels, masks);
        let logits = download(logits).await?;
        let classes = self.architecture.config.classes as usize;
        let loss = loss::cross_entropy_sum(&logits, labels, classes, self.options.label_smoothing)
            / labels.len().max(1) as f64;
        let mut by_name = Tensors::new();
        for (param, gradient) in self.params.0.iter().zip(gradients) {
            if let Some(gradient) = gradient {
                let data = download(gradient).await?;
                by_name.insert(param.name.clone(), HostTensor { shape: param.shape.clone(), data });
            }
        }
        Ok(BatchGradients { logits, loss, gradients: by_name })
    }

    fn update_average(&mut self) {
        let Some(average) = &mut self.average else { return };
        if !self.step.is_multiple_of(AVERAGE_EVERY) {
            return;
        }
        // A young average adapts faster, or it would remember the initial weights.
        let young = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        let decay = self.options.weight_average.min(young).powi(AVERAGE_EVERY as i32) as f32;
        let frozen = self.options.freeze == Freeze::Conv;
        for (average, param) in average.0.iter_mut().zip(&self.params.0) {
            // The average of weights that never change is those weights, bit for bit.
            if frozen && param.is_convolution {
                continue;
            }
            average.value =
                average.value.clone().mul_scalar(decay) + param.value.clone().mul_scalar(1.0 - decay);
        }
    }

    /// Trains one step on a given batch of normalised NCHW values instead of the next batch. Returns its mean
    /// loss.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn step_on_batch(&mut self, pixels: Vec<f32>, labels: &[u32]) -> Result<f64, LabError> {
        let masks = self.draw_masks(labels.len());
        self.step_with_masks(pixels, labels, masks).await
    }

    /// [`Session::step_on_batch`] with given dropout masks, for comparison with other implementations.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn step_with_masks(
        &mut self,
        pixels: Vec<f32>,
        labels: &[u32],
        masks: [Mask; 2],
    ) -> Result<f64, LabError> {
        let (logits, gradients, statistics) =
            self.gradients(StepInput::Pixels(pixels, Vec::new()), labels, masks);
        self.apply_gradients(gradients, statistics);
        let classes = self.architecture.config.classes as usize;
        let logits = download(logits).await?;
        let sum = loss::cross_entropy_sum(&logits, labels, classes, self.options.label_smoothing);
        Ok(sum / labels.len().max(1) as f64)
    }
}
