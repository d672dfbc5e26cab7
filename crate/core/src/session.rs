//! A training run: configuration, weights, optimiser, place in the data, masks.
//!
//! Everything that makes a run reproducible is owned here: the same options over the same images give the
//! same bits on the CPU backend, run twice, side by side, or saved and resumed in the middle.

use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};

use crate::architecture::Architecture;
use crate::classifier::{Classifier, predictions};
use crate::data::{ImageSource, Samples, Split, augment, epoch_order};
use crate::device::Compute;
pub use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::{Checkpoint, RunState, Tensor as Stored, Tensors};
use crate::init::init;
use crate::loss;
use crate::metrics;
use crate::network::{Mode, Statistics, forward};
use crate::optimizer::Optimizer;
use crate::params::{Params, download};
use crate::protocol::{
    DropoutLayer, Freeze, NetworkConfig, Preprocess, RunInfo, RunOptions, StepMetrics, Validation, Watched,
    When, option_table,
};
use crate::schedule::learning_rate;

/// Steps between two updates of the averaged weights: one in four costs little and follows as well.
const AVERAGE_EVERY: u64 = 4;

/// A training run.
pub struct Session {
    options: RunOptions,
    compute: Compute,
    source: Rc<dyn ImageSource>,
    architecture: Architecture,
    preprocess: Preprocess,
    params: Params,
    optimizer: Optimizer,
    average: Option<Params>,
    step: u64,
    train_images: u32,
    order: Option<(u64, Vec<u32>)>,
    masks: Option<[Mask; 2]>,
}

impl Session {
    /// A fresh run: weights drawn from the seed.
    ///
    /// # Errors
    /// [`LabError::Options`] when an option is out of its range or does not fit the data set.
    pub fn new(
        options: RunOptions,
        source: Rc<dyn ImageSource>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let architecture = Architecture::new(network_config(&options, source.labels().len()))?;
        let params = init(&architecture, options.seed, &compute.device)?;
        Self::assemble(options, source, compute, architecture, params)
    }

    /// A run that starts from the weights of a model: all of them where the classes are the same, else all
    /// but the last layer, which is drawn anew. Network, width, activation and normalisation are the model's.
    ///
    /// # Errors
    /// As [`Session::new`]; [`LabError::Weights`] when the model is damaged.
    pub fn from_model(
        mut options: RunOptions,
        model: &Checkpoint,
        source: Rc<dyn ImageSource>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let config = model.network;
        options.network = config.network;
        options.width = config.width;
        options.activation = config.activation;
        options.normalization = config.normalization;
        let architecture = Architecture::new(network_config(&options, source.labels().len()))?;
        let mut tensors = model.tensors.clone();
        if source.labels() != model.labels.as_slice() {
            let fresh = init(&architecture, options.seed, &compute.device)?;
            let last = architecture.layers.last().map(|layer| format!("{}.", layer.key)).unwrap_or_default();
            for param in fresh.0.into_iter().filter(|param| param.name.starts_with(&last)) {
                let data = param.value.into_data().try_into_vec::<f32>().map_err(|e| {
                    LabError::Weights(format!("The new last layer could not be drawn: {e:?}."))
                })?;
                tensors.insert(param.name, Stored { shape: param.shape, data });
            }
        }
        let params = Params::from_tensors(&architecture, &tensors, &compute.device)?;
        let mut session = Self::assemble(options, source, compute, architecture, params)?;
        session.preprocess = model.preprocess;
        Ok(session)
    }

    /// Goes on with a saved run, to the same bits as if it had never stopped.
    ///
    /// # Errors
    /// [`LabError::Weights`] when the file holds no run or does not fit the data set.
    pub fn resume(
        checkpoint: Checkpoint,
        source: Rc<dyn ImageSource>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let Some(run) = checkpoint.run else {
            return Err(LabError::Weights(
                "This file holds a finished network, not a run that can go on: train from it instead.".into(),
            ));
        };
        if source.labels() != checkpoint.labels.as_slice() {
            return Err(LabError::Weights(format!(
                "The saved run was trained on other classes than “{}” has: choose its own data set.",
                run.options.dataset
            )));
        }
        let device = &compute.device;
        let architecture = Architecture::new(checkpoint.network)?;
        let params = Params::from_tensors(&architecture, &checkpoint.tensors, device)?;
        let optimizer = Optimizer::restore(run.options.optimizer, run.step, &params, &run.optimizer, device)?;
        let average = match run.average.is_empty() {
            true => None,
            false => Some(Params::from_tensors(&architecture, &run.average, device)?),
        };
        let mut session = Self::assemble(run.options, source, compute, architecture, params)?;
        session.preprocess = checkpoint.preprocess;
        session.optimizer = optimizer;
        session.average = average;
        session.step = run.step;
        Ok(session)
    }

