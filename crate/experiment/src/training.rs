//! A training run of an experiment: the real network through [`Session`], measured as the full network (dropout off,
//! without the penalty) on training and test images.

use std::collections::BTreeMap;
use std::rc::Rc;

use alexnet::data::{Dataset, InMemoryDataset, LocalFuture, Purpose, Samples, Split, rng};
use alexnet::metrics::correct_counts;
use alexnet::protocol::RunOptions;
use alexnet::{Classifier, Compute, LabError, Session, Setup};
use alexnet_protocol::messages::ExperimentError;
use alexnet_protocol::{Curve, Preprocess, RunReport, RunSpec};
use rand::RngCore;

use crate::design::{Inputs, Run};

/// Images that are trained on or evaluated in one call of [`Run::advance`].
const SLICE: usize = 128;

/// What a run trains and measures.
#[derive(Clone)]
pub struct Plan {
    /// The run's options. Seed and learning rate come from its spec.
    pub options: RunOptions,
    /// What is changed beyond them.
    pub setup: Setup,
    /// Whether the inputs lie around 0 up to ±128, as in the paper: only the mean is taken off.
    pub raw_inputs: bool,
    /// Whether each image is multiplied by a random colour.
    pub tinted: bool,
    /// Number of training images.
    pub train_images: u32,
    /// Number of test images.
    pub test_images: u32,
    /// Number of training images whose error is measured.
    pub measured_images: u32,
    /// Number of steps.
    pub steps: u64,
    /// Steps between two measurements.
    pub measure_every: u64,
    /// Training error at which the run ends early.
    pub stop_at: Option<f64>,
}

/// Errors at one step.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Steps done.
    pub step: u64,
    /// Error on training images.
    pub train_error: f64,
    /// Error on test images.
    pub val_error: f64,
}

/// A run in progress.
pub struct Training {
    spec: RunSpec,
    plan: Plan,
    source: Rc<dyn Dataset>,
    compute: Compute,
    loaded: Option<Loaded>,
    measured: Vec<Measured>,
}

struct Loaded {
    session: Session,
    images: Rc<InMemoryDataset>,
    evaluation: Option<Evaluation>,
}

/// An evaluation in progress.
struct Evaluation {
    classifier: Classifier,
    /// Right answers and images so far, on training and on test images.
    hits: [(u32, u32); 2],
}

impl Training {
    /// Prepares a run. Its images are loaded by the first [`Run::advance`].
    ///
    /// # Errors
    /// If no images were given.
    pub fn new(spec: &RunSpec, mut plan: Plan, inputs: &Inputs) -> Result<Self, ExperimentError> {
        let source = inputs.images.clone().ok_or(ExperimentError::NoImages)?;
        plan.options.seed = spec.seed;
        plan.options.learning_rate = spec.learning_rate.unwrap_or(plan.options.learning_rate);
        plan.options.train_images = 0;
        let compute = inputs.compute.clone();
        Ok(Self { spec: spec.clone(), plan, source, compute, loaded: None, measured: Vec::new() })
    }

    /// Computes for a moment and returns the share of the run that is done.
    ///
    /// # Errors
    /// Images that cannot be loaded or do not fit the network.
    pub async fn advance(&mut self) -> Result<f64, ExperimentError> {
        let Some(loaded) = &mut self.loaded else {
            self.loaded = Some(self.load().await?);
            return Ok(0.0);
        };
        let step = loaded.session.steps();
        if let Some(evaluation) = &mut loaded.evaluation {
            let limits = [self.plan.measured_images, self.plan.test_images];
            if let Some([train_error, val_error]) = evaluation.advance(&loaded.images, limits).await? {
                loaded.evaluation = None;
                self.measured.push(Measured { step, train_error, val_error });
            }
        } else {
            let left = self.plan.measure_every - step % self.plan.measure_every;
            let batch = loaded.session.options().batch_size.max(1) as usize;
            let steps = left.min((SLICE / batch).max(1) as u64).min(self.plan.steps.saturating_sub(step));
            loaded.session.step(steps as u32).await?;
            let step = loaded.session.steps();
            if step.is_multiple_of(self.plan.measure_every) || step >= self.plan.steps {
                let classifier = loaded.session.classifier();
                loaded.evaluation = Some(Evaluation { classifier, hits: [(0, 0); 2] });
            }
        }
        Ok(self.done())
    }

    /// The share of the run that is done: 1 after the last measurement.
    pub fn done(&self) -> f64 {
        let Some(loaded) = &self.loaded else { return 0.0 };
        let Some(last) = self.measured.last() else { return 0.0 };
        let stopped = self.plan.stop_at.is_some_and(|error| last.train_error <= error);
        match stopped || last.step >= self.plan.steps {
            true => 1.0,
            false => 0.99 * loaded.session.steps() as f64 / self.plan.steps.max(1) as f64,
        }
    }

