//! The commands and their flags.

use std::path::PathBuf;

use alexnet_format::Precision;
use alexnet_protocol::TestCrops;
use clap::{Args, Parser, Subcommand};

use crate::backend::BackendChoice;
use crate::flags::RunFlags;
use crate::model::{ModelName, Output};

/// AlexNet on the command line: train it, evaluate it, use it.
#[derive(Parser)]
#[command(name = "alexnet", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Classifies photos, alone or in folders.
    Classify(ClassifyArgs),
    /// Trains a network on labelled images.
    Train(Box<TrainArgs>),
    /// Evaluates a model on labelled images, or the average of several models.
    Eval(EvalArgs),
    /// Calibrates the probabilities of a model on labelled images (temperature scaling).
    Calibrate(CalibrateArgs),
    /// Saves a model in another format or precision.
    ///
    /// The state of a run is copied only from `.alexnet` to `.alexnet`, in single precision, without --half or --int8.
    /// Every other file holds the model alone.
    Convert(ConvertArgs),
    /// Averages the weights of several networks that were trained from the same start.
    Average(AverageArgs),
    /// Shows what a model file holds, and what is wrong with it if it cannot be used.
    Inspect(InspectArgs),
    /// Compares a model in each precision: bytes, top-1, top-5, error of the logits.
    Sizes(SizesArgs),
    /// Runs an experiment of Learn and holds its result against the published figure. Without a name: lists them.
    Experiment(ExperimentArgs),
}

#[derive(Args)]
pub struct ClassifyArgs {
    /// JPEG, PNG, WebP, GIF (first frame) or BMP files, or folders: every image in a folder and below it.
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// Prints a table for a spreadsheet and nothing else: one line for each photo, values separated by commas.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// A model file, or `shipped` for the network that comes with this program.
    #[arg(long, value_name = "FILE", default_value = "shipped")]
    pub model: ModelName,
    /// Number of best guesses to show.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    #[command(flatten)]
    pub seen: PreprocessArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Crops of each image.
#[derive(Args)]
pub struct PreprocessArgs {
    /// Crops of each image whose probabilities are averaged: one, the crop and its mirror image (mirrored), or the ten
    /// of the 2012 paper (centre and corners, each with its mirror image).
    #[arg(long, value_name = "one|mirrored|ten", default_value = "one")]
    pub views: TestCrops,
}

#[derive(Args)]
pub struct EvalArgs {
    /// A model file, or `shipped`. Give it several times to average the probabilities of several models.
    #[arg(long, value_name = "FILE", required = true)]
    pub model: Vec<ModelName>,
    /// A folder or a ZIP file with a folder of images for each class, named by the label or id of the class.
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub seen: PreprocessArgs,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Args)]
pub struct CalibrateArgs {
    /// The model file, or `shipped`.
    #[arg(value_name = "FILE")]
    pub model: ModelName,
    /// A folder or a ZIP file of images that the network was not trained on, with a folder for each class, named by the
    /// label or id of the class. The effect is measured on each half with the temperature fitted on the other half.
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    /// Where to save the calibrated model [default: FILE itself, in its precision].
    #[arg(long, value_name = "FILE")]
    pub out: Option<Output>,
    /// Length in pixels that the shorter side of an image is resized to before the square in the centre is cropped. A
    /// network trained on random crops has seen objects larger than they are in whole images; a length a little above
    /// the side of the square makes up for that.
    #[arg(long, value_name = "PIXELS")]
    pub resize: Option<u32>,
    /// New names for the classes: a JSON list of `{"id": …, "name": …}`, matched by id.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Images of things that the network does not know, in folders of any name. Give it several times for several data
    /// sets. Measures how well the energy score and two other scores tell them from the images of DATA.
    #[arg(long, value_name = "DATA")]
    pub unknown: Vec<PathBuf>,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Args)]
