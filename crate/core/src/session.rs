//! A training run: options, weights, optimiser state, position in the data, dropout masks.
//!
//! The session owns everything that makes a run reproducible. On the CPU backend the same options and images
//! give the same bits: run twice, run side by side, or saved and resumed in the middle.

use std::cell::RefCell;
use std::rc::Rc;

use self::distillation::Distillation;
use self::feature_cache::FeatureCache;
use self::nearest_neighbors::Embeddings;
use crate::architecture::{Architecture, Variation};
use crate::data::{Dataset, Split};
use crate::device::Compute;
pub use crate::dropout::Mask;
use crate::error::LabError;
use crate::format::{Checkpoint, RunState, Tensors};
use crate::init::{init, init_last_layer, init_normal};
use crate::optimizer::Optimizer;
use crate::params::Params;
use crate::protocol::messages::OptionError;
use crate::protocol::{
    ClassLabel, NetworkConfig, OptionTiming, Preprocess, RunInfo, RunOptions, option_table,
};

mod distillation;
mod feature_cache;
mod inspect;
pub mod model_parallel;
mod nearest_neighbors;
mod train;

pub use feature_cache::CACHE_BYTES;
pub use nearest_neighbors::MAX_NEIGHBORS;
pub use train::BatchGradients;

/// What an experiment changes in a run beyond its options. The default changes nothing. Such a run cannot be saved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setup {
    /// Changes of the network.
    pub variation: Variation,
    /// Standard deviation of all initial weights (the paper's 0.01, section 5) instead of one for each layer's fan-in.
    pub weight_std: Option<f32>,
    /// Mean and standard deviation of the inputs, instead of the data set's.
    pub preprocess: Option<Preprocess>,
}

/// A training run.
pub struct Session {
    options: RunOptions,
    compute: Compute,
    dataset: Rc<dyn Dataset>,
    architecture: Architecture,
    preprocess: Preprocess,
    params: Params,
    optimizer: Optimizer,
    average: Option<Params>,
    step: u64,
    train_images: u32,
    order: Option<(u64, Vec<u32>)>,
    masks: Option<[Mask; 2]>,
    /// Features of frozen convolutions. Never borrowed across an await.
    cache: RefCell<FeatureCache>,
    /// Embeddings of the training images, and the step whose weights they were computed with.
    embeddings: RefCell<Option<(u64, Rc<Embeddings>)>>,
    distillation: Distillation,
}

impl Session {
    /// A new run, with weights initialised from the seed.
    ///
    /// # Errors
    /// [`LabError`] if an option is out of range or does not fit the data set.
    pub fn new(options: RunOptions, dataset: Rc<dyn Dataset>, compute: &Compute) -> Result<Self, LabError> {
        Self::varied(options, &Setup::default(), dataset, compute)
    }

