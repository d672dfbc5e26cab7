//! Steps: images in, masks drawn, gradients, update, metrics out.

use burn::tensor::Tensor;

use super::Session;
use crate::data::{Samples, Split, augment, cutmix, epoch_order, flip_flags};
use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::{Tensor as Stored, Tensors};
use crate::loss;
use crate::metrics;
use crate::network::{BatchNormStatistics, Mode, forward, forward_classifier};
use crate::params::{Weight, download, upload_images};
use crate::protocol::{Freeze, StepMetrics};
use crate::schedule::learning_rate;

/// Steps between two updates of the averaged weights: one in four costs little and follows as well.
const AVERAGE_EVERY: u64 = 4;

/// What a step learns from.
// There is one a step, moved twice: a box would save nothing.
#[allow(clippy::large_enum_variant)]
enum Input {
    /// Normalised NCHW floats, and how much of each image is its own ([`cutmix`]).
    Pixels(Vec<f32>, Vec<f32>),
    /// What frozen convolutions made of the images, `[batch, units]`.
    Features(Tensor<2>),
}

impl Input {
    /// How much of each image is its own; empty where all are whole.
    fn own(&self) -> &[f32] {
        match self {
            Self::Pixels(_, own) => own,
            Self::Features(_) => &[],
        }
    }
}

/// What [`Session::probe`] found.
#[derive(Debug, Clone)]
pub struct GradientProbe {
    /// `[batch, classes]`, row by row.
    pub logits: Vec<f32>,
    /// Mean cross-entropy of the batch.
    pub loss: f64,
    /// Gradient of the loss by parameter name.
    pub gradients: Tensors,
}

impl Session {
    /// Trains `n` steps and reports the last; `n` of 0 counts as 1.
    ///
    /// Metrics are read back once, at the last step.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had (the step can be tried again), or when
    /// the device was lost, or when a resumed run has not been given its teachers.
    pub async fn step(&mut self, n: u32) -> Result<StepMetrics, LabError> {
        for _ in 1..n.max(1) {
            self.train().await?;
        }
        let (logits, labels, rate) = self.train().await?;
        Ok(self.metrics(&download(logits).await?, &labels, rate))
    }

    /// What a step's logits say.
    pub(super) fn metrics(&self, logits: &[f32], labels: &[u32], rate: f64) -> StepMetrics {
        let classes = self.architecture.config.classes as usize;
        let images = labels.len() as u32;
        let loss = loss::cross_entropy_sum(logits, labels, classes, self.options.label_smoothing);
        let (first, five) = metrics::correct_counts(logits, labels, classes);
        let share = |hits: u32| hits as f32 / images.max(1) as f32;
        StepMetrics {
            step: self.step,
            epoch: self.step as f64 / self.steps_per_epoch() as f64,
            loss: (loss / f64::from(images.max(1))) as f32,
            train_accuracy: share(first),
            train_top5: share(five),
            learning_rate: rate,
            images,
        }
    }

    /// The images of the next step.
    pub(super) async fn next_batch(&mut self) -> Result<Samples, LabError> {
        let places = self.next_places();
        Ok(self.source.fetch(Split::Train, &places).await?)
    }