    fn assemble(
        mut options: RunOptions,
        source: Rc<dyn ImageSource>,
        compute: &Compute,
        architecture: Architecture,
        params: Params,
    ) -> Result<Self, LabError> {
        options.check().map_err(LabError::Options)?;
        if source.size() as usize != architecture.input_size {
            return Err(LabError::Options(format!(
                "The images are {0} pixels wide where {1} takes {2}: load the data set for {1}.",
                source.size(),
                options.network,
                architecture.input_size
            )));
        }
        let available: u32 = source.shards(Split::Train).iter().sum();
        let train_images = match options.train_images {
            0 => available,
            limit => limit.min(available),
        };
        if train_images == 0 {
            return Err(LabError::Options("The data set has no training images: add some.".into()));
        }
        // Shapes stay fixed within a session: a step never takes more images than there are.
        options.batch_size = options.batch_size.min(train_images);
        let tensors = params.0.len();
        Ok(Self {
            preprocess: source.preprocess(),
            optimizer: Optimizer::new(options.optimizer, tensors),
            average: (options.weight_average > 0.0).then(|| params.clone()),
            compute: compute.clone(),
            step: 0,
            order: None,
            masks: None,
            options,
            source,
            architecture,
            params,
            train_images,
        })
    }

    /// The options in force.
    pub fn options(&self) -> &RunOptions {
        &self.options
    }

    /// The layers.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Steps that the schedule is planned for.
    pub fn planned_steps(&self) -> u64 {
        u64::from(self.options.epochs) * self.steps_per_epoch()
    }

    /// What the run is about.
    pub fn info(&self) -> RunInfo {
        let [fc6_units, fc7_units] = self.architecture.mask_units().map(|units| units as u32);
        RunInfo {
            step: self.step,
            parameters: self.architecture.parameters(),
            train_images: self.train_images,
            val_images: self.source.shards(Split::Val).iter().sum(),
            steps_per_epoch: self.steps_per_epoch() as u32,
            labels: self.source.labels().iter().map(|label| label.name.clone()).collect(),
            input_size: self.architecture.input_size as u32,
            fc6_units,
            fc7_units,
        }
    }

    fn steps_per_epoch(&self) -> u64 {
        u64::from(self.train_images / self.options.batch_size.max(1)).max(1)
    }

    /// Changes options in the middle of the run; takes effect at the next step.
    ///
    /// # Errors
    /// [`LabError::Options`] when a value is out of its range or its option needs a new session; nothing is
    /// changed then.
    pub fn set_options(&mut self, options: RunOptions) -> Result<(), LabError> {
        options.check().map_err(LabError::Options)?;
        let json = |o: &RunOptions| serde_value(o);
        let (old, new) = (json(&self.options)?, json(&options)?);
        for spec in option_table().iter().filter(|spec| spec.when == When::Reset) {
            let capped = spec.name == "batchSize"
                && options.batch_size.min(self.train_images) == self.options.batch_size;
            if old.get(spec.name) != new.get(spec.name) && !capped {
                return Err(LabError::Options(format!(
                    "{} cannot change during a run: reset the run to use another.",
                    spec.title
                )));
            }
        }
        let batch_size = self.options.batch_size;
        self.options = RunOptions { batch_size, ..options };
        Ok(())
    }

    /// Trains `n` steps and reports the last; `n` of 0 counts as 1.
    ///
    /// Metrics are read back once, at the last step.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had (the step can be tried again), [`LabError::Device`] when
    /// the device was lost.
    pub async fn step(&mut self, n: u32) -> Result<StepMetrics, LabError> {
        for _ in 1..n.max(1) {
            self.train().await?;
        }
        let (logits, labels, rate) = self.train().await?;
        let classes = self.architecture.config.classes as usize;
        let logits = download(logits).await?;
        let images = labels.len() as u32;
        let loss = loss::cross_entropy_sum(&logits, &labels, classes, self.options.label_smoothing);
        let (first, five) = metrics::hits(&logits, &labels, classes);
        let share = |hits: u32| hits as f32 / images.max(1) as f32;
        Ok(StepMetrics {
            step: self.step,
            epoch: self.step as f64 / self.steps_per_epoch() as f64,
            loss: (loss / f64::from(images.max(1))) as f32,
            train_accuracy: share(first),
            train_top5: share(five),
            learning_rate: rate,
            images,
        })
    }

