//! What can be typed.

use std::path::PathBuf;

use alexnet_format::Precision;
use alexnet_protocol::TestCrops;
use clap::{Args, Parser, Subcommand};

use crate::backend::BackendChoice;
use crate::flags::RunFlags;
use crate::model::{ModelName, Output};

/// AlexNet from a terminal: train it, measure it, use it.
#[derive(Parser)]
#[command(name = "alexnet", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Says what photos show.
    Classify(ClassifyArgs),
    /// Trains a network on labelled images.
    Train(Box<TrainArgs>),
    /// Measures models on labelled images; several are averaged.
    Eval(EvalArgs),
    /// Fits a temperature on labelled images, so that probabilities mean what they say, and stores it in the model.
    Calibrate(CalibrateArgs),
    /// Writes a model in another format or precision.
    ///
    /// A run's state goes from `.alexnet` to `.alexnet`, in single precision: neither --half nor --int8 goes with it.
    /// Every other file holds the model alone.
    Convert(ConvertArgs),
    /// Writes one network whose weights are the mean of several networks' of one ancestry.
    Average(AverageArgs),
    /// Says what a model file holds, and why it is of no use where it is not.
    Inspect(InspectArgs),
    /// Measures a model stored in each precision: bytes, top-1, top-5, error of the logits from those of the file.
    Sizes(SizesArgs),
}

#[derive(Args)]
pub struct ClassifyArgs {
    /// JPEG, PNG, WebP, GIF (first frame) or BMP files.
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// A model file, or `shipped` for the network that comes with this command.
    #[arg(long, value_name = "FILE", default_value = "shipped")]
    pub model: ModelName,
    /// How many classes to name.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    #[command(flatten)]
    pub seen: PreprocessArgs,
    #[command(flatten)]
    pub common: Common,
}

/// How a picture is looked at.
#[derive(Args)]
pub struct PreprocessArgs {
    /// Views of each picture whose probabilities are averaged: one, its mirror image too (mirrored), or the paper's ten
    /// (centre and corners, each with its mirror image).
    #[arg(long, value_name = "one|mirrored|ten", default_value = "one")]
    pub views: TestCrops,
}

#[derive(Args)]
pub struct EvalArgs {
    /// A model file, or `shipped`; given several times, the models' probabilities are averaged.
    #[arg(long, value_name = "FILE", required = true)]
    pub model: Vec<ModelName>,
    /// A directory or a ZIP with a folder of images for each class, named by the class's label or id.
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub seen: PreprocessArgs,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args)]
pub struct CalibrateArgs {
    /// The model file, or `shipped`.
    #[arg(value_name = "FILE")]
    pub model: ModelName,
    /// A directory or a ZIP of images that the network was not trained on, with a folder for each class, named by the
    /// class's label or id. What the temperature is worth is measured half by half, fitted on the other half.
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    /// Where the calibrated model goes [default: FILE itself, in the number format that it has].
    #[arg(long, value_name = "FILE")]
    pub out: Option<Output>,
    /// The shorter side in pixels that pictures are scaled to before the network's square is cut out of their middle.
    /// Random crops show a network things larger than whole pictures do; a little more than the square's side evens
    /// that out.
    #[arg(long, value_name = "PIXELS")]
    pub resize: Option<u32>,
    /// Gives the classes new names: a JSON list of `{"id": …, "name": …}`, matched by id.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args)]
pub struct TrainArgs {
    /// A directory or a ZIP with a folder of images for each class, or `train/` and `val/` of that layout, as in a
    /// project that the page exported; given several times, the images are put together.
    #[arg(long, value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Images to test on, where DATA has no `val/`: without this, a tenth of DATA is kept back.
    #[arg(long, value_name = "DATA")]
    pub val: Vec<PathBuf>,
    /// Where the model goes (`.safetensors`, `.onnx`, or `.alexnet` with the run's state). The best epoch's model and
    /// the run's state lie beside it.
    #[arg(long, value_name = "FILE")]
    pub out: Output,
    /// Starts from this model's weights (a file, or `shipped`); another set of classes gets a new last layer.
    /// Options that are not typed are then those of the recipe for fine-tuning, made for dozens of pictures a class:
    /// first with `--freeze conv`, which takes seconds, then from what that gave without it. With a smaller `--width`
    /// than the model's, a random part of its units is kept, by the seed.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub model: Option<ModelName>,
    /// Goes on with a run that was saved (`.alexnet`), to the same bits.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Learns from this network too (a file, or `shipped`), which knows the same classes: its answer to every training
    /// picture is a part of the target. Given several times, their answers are averaged.
    #[arg(long, value_name = "FILE")]
    pub teacher: Vec<ModelName>,
    /// Share of the target that the teachers' answer makes up, the rest the label [default: 0.5; of a resumed run, its
    /// own].
    #[arg(long, value_name = "SHARE", requires = "teacher")]
    pub distillation: Option<f64>,
    /// Classes in order, with their names: a JSON list of `{"id": …, "name": …}`.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Where the model comes from and its licence, in a sentence that is stored in the file.
    #[arg(long, value_name = "TEXT")]
    pub origin: Option<String>,
    #[command(flatten)]
    pub stored: Stored,
    /// Minutes between two saves of the run within an epoch.
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    pub save_every: f64,
    /// Saves the run and stops after so many minutes, to be resumed later.
    #[arg(long, value_name = "N")]
    pub minutes: Option<f64>,
    /// Steps between two readings of the loss; a GPU computes ahead meanwhile [default: 1, on a GPU 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub read_every: Option<u32>,
    #[command(flatten)]
    pub run: RunFlags,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args)]