    /// A new run with an experiment's changes.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn varied(
        options: RunOptions,
        setup: &Setup,
        dataset: Rc<dyn Dataset>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let config = network_config(&options, dataset.labels().len());
        let architecture = Architecture::varied(config, &setup.variation)?;
        let params = match setup.weight_std {
            Some(std) => init_normal(&architecture, options.seed, std, &compute.device)?,
            None => init(&architecture, options.seed, &compute.device)?,
        };
        let mut session = Self::assemble(options, dataset, compute, architecture, params)?;
        session.preprocess = setup.preprocess.unwrap_or(session.preprocess);
        Ok(session)
    }

    /// A run that starts from the weights of a model (fine-tuning). If the classes differ, the last layer is
    /// initialised anew. Network, width, activation and normalisation are the model's.
    ///
    /// # Errors
    /// As [`Session::new`]. [`LabError`] if the model is damaged.
    pub fn from_model(
        mut options: RunOptions,
        model: &Checkpoint,
        dataset: Rc<dyn Dataset>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let config = model.network;
        options.network = config.network;
        options.width = config.width;
        options.activation = config.activation;
        options.normalization = config.normalization;
        options.response_norm = config.response_norm;
        let architecture = Architecture::new(network_config(&options, dataset.labels().len()))?;
        let mut tensors = model.tensors.clone();
        if !same_classes(dataset.labels(), &model.labels) {
            tensors.extend(init_last_layer(&architecture, options.seed));
        }
        let params = Params::from_tensors(&architecture, &tensors, &compute.device)?;
        let mut session = Self::assemble(options, dataset, compute, architecture, params)?;
        session.preprocess = model.preprocess;
        Ok(session)
    }

    /// Resumes a saved run, to the same bits as if it had never been interrupted.
    ///
    /// # Errors
    /// [`LabError`] if the file holds no run or does not fit the data set.
    pub fn resume(
        checkpoint: Checkpoint,
        dataset: Rc<dyn Dataset>,
        compute: &Compute,
    ) -> Result<Self, LabError> {
        let Some(run) = checkpoint.run else {
            return Err(LabError::NotARun);
        };
        if !same_classes(dataset.labels(), &checkpoint.labels) {
            return Err(LabError::RunClasses { dataset: run.options.dataset });
        }
        let device = &compute.device;
        let architecture = Architecture::new(checkpoint.network)?;
        let params = Params::from_tensors(&architecture, &checkpoint.tensors, device)?;
        let optimizer = Optimizer::restore(run.options.optimizer, run.step, &params, &run.optimizer, device)?;
        let average = match run.average.is_empty() {
            true => None,
            false => Some(Params::from_tensors(&architecture, &run.average, device)?),
        };
        let mut session = Self::assemble(run.options, dataset, compute, architecture, params)?;
        session.preprocess = checkpoint.preprocess;
        session.optimizer = optimizer;
        session.average = average;
        session.step = run.step;
        session.distillation.share = run.distillation;
        session.reset_frozen_average();
        Ok(session)
    }

    fn assemble(
        mut options: RunOptions,
        dataset: Rc<dyn Dataset>,
        compute: &Compute,
        architecture: Architecture,
        params: Params,
    ) -> Result<Self, LabError> {
        options.check()?;
        if dataset.size() as usize != architecture.input_size {
            return Err(LabError::ImageSize {
                images: dataset.size(),
                network: options.network.name(),
                size: architecture.input_size,
            });
        }
        let available: u32 = dataset.shards(Split::Train).iter().sum();
        let train_images = match options.train_images {
            0 => available,
            limit => limit.min(available),
        };
        if train_images == 0 {
            return Err(LabError::NoTrainImages);
        }
        // Shapes stay fixed within a session, so a batch never holds more images than there are.
        options.batch_size = options.batch_size.min(train_images);
        let tensors = params.0.len();
        Ok(Self {
            preprocess: dataset.preprocess(),
            optimizer: Optimizer::new(options.optimizer, tensors),
            average: (options.weight_average > 0.0).then(|| params.clone()),
            compute: compute.clone(),
            step: 0,
            order: None,
            masks: None,
            cache: RefCell::default(),
            embeddings: RefCell::default(),
            distillation: Distillation::default(),
            options,
            dataset,
            architecture,
            params,
            train_images,
        })
    }

    /// Frozen layers are their own average. In older files the stored average differs by rounding.
    fn reset_frozen_average(&mut self) {
        let frozen = self.frozen();
        let Some(average) = &mut self.average else { return };
        for (average, param) in average.0.iter_mut().zip(&self.params.0) {
            if frozen && param.is_convolution {
                average.value = param.value.clone();
            }
        }
    }

    /// The current options.
    pub fn options(&self) -> &RunOptions {
        &self.options
    }

    /// The layers.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Number of steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Number of steps that the learning rate schedule is planned for.
    pub fn planned_steps(&self) -> u64 {
        u64::from(self.options.epochs) * self.steps_per_epoch()
    }

    /// Sizes and labels of the run.
    pub fn info(&self) -> RunInfo {
        let [fc6_units, fc7_units] = self.architecture.mask_units().map(|units| units as u32);
        RunInfo {
            step: self.step,
            parameters: self.architecture.parameters(),
            train_images: self.train_images,
            val_images: self.dataset.shards(Split::Val).iter().sum(),
            steps_per_epoch: self.steps_per_epoch() as u32,
            labels: self.dataset.labels().iter().map(|label| label.name.clone()).collect(),
            input_size: self.architecture.input_size as u32,
            fc6_units,
            fc7_units,
        }
    }

    fn steps_per_epoch(&self) -> u64 {
        u64::from(self.train_images / self.options.batch_size.max(1)).max(1)
    }

    /// Changes options during the run, from the next step on.
    ///
    /// # Errors
    /// [`LabError`] if a value is out of range or the option needs a new session. Nothing is changed
    /// then.
    pub fn set_options(&mut self, options: RunOptions) -> Result<(), LabError> {
        options.check()?;
        // `check` rejects options that cannot be serialised.
        let values = |options: &RunOptions| serde_json::to_value(options).unwrap_or_default();
        let (old, new) = (values(&self.options), values(&options));
        for spec in option_table().iter().filter(|spec| spec.timing == OptionTiming::Reset) {
            let capped = spec.name == "batchSize"
                && options.batch_size.min(self.train_images) == self.options.batch_size;
            if old.get(spec.name) != new.get(spec.name) && !capped {
                return Err(OptionError::Fixed { option: spec.titled() }.into());
            }
        }
        let batch_size = self.options.batch_size;
        self.options = RunOptions { batch_size, ..options };
        Ok(())
    }

    /// The trained network: averaged weights if averaging is on, no run state.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn model(&self) -> Result<Checkpoint, LabError> {
        let params = self.average.as_ref().unwrap_or(&self.params);
        Ok(Checkpoint {
            // Dropout may have changed since the architecture was built.
            network: NetworkConfig { dropout: self.options.dropout, ..self.architecture.config },
            labels: self.dataset.labels().to_vec(),
            preprocess: self.preprocess,
            // Training invalidates a calibration.
            calibration: None,
            origin: Some(format!("Trained on “{}” for {} steps.", self.options.dataset, self.step)),
            tensors: params.read().await?,
            run: None,
        })
    }

    /// The full state, for resuming.
    ///
    /// # Errors
    /// [`LabError::ReadBack`] if the device was lost.
    pub async fn checkpoint(&self) -> Result<Checkpoint, LabError> {
        let average = match &self.average {
            Some(average) => average.read().await?,
            None => Tensors::new(),
        };
        let run = RunState {
            options: self.options.clone(),
            step: self.step,
            distillation: self.distillation.share,
            optimizer: self.optimizer.read(&self.params).await?,
            average,
        };
        Ok(Checkpoint { tensors: self.params.read().await?, run: Some(run), ..self.model().await? })
    }

    /// Replaces the weights after checking all of them. For tests with known weights.
    ///
    /// # Errors
    /// [`LabError`] if they do not fit. Nothing is changed then.
    pub fn set_weights(&mut self, tensors: &Tensors) -> Result<(), LabError> {
        self.params = Params::from_tensors(&self.architecture, tensors, &self.compute.device)?;
        self.cache = RefCell::default();
        self.embeddings = RefCell::default();
        self.reset_frozen_average();
        Ok(())
    }
}

/// Whether two lists hold the same classes in the same order, compared by id: names may be reworded.
pub(crate) fn same_classes(a: &[ClassLabel], b: &[ClassLabel]) -> bool {
    a.iter().map(|label| &label.id).eq(b.iter().map(|label| &label.id))
}

pub(crate) fn network_config(options: &RunOptions, classes: usize) -> NetworkConfig {
    NetworkConfig {
        network: options.network,
        classes: classes as u32,
        width: options.width,
        activation: options.activation,
        normalization: options.normalization,
        response_norm: options.response_norm,
        dropout: options.dropout,
    }
}
