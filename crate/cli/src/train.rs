//! `alexnet train`.

use std::fs;
use std::rc::Rc;
use std::time::{Duration, Instant};

use alexnet::classifier::ValidationCounter;
use alexnet::narrow::narrow;
use alexnet::{Architecture, Classifier, Compute, Session};
use alexnet_data::{Dataset, InputSize, Split};
use alexnet_format::{Checkpoint, FileFormat, Precision};
use alexnet_protocol::{Backend, ClassLabel, FineTuning, Freeze, RunOptions, Validation, fine_tuning};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::args::TrainArgs;
use crate::data::{self, RelabeledDataset};
use crate::flags;
use crate::model::{ModelName, Output};
use crate::{backend, report};

/// Default of `--distillation`: the teachers' share of the target.
const DISTILLATION: f64 = 0.5;

/// Trains to the planned end, or until the time given by `--minutes` is over.
///
/// # Errors
/// If the data set, the model or the options cannot be used, or the loss is NaN or infinite. Files saved
/// earlier stay.
pub fn run(args: &TrainArgs) -> Result<()> {
    args.out.check_folder()?;
    let compute = backend::open(args.common.backend)?;
    let (session, dataset) = create_session(args, &compute)?;
    Trainer::new(args, &compute, session, dataset)?.train()
}

/// Creates the session: new, from a model's weights, or resumed.
fn create_session(args: &TrainArgs, compute: &Compute) -> Result<(Session, Rc<dyn Dataset>)> {
    let resumed = args.resume.clone().map(|file| ModelName::File(file).checkpoint()).transpose()?;
    let mut model = args.model.as_ref().map(ModelName::model).transpose()?;
    if let (Some(wide), true) = (&model, args.run.has("width")) {
        let RunOptions { width, seed, .. } = args.run.apply_to(&flags::defaults())?;
        model = Some(narrow(wide, width, seed)?);
    }
    let options = options(args, resumed.as_ref(), model.as_ref())?;
    // A network that is trained further keeps its preprocessing.
    let preprocess = resumed.as_ref().or(model.as_ref()).map(|from| from.preprocess.into());
    let input_size =
        preprocess.unwrap_or_else(|| InputSize::whole(Architecture::input_size_of(options.network)));
    // Before the data, which take longer to read, so that a wrong name is reported at once.
    let teachers: Vec<_> = args.teacher.iter().map(ModelName::model).collect::<Result<_>>()?;
    let given = args.labels.as_ref().map(|file| data::labels(file)).transpose()?;
    let dataset = data::load_training(&args.data, &args.val, input_size, options.seed)?;
    let labels = match (given, &resumed, &model) {
        (Some(labels), ..) => labels,
        (None, Some(run), _) => run.labels.clone(),
        (None, None, Some(model)) if same_classes(dataset.labels(), model) => model.labels.clone(),
        _ => dataset.labels().to_vec(),
    };
    let dataset: Rc<dyn Dataset> = Rc::new(RelabeledDataset::new(dataset, labels)?);
    let saved_share = resumed.as_ref().and_then(|file| file.run.as_ref()).map(|run| run.distillation);
    let share = args.distillation.or(saved_share.filter(|share| *share > 0.0)).unwrap_or(DISTILLATION);
    let mut session = match (resumed, model) {
        (Some(run), _) => {
            let mut session = Session::resume(run, dataset.clone(), compute)?;
            session.set_options(options)?;
            session
        }
        (None, Some(model)) => Session::from_model(options, &model, dataset.clone(), compute)?,
        (None, None) => Session::new(options, dataset.clone(), compute)?,
    };
    if !teachers.is_empty() {
        session.distill_from(&teachers, share)?;
    }
    Ok((session, dataset))
}