    async fn load(&self) -> Result<Loaded, ExperimentError> {
        let take = |split, wanted: u32| {
            let available: u32 = self.source.shards(split).iter().sum();
            (0..wanted.min(available)).collect::<Vec<u32>>()
        };
        let (train, val) =
            (take(Split::Train, self.plan.train_images), take(Split::Val, self.plan.test_images));
        let mut train = self.source.fetch(Split::Train, &train).await.map_err(LabError::from)?;
        let mut val = self.source.fetch(Split::Val, &val).await.map_err(LabError::from)?;
        if self.plan.tinted {
            tint(&mut train, 0);
            tint(&mut val, 1);
        }
        let Preprocess { mean, .. } = self.source.preprocess();
        let (labels, size) = (self.source.labels().to_vec(), self.source.size());
        let images = InMemoryDataset::new(labels, size, train, val, self.source.preprocess());
        let images = Rc::new(images.map_err(LabError::from)?);
        let mut setup = self.plan.setup.clone();
        if self.plan.raw_inputs {
            setup.preprocess = Some(Preprocess { resize: size, crop: size, mean, std: [1.0 / 255.0; 3] });
        }
        let session = Session::varied(self.plan.options.clone(), &setup, images.clone(), &self.compute)?;
        let evaluation = Some(Evaluation { classifier: session.classifier(), hits: [(0, 0); 2] });
        Ok(Loaded { session, images, evaluation })
    }

    /// The run's session and images, once loaded.
    pub fn session(&self) -> Option<(&Session, &InMemoryDataset)> {
        self.loaded.as_ref().map(|loaded| (&loaded.session, &*loaded.images))
    }

    /// The measurements so far.
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }

    /// Passes over the training images at a step.
    pub fn epochs(&self, step: u64) -> f64 {
        let images = self.loaded.as_ref().map_or(0, |loaded| loaded.images.samples(Split::Train).len());
        let batch = self.loaded.as_ref().map_or(0, |loaded| loaded.session.options().batch_size);
        step as f64 * f64::from(batch) / images.max(1) as f64
    }

    /// The report: curves of training and test error over `x` of each step, and the last values.
    pub fn report_over(&self, x: impl Fn(u64) -> f64) -> RunReport {
        let curve = |name: &str, y: fn(&Measured) -> f64| Curve {
            name: name.into(),
            x: self.measured.iter().map(|at| x(at.step) as f32).collect(),
            y: self.measured.iter().map(|at| y(at) as f32).collect(),
        };
        let mut values = BTreeMap::new();
        if let Some(last) = self.measured.last() {
            values.insert("trainError".to_owned(), last.train_error);
            values.insert("valError".to_owned(), last.val_error);
            values.insert("gap".to_owned(), last.val_error - last.train_error);
        }
        RunReport {
            spec: self.spec.clone(),
            done: self.done(),
            curves: vec![curve("trainError", |at| at.train_error), curve("valError", |at| at.val_error)],
            values,
            pictures: Vec::new(),
        }
    }
}

impl Evaluation {
    /// Evaluates some images. The two errors when all are done.
    async fn advance(
        &mut self,
        images: &InMemoryDataset,
        limits: [u32; 2],
    ) -> Result<Option<[f64; 2]>, ExperimentError> {
        let splits = [Split::Train, Split::Val];
        for ((split, limit), (hits, seen)) in splits.into_iter().zip(limits).zip(&mut self.hits) {
            let last = limit.min(images.samples(split).len() as u32);
            let next: Vec<u32> = (*seen..last.min(*seen + SLICE as u32)).collect();
            if next.is_empty() {
                continue;
            }
            let samples = images.fetch(split, &next).await.map_err(LabError::from)?;
            *hits += hits_of(&self.classifier, &samples).await?;
            *seen += next.len() as u32;
            return Ok(None);
        }
        Ok(Some(self.hits.map(|(hits, seen)| f64::from(seen - hits) / f64::from(seen.max(1)))))
    }
}

/// Multiplies each image by a colour drawn for its place.
fn tint(samples: &mut Samples, stream: u64) {
    let bytes = samples.image_bytes().max(1);
    for (place, image) in samples.pixels.chunks_exact_mut(bytes).enumerate() {
        let mut random = rng(0, Purpose::Experiment, stream, place as u64);
        let colour = [0; 3].map(|_: u8| 64 + random.next_u32() % 192);
        for pixel in image.as_chunks_mut::<3>().0 {
            for (value, factor) in pixel.iter_mut().zip(colour) {
                *value = (u32::from(*value) * factor / 255) as u8;
            }
        }
    }
}

/// The number of right answers.
async fn hits_of(classifier: &Classifier, samples: &Samples) -> Result<u32, ExperimentError> {
    let logits = classifier.logits(samples).await?;
    Ok(correct_counts(&logits, &samples.labels, classifier.labels().len()).0)
}

/// A training run whose report needs nothing else, over passes or steps.
pub struct Plain {
    training: Training,
    over_steps: bool,
}

impl Plain {
    /// Curves over passes through the training images.
    pub fn over_epochs(training: Training) -> Self {
        Self { training, over_steps: false }
    }

    /// Curves over steps.
    pub fn over_steps(training: Training) -> Self {
        Self { training, over_steps: true }
    }
}

impl Run for Plain {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(self.training.advance())
    }

    fn report(&self) -> RunReport {
        match self.over_steps {
            true => self.training.report_over(|step| step as f64),
            false => self.training.report_over(|step| self.training.epochs(step)),
        }
    }
}