pub struct ConvertArgs {
    /// The model file to read; its content says what it is.
    #[arg(value_name = "IN")]
    pub input: ModelName,
    /// The file to write; its extension says how (`.safetensors`, `.onnx`, `.alexnet`).
    #[arg(value_name = "OUT")]
    pub output: Output,
    /// Where the model comes from and its licence, in a sentence that is stored in the file [default: what IN says; of
    /// weights that others publish, known by their SHA-256, that].
    #[arg(long, value_name = "TEXT")]
    pub origin: Option<String>,
    #[command(flatten)]
    pub stored: Stored,
}

#[derive(Args)]
pub struct AverageArgs {
    /// A model file, or `shipped`, given twice at least: networks of one ancestry.
    #[arg(long, value_name = "FILE", required = true)]
    pub model: Vec<ModelName>,
    /// The file to write; its extension says how (`.safetensors`, `.onnx`, `.alexnet`).
    #[arg(long, value_name = "FILE")]
    pub out: Output,
    /// Where the model comes from and its licence, in a sentence that is stored in the file.
    #[arg(long, value_name = "TEXT")]
    pub origin: Option<String>,
    #[command(flatten)]
    pub stored: Stored,
}

/// The number format of the weights in a file; single precision where nothing is said.
#[derive(Args)]
pub struct Stored {
    /// Stores the model's weights in half precision. A run's state (`.alexnet`) is never rounded.
    #[arg(long)]
    pub half: bool,
    /// Stores the model's weights as signed bytes, with a scale for each output channel. A run's state (`.alexnet`) is
    /// never rounded.
    #[arg(long, conflicts_with = "half")]
    pub int8: bool,
}

impl Stored {
    /// What was asked for.
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
    /// A directory or a ZIP with a folder of images for each class, named by the class's label or id.
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args)]
pub struct InspectArgs {
    /// The model file, or `shipped`.
    #[arg(value_name = "FILE")]
    pub model: ModelName,
    /// Prints one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// What classify, train and eval share.
#[derive(Args)]
pub struct Common {
    /// Where to compute.
    #[arg(long, value_name = "B", default_value = "auto")]
    pub backend: BackendChoice,
    /// Prints JSON and nothing else.
    #[arg(long)]
    pub json: bool,
}