/// The options given on the command line, applied to those of the run, of the model's network, or to the
/// defaults.
fn options(args: &TrainArgs, resumed: Option<&Checkpoint>, model: Option<&Checkpoint>) -> Result<RunOptions> {
    if let Some(run) = resumed {
        let file = args.resume.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let state = run.run.as_ref();
        let state = state.with_context(|| {
            format!("{file} holds a finished network, not a run: use --model instead of --resume")
        })?;
        return args.run.apply_to(&state.options);
    }
    let stem = args.data.first().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy());
    let mut base = flags::defaults();
    if let Some(model) = model {
        let FineTuning { head, all } = fine_tuning();
        base = if args.run.name("freeze") == Some(Freeze::Conv.name()) { head } else { all };
        for name in ["network", "activation", "normalization"] {
            ensure!(
                !args.run.has(name),
                "--{name} comes from the model when training starts from one: leave it out"
            );
        }
        let c = model.network;
        (base.network, base.width, base.activation, base.normalization) =
            (c.network, c.width, c.activation, c.normalization);
    }
    base.dataset = stem.unwrap_or_default().into_owned();
    args.run.apply_to(&base)
}

/// Whether the folders are exactly the model's classes, so that its last layer can be kept.
fn same_classes(labels: &[ClassLabel], model: &Checkpoint) -> bool {
    labels.len() == model.labels.len()
        && data::match_classes(labels, &model.labels).iter().all(Option::is_some)
}

/// The training loop around a session: when to read metrics, validate and save.
struct Trainer<'a> {
    args: &'a TrainArgs,
    session: Session,
    /// The file of the run's state, for resuming.
    run: Output,
    /// The file of the best epoch's model.
    best: Output,
    best_top1: Option<f32>,
    read_every: u64,
    started: Instant,
    saved: Instant,
}

/// Sums over the steps of one epoch.
#[derive(Default)]
struct Epoch {
    readings: f64,
    loss: f64,
    top1: f64,
    images: u64,
    training: Duration,
}

impl<'a> Trainer<'a> {
    fn new(
        args: &'a TrainArgs,
        compute: &Compute,
        session: Session,
        dataset: Rc<dyn Dataset>,
    ) -> Result<Self> {
        let run = match args.out.format {
            FileFormat::Alexnet => args.out.clone(),
            FileFormat::Safetensors | FileFormat::Onnx => args.out.sibling("run", FileFormat::Alexnet),
        };
        let best = args.out.sibling("best", FileFormat::Safetensors);
        // A resumed run keeps the best model of its earlier parts.
        let best_top1 = match args.resume.is_some() && best.path.exists() {
            true => evaluate(&best, dataset.as_ref(), compute).ok().map(|found| found.top1),
            false => None,
        };
        let on_cpu = compute.backend == Backend::Cpu;
        let read_every = u64::from(args.read_every.unwrap_or(if on_cpu { 1 } else { 10 }));
        let now = Instant::now();
        Ok(Self { args, session, run, best, best_top1, read_every, started: now, saved: now })
    }

    fn train(&mut self) -> Result<()> {
        let info = self.session.info();
        report::note(&format!(
            "{}: {} parameters, {} classes, {} training and {} validation images, {} steps per epoch, starting at step {}",
            self.session.options().network,
            info.parameters,
            info.labels.len(),
            info.train_images,
            info.val_images,
            info.steps_per_epoch,
            info.step
        ));
        while self.session.steps() < self.session.planned_steps() {
            let Some(epoch) = self.epoch(u64::from(info.steps_per_epoch.max(1)))? else {
                report::note(&format!(
                    "stopped at step {} as requested: continue with --resume {}",
                    self.session.steps(),
                    self.run.path.display()
                ));
                return Ok(());
            };
            let found = pollster::block_on(self.session.validate(0))?;
            if !found.loss.is_finite() {
                bail!("{}", self.diverged("validation loss"));
            }
            self.print_epoch(&epoch, &found, u64::from(info.steps_per_epoch.max(1)))?;
            self.save_epoch(&found)?;
        }
        self.save_model()?;
        self.save_run()
    }