pub struct TrainArgs {
    /// A folder or a ZIP file with a folder of images for each class, or with `train/` and `val/` of that layout, or a
    /// project exported by the page. Give it several times to combine data sets.
    #[arg(long, value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Validation images, if DATA has no `val/` [default: a tenth of DATA].
    #[arg(long, value_name = "DATA")]
    pub val: Vec<PathBuf>,
    /// Where to save the model (`.safetensors`, `.onnx`, or `.alexnet` with the state of the run). The model of the best
    /// epoch and the state of the run are saved beside it.
    #[arg(long, value_name = "FILE")]
    pub out: Output,
    /// Starts from the weights of this model (a file, or `shipped`). Other classes get a new last layer. Options that
    /// are not given have defaults for fine-tuning with dozens of images per class: first train with `--freeze conv`,
    /// which takes seconds, then train the result without it. With a smaller `--width` than the model's, a random part
    /// of its units is kept, chosen by the seed.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub model: Option<ModelName>,
    /// Resumes a saved run (`.alexnet`). The result has the same bits as a run without a break.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Distils this network (a file, or `shipped`) with the same classes: its probabilities for every training image
    /// become part of the target. Give it several times to average several teachers.
    #[arg(long, value_name = "FILE")]
    pub teacher: Vec<ModelName>,
    /// Share of the target that comes from the teachers; the rest is the label [default: 0.5, or that of the resumed
    /// run].
    #[arg(long, value_name = "SHARE", requires = "teacher")]
    pub distillation: Option<f64>,
    /// The classes in order with their names: a JSON list of `{"id": …, "name": …}`.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// A sentence about the origin and licence of the model, stored in the file.
    #[arg(long, value_name = "TEXT")]
    pub origin: Option<String>,
    #[command(flatten)]
    pub stored: PrecisionArgs,
    /// Minutes between two saves of the run during an epoch.
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    pub save_every: f64,
    /// Saves the run and stops after this many minutes; --resume continues it.
    #[arg(long, value_name = "N")]
    pub minutes: Option<f64>,
    /// Steps between two readings of the loss; a GPU does not wait in between [default: 1, on a GPU 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub read_every: Option<u32>,
    #[command(flatten)]
    pub run: RunFlags,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Args)]
pub struct ConvertArgs {
    /// The model file to read; its format is found from its content.
    #[arg(value_name = "IN")]
    pub input: ModelName,
    /// The file to write; its extension is the format (`.safetensors`, `.onnx`, `.alexnet`).
    #[arg(value_name = "OUT")]
    pub output: Output,
    /// A sentence about the origin and licence of the model, stored in the file [default: that of IN, or that of
    /// published weights known by their SHA-256].
    #[arg(long, value_name = "TEXT")]
    pub origin: Option<String>,
    #[command(flatten)]
    pub stored: PrecisionArgs,
}

#[derive(Args)]
pub struct AverageArgs {
    /// A model file, or `shipped`. Give it at least twice, for networks that were trained from the same start.
    #[arg(long, value_name = "FILE", required = true)]
    pub model: Vec<ModelName>,
    /// The file to write; its extension is the format (`.safetensors`, `.onnx`, `.alexnet`).
    #[arg(long, value_name = "FILE")]
    pub out: Output,
    /// A sentence about the origin and licence of the model, stored in the file.
    #[arg(long, value_name = "TEXT")]
    pub origin: Option<String>,
    #[command(flatten)]
    pub stored: PrecisionArgs,
}

/// The precision of the weights in a file; single precision by default.
#[derive(Args)]
pub struct PrecisionArgs {
    /// Saves the weights of the model in half precision. The state of a run (`.alexnet`) is never rounded.
    #[arg(long)]
    pub half: bool,
    /// Saves the weights of the model as signed bytes with a scale for each output channel. The state of a run
    /// (`.alexnet`) is never rounded.
    #[arg(long, conflicts_with = "half")]
    pub int8: bool,
}

impl PrecisionArgs {
    /// The precision chosen by the flags.
    pub fn precision(&self) -> Precision {
        match (self.half, self.int8) {
            (_, true) => Precision::Int8,
            (true, false) => Precision::F16,
            (false, false) => Precision::F32,
        }
    }
}

#[derive(Args)]
pub struct SizesArgs {
    /// The model file, or `shipped`.
    #[arg(value_name = "FILE")]
    pub model: ModelName,
    /// A folder or a ZIP file with a folder of images for each class, named by the label or id of the class.
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Args)]
pub struct InspectArgs {
    /// The model file, or `shipped`.
    #[arg(value_name = "FILE")]
    pub model: ModelName,
    /// Prints one JSON document and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// What classify, train and eval share.
#[derive(Args)]
pub struct CommonArgs {
    /// The device: auto, cpu, webgpu, or cuda where it is built in.
    #[arg(long, value_name = "B", default_value = "auto")]
    pub backend: BackendChoice,
    /// Prints JSON and nothing else.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ExperimentArgs {
    /// The experiment.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// A setting and its value. Give it several times for several settings.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Number of seeds [default: that of the experiment].
    #[arg(long, value_name = "N")]
    pub seeds: Option<u32>,
    /// The first seed; the others follow it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u32,
    /// A data set as for `train` [default: the Fashion-MNIST that `cargo xtask build` packs for the page].
    #[arg(long, value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// Prints JSON and nothing else.
    #[arg(long)]
    pub json: bool,
}