    /// The images of the next step, in the order of (seed, epoch).
    async fn next_batch(&mut self) -> Result<Samples, LabError> {
        let per_epoch = self.steps_per_epoch();
        let (epoch, place) = (self.step / per_epoch, (self.step % per_epoch) as usize);
        if self.order.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let shards = self.source.shards(Split::Train);
            let order = epoch_order(&shards, self.options.train_images, self.options.seed, epoch);
            self.order = Some((epoch, order));
        }
        let batch = self.options.batch_size as usize;
        let order = self.order.as_ref().map_or(&[][..], |(_, order)| order);
        let indices = order.get(place * batch..(place + 1) * batch).unwrap_or_default().to_vec();
        Ok(self.source.fetch(Split::Train, &indices).await?)
    }

    /// One step: logits of the batch (on the device), its labels, the learning rate used.
    async fn train(&mut self) -> Result<(Tensor<2>, Vec<u32>, f64), LabError> {
        let samples = self.next_batch().await?;
        let options = &self.options;
        let pixels = augment(&samples, options, &self.preprocess, options.seed, self.step);
        let (logits, rate) = self.advance(pixels, &samples.labels);
        Ok((logits, samples.labels, rate))
    }

    /// Gradients, update, statistics, average: a step on given images. Logits stay on the device.
    fn advance(&mut self, pixels: Vec<f32>, labels: &[u32]) -> (Tensor<2>, f64) {
        let masks = self.draw_masks(labels.len());
        let (logits, gradients, statistics) = self.gradients(pixels, labels, masks);
        let rate = learning_rate(&self.options, self.step, self.planned_steps());
        self.optimizer.update(&mut self.params, gradients, &self.options, rate);
        for (place, value) in statistics {
            if let Some(param) = self.params.0.get_mut(place) {
                param.value = value;
            }
        }
        self.step += 1;
        self.follow_average();
        (logits, rate)
    }

    /// The masks of the current step.
    fn draw_masks(&self, images: usize) -> [Mask; 2] {
        let (seed, p) = (self.options.seed, self.options.dropout);
        let [fc6, fc7] = self.architecture.mask_units();
        [(0, fc6), (1, fc7)].map(|(layer, units)| Mask::draw(seed, self.step, layer, [images, units], p))
    }

    /// Forward and backward of one batch through these masks, which are kept to be shown.
    #[allow(clippy::type_complexity)]
    fn gradients(
        &mut self,
        pixels: Vec<f32>,
        labels: &[u32],
        masks: [Mask; 2],
    ) -> (Tensor<2>, Vec<Option<Tensor<1>>>, Statistics) {
        let device = &self.compute.device;
        let images = upload_images(pixels, labels.len(), self.architecture.input_size, device);
        let p = self.options.dropout;
        let factors = masks.each_ref().map(|mask| (p > 0.0).then(|| mask.factors(p, device)));
        self.masks = Some(masks);
        let frozen = self.options.freeze == Freeze::Conv;
        let tracked: Vec<Tensor<1>> = self
            .params
            .0
            .iter()
            .map(|param| match param.trainable && !(frozen && param.feature) {
                true => param.value.clone().autodiff().require_grad(),
                false => param.value.clone(),
            })
            .collect();
        let mode = Mode::Train { factors: &factors, features: !frozen };
        let (logits, statistics) = forward(&self.architecture, &tracked, images, &mode, |_, _| {});
        let classes = self.architecture.config.classes as usize;
        let targets = loss::upload_targets(labels, classes, self.options.label_smoothing, device);
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
    /// [`LabError::Device`] when the device was lost.
    pub async fn probe(
        &mut self,
        pixels: Vec<f32>,
        labels: &[u32],
        masks: Option<[Mask; 2]>,
    ) -> Result<Probe, LabError> {
        let masks = masks.unwrap_or_else(|| self.draw_masks(labels.len()));
        let (logits, gradients, _) = self.gradients(pixels, labels, masks);
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
        Ok(Probe { logits, loss, gradients: by_name })
    }

    fn follow_average(&mut self) {
        let Some(average) = &mut self.average else { return };
        if !self.step.is_multiple_of(AVERAGE_EVERY) {
            return;
        }
        // A young average follows faster, or it would remember the random start.
        let young = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        let decay = self.options.weight_average.min(young).powi(AVERAGE_EVERY as i32) as f32;
        for (average, param) in average.0.iter_mut().zip(&self.params.0) {
            average.value =
                average.value.clone().mul_scalar(decay) + param.value.clone().mul_scalar(1.0 - decay);
        }
    }

    /// The network to judge and to keep: the averaged weights where averaging is on.
    pub fn classifier(&self) -> Classifier {
        Classifier::from_parts(
            self.architecture.clone(),
            self.average.as_ref().unwrap_or(&self.params).clone(),
            self.source.labels().to_vec(),
            self.preprocess,
            &self.compute,
        )
    }

    /// Judges the first `limit` validation images (0 for all), dropout off.
    ///
    /// # Errors
    /// [`LabError::Data`] when images cannot be had, [`LabError::Device`] when the device was lost.
    pub async fn validate(&self, limit: u32) -> Result<Validation, LabError> {
        let available: u32 = self.source.shards(Split::Val).iter().sum();
        let images = if limit == 0 { available } else { limit.min(available) };
        let indices: Vec<u32> = (0..images).collect();
        let classifier = self.classifier();
        let mut tally = crate::classifier::Tally::new(self.architecture.config.classes as usize);
        for chunk in indices.chunks(classifier.batch()) {
            let samples = self.source.fetch(Split::Val, chunk).await?;
            let logits = classifier.logits(&samples).await?;
            tally.add(&logits, &samples.labels);
        }
        Ok(tally.validation())
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
    /// [`LabError::Device`] when the device was lost.
    pub async fn filters(&self) -> Result<Stored, LabError> {
        match self.params.0.first() {
            Some(param) => {
                Ok(Stored { shape: param.shape.clone(), data: download(param.value.clone()).await? })
            }
            None => Err(LabError::Weights("The network has no layers.".into())),
        }
    }

    /// The five best guesses for some validation images.
    ///
    /// # Errors
    /// [`LabError::Data`] when an image cannot be had, [`LabError::Device`] when the device was lost.
    pub async fn watch(&self, indices: &[u32]) -> Result<Vec<Watched>, LabError> {
        let classifier = self.classifier();
        let samples = self.source.fetch(Split::Val, indices).await?;
        let logits = classifier.logits(&samples).await?;
        let labels = self.source.labels();
        let rows = logits.chunks(labels.len().max(1)).zip(&samples.labels).zip(indices);
        Ok(rows
            .map(|((row, &label), &index)| Watched {
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

    /// The network as it would be used: averaged weights where averaging is on, no run state.
    ///
    /// # Errors
    /// [`LabError::Device`] when the device was lost.
    pub async fn model(&self) -> Result<Checkpoint, LabError> {
        let params = self.average.as_ref().unwrap_or(&self.params);
        Ok(Checkpoint {
            network: self.architecture.config,
            labels: self.source.labels().to_vec(),
            preprocess: self.preprocess,
            origin: Some(format!("Trained on “{}” for {} steps.", self.options.dataset, self.step)),
            tensors: params.read().await?,
            run: None,
        })
    }

    /// Everything, for going on later.
    ///
    /// # Errors
    /// [`LabError::Device`] when the device was lost.
    pub async fn checkpoint(&self) -> Result<Checkpoint, LabError> {
        let average = match &self.average {
            Some(average) => average.read().await?,
            None => Tensors::new(),
        };
        let run = RunState {
            options: self.options.clone(),
            step: self.step,
            optimizer: self.optimizer.read(&self.params).await?,
            average,
        };
        Ok(Checkpoint { tensors: self.params.read().await?, run: Some(run), ..self.model().await? })
    }

    /// Replaces the weights, all of them checked first: for tests that need known ones.
    ///
    /// # Errors
    /// [`LabError::Weights`] when they do not fit; nothing is changed then.
    pub fn set_weights(&mut self, tensors: &Tensors) -> Result<(), LabError> {
        self.params = Params::from_tensors(&self.architecture, tensors, &self.compute.device)?;
        Ok(())
    }

    /// Trains one step on a given batch of normalised NCHW floats instead of the data set's next.
    ///
    /// # Errors
    /// [`LabError::Device`] when the device was lost.
    pub async fn step_on(&mut self, pixels: Vec<f32>, labels: &[u32]) -> Result<f64, LabError> {
        let (logits, _) = self.advance(pixels, labels);
        let classes = self.architecture.config.classes as usize;
        let logits = download(logits).await?;
        let sum = loss::cross_entropy_sum(&logits, labels, classes, self.options.label_smoothing);
        Ok(sum / labels.len().max(1) as f64)
    }
}

/// What [`Session::probe`] found.
#[derive(Debug, Clone)]
pub struct Probe {
    /// `[batch, classes]`, row by row.
    pub logits: Vec<f32>,
    /// Mean cross-entropy of the batch.
    pub loss: f64,
    /// Gradient of the loss by parameter name.
    pub gradients: Tensors,
}

fn serde_value(options: &RunOptions) -> Result<serde_json::Value, LabError> {
    serde_json::to_value(options).map_err(|e| LabError::Options(e.to_string()))
}

fn network_config(options: &RunOptions, classes: usize) -> NetworkConfig {
    NetworkConfig {
        network: options.network,
        classes: classes as u32,
        width: options.width,
        activation: options.activation,
        normalization: options.normalization,
        dropout: options.dropout,
    }
}

/// Uploads normalised NCHW floats.
pub(crate) fn upload_images(pixels: Vec<f32>, batch: usize, size: usize, device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels, [batch, 3, size, size]), device)
}