    /// Trains to the end of the current epoch. `None` if the time was over before.
    fn epoch(&mut self, per_epoch: u64) -> Result<Option<Epoch>> {
        let mut sums = Epoch::default();
        let number = self.session.steps() / per_epoch + 1;
        let end = number * per_epoch;
        let bar = report::bar(per_epoch, &format!("epoch {number}"));
        let start = Instant::now();
        while self.session.steps() < end {
            let n = self.read_every.min(end - self.session.steps());
            let metrics = pollster::block_on(self.session.step(n as u32))?;
            if !metrics.loss.is_finite() {
                bail!("{}", self.diverged("loss"));
            }
            sums.readings += 1.0;
            sums.loss += f64::from(metrics.loss);
            sums.top1 += f64::from(metrics.train_accuracy);
            sums.images += u64::from(metrics.images) * n;
            bar.set_position(per_epoch - (end - self.session.steps()));
            bar.set_message(format!("loss {:.3}", sums.loss / sums.readings));
            let minutes = |since: Instant| since.elapsed().as_secs_f64() / 60.0;
            let over = self.args.minutes.is_some_and(|limit| minutes(self.started) >= limit);
            if (over && self.session.steps() < end) || minutes(self.saved) >= self.args.save_every {
                self.save_run()?;
            }
            if over && self.session.steps() < end {
                bar.finish_and_clear();
                return Ok(None);
            }
        }
        bar.finish_and_clear();
        sums.training = start.elapsed();
        Ok(Some(sums))
    }

    /// The sentence for a loss that is NaN or infinite.
    fn diverged(&self, loss: &str) -> String {
        let kept = match self.run.path.exists() {
            true => format!("; {} holds the last saved state", self.run.path.display()),
            false => String::new(),
        };
        format!(
            "the {loss} is not a number at step {}: use a lower learning rate{kept}",
            self.session.steps()
        )
    }

    fn print_epoch(&self, epoch: &Epoch, found: &Validation, per_epoch: u64) -> Result<()> {
        let step = self.session.steps();
        let (loss, top1) = (epoch.loss / epoch.readings.max(1.0), epoch.top1 / epoch.readings.max(1.0));
        let speed = epoch.images as f64 / epoch.training.as_secs_f64().max(1e-9);
        if self.args.common.json {
            let line = json!({
                "epoch": step / per_epoch,
                "step": step,
                "loss": loss,
                "train_top1": top1,
                "val_loss": found.loss,
                "val_top1": found.top1,
                "val_top5": found.top5,
                "images_per_second": speed,
            });
            return report::result(&line.to_string());
        }
        report::result(&format!(
            "epoch {}: loss {loss:.4}, top-1 {:.2} %; validation loss {:.4}, top-1 {:.2} %, top-5 {:.2} %; {speed:.0} images/s",
            step / per_epoch,
            top1 * 100.0,
            found.loss,
            found.top1 * 100.0,
            found.top5 * 100.0
        ))
    }

    /// Saves after an epoch: the current model, the best model, the run's state.
    fn save_epoch(&mut self, found: &Validation) -> Result<()> {
        if self.best_top1.is_none_or(|best| found.top1 > best) {
            self.best_top1 = Some(found.top1);
            self.best.write(&self.model()?, self.args.stored.precision())?;
        }
        self.save_model()?;
        self.save_run()
    }

    fn save_model(&self) -> Result<()> {
        match self.args.out.format {
            FileFormat::Safetensors | FileFormat::Onnx => {
                self.args.out.write(&self.model()?, self.args.stored.precision())
            }
            // The run's state is saved under this name.
            FileFormat::Alexnet => Ok(()),
        }
    }

    fn save_run(&mut self) -> Result<()> {
        let checkpoint = self.with_origin(pollster::block_on(self.session.checkpoint())?);
        self.run.write(&checkpoint, Precision::F32)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn model(&self) -> Result<Checkpoint> {
        Ok(self.with_origin(pollster::block_on(self.session.model())?))
    }

    fn with_origin(&self, checkpoint: Checkpoint) -> Checkpoint {
        Checkpoint { origin: self.args.origin.clone().or(checkpoint.origin), ..checkpoint }
    }
}

/// Evaluates a model file on the validation images.
fn evaluate(file: &Output, dataset: &dyn Dataset, compute: &Compute) -> Result<Validation> {
    let model = Checkpoint::read(fs::read(&file.path)?)?;
    let classifier = Classifier::new(&model, compute)?;
    let images: Vec<u32> = (0..dataset.shards(Split::Val).iter().sum()).collect();
    let mut counter = ValidationCounter::new(model.labels.len());
    for part in images.chunks(classifier.max_batch().max(1)) {
        let samples = pollster::block_on(dataset.fetch(Split::Val, part))?;
        let logits = pollster::block_on(classifier.logits(&samples))?;
        counter.add(&logits, &samples.labels);
    }
    Ok(counter.validation())
}