    /// Places of the images of the next step, in the order of (seed, epoch).
    fn next_places(&mut self) -> Vec<u32> {
        let per_epoch = self.steps_per_epoch();
        let (epoch, place) = (self.step / per_epoch, (self.step % per_epoch) as usize);
        if self.order.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let shards = self.source.shards(Split::Train);
            let order = epoch_order(&shards, self.options.train_images, self.options.seed, epoch);
            self.order = Some((epoch, order));
        }
        let batch = self.options.batch_size as usize;
        let order = self.order.as_ref().map_or(&[][..], |(_, order)| order);
        order.get(place * batch..(place + 1) * batch).unwrap_or_default().to_vec()
    }

    /// One step: logits of the batch (on the device), its labels, the learning rate used.
    async fn train(&mut self) -> Result<(Tensor<2>, Vec<u32>, f64), LabError> {
        let (seed, step) = (self.options.seed, self.step);
        // Frozen convolutions make the same of an image in every epoch, unless it is cropped or recoloured anew.
        let images = self.options.batch_size as usize;
        // Teachers look at pixels.
        let kept = self.is_untaught()? && self.frozen();
        let views = kept.then(|| flip_flags(&self.options, images, seed, step)).flatten();
        let (input, labels) = match views {
            Some(views) => {
                let places = self.next_places();
                let (features, labels) = self.features(Split::Train, &places, &views).await?;
                (Input::Features(features), labels)
            }
            None => {
                let samples = self.next_batch().await?;
                let (pixels, own) = self.augmented(&samples);
                (Input::Pixels(pixels, own), samples.labels)
            }
        };
        let (logits, rate) = self.advance(input, &labels);
        Ok((logits, labels, rate))
    }

    /// The pixels that the current step sees of these images, and how much of each is its own.
    pub(super) fn augmented(&self, samples: &Samples) -> (Vec<f32>, Vec<f32>) {
        let (options, seed) = (&self.options, self.options.seed);
        let mut pixels = augment(samples, options, &self.preprocess, seed, self.step);
        let own = cutmix(&mut pixels, samples.len(), options, seed, self.step);
        (pixels, own)
    }

    /// LayerOpsBackward, update, statistics, average: a step on given images. Logits stay on the device.
    fn advance(&mut self, input: Input, labels: &[u32]) -> (Tensor<2>, f64) {
        let masks = self.draw_masks(labels.len());
        let (logits, gradients, statistics) = self.gradients(input, labels, masks);
        (logits, self.apply(gradients, statistics))
    }

    /// Moves the weights and counts the step; the learning rate used.
    pub(super) fn apply(
        &mut self,
        gradients: Vec<Option<Tensor<1>>>,
        statistics: BatchNormStatistics,
    ) -> f64 {
        let rate = learning_rate(&self.options, self.step, self.planned_steps());
        self.optimizer.update(&mut self.params, gradients, &self.options, rate);
        for (place, value) in statistics {
            if let Some(param) = self.params.0.get_mut(place) {
                param.value = value;
            }
        }
        self.step += 1;
        self.follow_average();
        rate
    }

    /// The masks of the current step.
    pub(super) fn draw_masks(&self, images: usize) -> [Mask; 2] {
        let (seed, p) = (self.options.seed, self.options.dropout);
        let [fc6, fc7] = self.architecture.mask_units();
        [(0, fc6), (1, fc7)].map(|(layer, units)| Mask::draw(seed, self.step, layer, [images, units], p))
    }

    /// Forward and backward of one batch through these masks, which are kept to be shown.
    #[allow(clippy::type_complexity)]
    fn gradients(
        &mut self,
        input: Input,
        labels: &[u32],
        masks: [Mask; 2],
    ) -> (Tensor<2>, Vec<Option<Tensor<1>>>, BatchNormStatistics) {
        let device = &self.compute.device;
        let p = self.options.dropout;
        let factors = masks.each_ref().map(|mask| (p > 0.0).then(|| mask.scale(p, device)));
        self.masks = Some(masks);
        let frozen = self.frozen();
        let tracked: Vec<Tensor<1>> = self
            .params
            .0
            .iter()
            .map(|param| match param.trainable && !(frozen && param.feature) {
                true => param.value.clone().autodiff().require_grad(),
                false => param.value.clone(),
            })
            .collect();
        let weights: Vec<Weight> = tracked.iter().cloned().map(Weight::from).collect();
        let mode = Mode::Train { factors: &factors, features: !frozen };
        let classes = self.architecture.config.classes as usize;
        let smoothing = self.options.label_smoothing;
        let mut targets = loss::upload_targets(labels, input.own(), classes, smoothing, device);
        let (logits, statistics) = match input {
            Input::Pixels(pixels, _) => {
                let images = upload_images(pixels, labels.len(), self.architecture.input_size, device);
                targets = self.taught(targets, &images);
                forward(&self.architecture, &weights, images, &mode, |_, _| {})
            }
            Input::Features(features) => (
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

    /// Logits, loss and gradients of a given batch, without a step: for comparing with other implementations,
    /// other devices and finite differences.
    ///
    /// `pixels` are normalised NCHW floats; `masks` those to use, else the current step's.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn probe(
        &mut self,
        pixels: Vec<f32>,
        labels: &[u32],
        masks: Option<[Mask; 2]>,
    ) -> Result<GradientProbe, LabError> {
        let masks = masks.unwrap_or_else(|| self.draw_masks(labels.len()));
        let (logits, gradients, _) = self.gradients(Input::Pixels(pixels, Vec::new()), labels, masks);
        let logits = download(logits).await?;
        let classes = self.architecture.config.classes as usize;
        let loss = loss::cross_entropy_sum(&logits, labels, classes, self.options.label_smoothing)
            / labels.len().max(1) as f64;
        let mut by_name = Tensors::new();
        for (param, gradient) in self.params.0.iter().zip(gradients) {
            if let Some(gradient) = gradient {
                let data = download(gradient).await?;
                by_name.insert(param.name.clone(), Stored { shape: param.shape.clone(), data });
            }
        }
        Ok(GradientProbe { logits, loss, gradients: by_name })
    }

    fn follow_average(&mut self) {
        let Some(average) = &mut self.average else { return };
        if !self.step.is_multiple_of(AVERAGE_EVERY) {
            return;
        }
        // A young average follows faster, or it would remember the random start.
        let young = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        let decay = self.options.weight_average.min(young).powi(AVERAGE_EVERY as i32) as f32;
        let frozen = self.options.freeze == Freeze::Conv;
        for (average, param) in average.0.iter_mut().zip(&self.params.0) {
            // The average of what never changes is itself, to the bit.
            if frozen && param.feature {
                continue;
            }
            average.value =
                average.value.clone().mul_scalar(decay) + param.value.clone().mul_scalar(1.0 - decay);
        }
    }

    /// Trains one step on a given batch of normalised NCHW floats instead of the data set's next; its mean loss.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn step_on(&mut self, pixels: Vec<f32>, labels: &[u32]) -> Result<f64, LabError> {
        let masks = self.draw_masks(labels.len());
        self.step_through(pixels, labels, masks).await
    }

    /// The same through given dropout masks: for comparing with other implementations.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] when the device was lost.
    pub async fn step_through(
        &mut self,
        pixels: Vec<f32>,
        labels: &[u32],
        masks: [Mask; 2],
    ) -> Result<f64, LabError> {
        let (logits, gradients, statistics) =
            self.gradients(Input::Pixels(pixels, Vec::new()), labels, masks);
        self.apply(gradients, statistics);
        let classes = self.architecture.config.classes as usize;
        let logits = download(logits).await?;
        let sum = loss::cross_entropy_sum(&logits, labels, classes, self.options.label_smoothing);
        Ok(sum / labels.len().max(1) as f64)
    }
}
