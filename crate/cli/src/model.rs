//! Model files: found, read, written whole or not at all, converted, described.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use alexnet::{Classifier, Compute};
use alexnet_data::project_network;
use alexnet_format::{Checkpoint, FileFormat, ModelFile, Precision};
use alexnet_protocol::ModelInfo;
use anyhow::{Context, Result, bail};

use crate::args::{AverageArgs, ConvertArgs, InspectArgs};
use crate::report;

#[cfg(shipped)]
static SHIPPED: Option<&[u8]> = Some(include_bytes!(env!("ALEXNET_SHIPPED")));
#[cfg(not(shipped))]
static SHIPPED: Option<&[u8]> = None;

/// A model as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelName {
    /// The network that ships.
    Shipped,
    File(PathBuf),
}

impl FromStr for ModelName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "shipped" { Self::Shipped } else { Self::File(text.into()) })
    }
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shipped => f.write_str("shipped"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl ModelName {
    /// The file's name without its folders.
    pub fn file_name(&self) -> String {
        match self {
            Self::Shipped => self.to_string(),
            Self::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        }
    }

    /// The file's bytes.
    fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => {
                let bytes = fs::read(path).with_context(|| format!("{self} cannot be read"))?;
                // A project that the page exported holds its network.
                let archive = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
                Ok(archive.then(|| project_network(&bytes)).flatten().unwrap_or(bytes))
            }
            Self::Shipped => match SHIPPED {
                Some(bytes) => Ok(bytes.to_vec()),
                None => bail!(
                    "this build was made without the shipped network: \
                     name a model with --model FILE, or build where web/public/models holds it"
                ),
            },
        }
    }

    /// Everything in the file, a run's state included.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::read(self.bytes()?).with_context(|| self.to_string())
    }

    /// The number format of the weights in the file: the smallest that one of them has.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn precision(&self) -> Result<Precision> {
        let info = alexnet_format::inspect(self.bytes()?).with_context(|| self.to_string())?;
        let holds = |dtype: &str| info.tensors.iter().any(|tensor| tensor.dtype == dtype);
        Ok(match (holds("i8"), holds("f16")) {
            (true, _) => Precision::Int8,
            (false, true) => Precision::F16,
            (false, false) => Precision::F32,
        })
    }

    /// The network in use, read tensor by tensor: as the page does it.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn classifier(&self, compute: &Compute) -> Result<Classifier> {
        let bytes = self.bytes()?;
        let bytes = bytes.as_slice();
        let open = || Classifier::from_file(&ModelFile::open(&bytes)?, compute);
        open().with_context(|| self.to_string())
    }

    /// The network to use: averaged weights where the file has them.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn model(&self) -> Result<Checkpoint> {
        Ok(self.checkpoint()?.into_model())
    }
}

/// A model file to write, whose extension says how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub path: PathBuf,
    pub format: FileFormat,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let format = path.extension().and_then(|e| e.to_str()).and_then(FileFormat::from_extension);
        let format = format.ok_or("the name must end in .safetensors, .onnx or .alexnet")?;
        Ok(Self { path, format })
    }
}

impl Output {
    /// A file beside this one: `model.safetensors` becomes `model.TAG.EXTENSION`.
    pub fn beside(&self, tag: &str, format: FileFormat) -> Self {
        Self { path: self.path.with_extension(format!("{tag}.{}", format.name())), format }
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// When it cannot be written; a file of that name stays as it was.
    pub fn write(&self, checkpoint: &Checkpoint, precision: Precision) -> Result<()> {
        let bytes = checkpoint.write(self.format, precision)?;
        replace(&self.path, &bytes).with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// Puts a whole file in place of another, so that a kill in the middle leaves the old one.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)
}

/// `alexnet convert`.
///
/// # Errors
/// What is wrong with either file.
pub fn convert(args: &ConvertArgs) -> Result<()> {
    args.output.write(&args.input.checkpoint()?, args.stored.precision())
}

/// `alexnet average`.
///
/// # Errors
/// When a file cannot be read or written, or the models are not of one kind.
pub fn average(args: &AverageArgs) -> Result<()> {
    let models = args.model.iter().map(ModelName::model).collect::<Result<Vec<_>>>()?;
    let mean = alexnet::average::average(&models)?;
    let model = Checkpoint { origin: args.origin.clone().or(mean.origin), ..mean };
    args.out.write(&model, args.stored.precision())
}

/// `alexnet inspect`.
///
/// # Errors
/// What is wrong with the file.
pub fn inspect(args: &InspectArgs) -> Result<()> {
    let info = alexnet_format::inspect(args.model.bytes()?).with_context(|| args.model.to_string())?;
    if args.json {
        return report::result(&serde_json::to_string(&info)?);
    }
    report::result(&summary(&info))
}

/// What a person wants to know.
fn summary(info: &ModelInfo) -> String {
    let (c, p) = (info.config, info.preprocess);
    let mut lines = vec![
        format!("format      {}", info.format),
        format!(
            "network     {} (width {}, {}, normalisation {}, dropout {})",
            c.network, c.width, c.activation, c.normalization, c.dropout
        ),
        format!("classes     {}", info.classes),
        format!("parameters  {}", info.parameters),
        format!(
            "input       shorter side {}, centre {} pixels, mean {:?}, std {:?}",
            p.resize, p.crop, p.mean, p.std
        ),
    ];
    lines.extend(info.calibration.map(|c| {
        format!(
            "calibrated  temperature {:.4}, calibration error {:.2} % before, {:.2} % after, unsure below {:.2}",
            c.temperature,
            c.ece_before * 100.0,
            c.ece_after * 100.0,
            c.doubt
        )
    }));
    lines.extend(info.steps.map(|steps| format!("steps       {steps}")));
    lines.extend(info.origin.as_ref().map(|origin| format!("origin      {origin}")));
    lines.extend(info.tensors.iter().map(|t| format!("{:4} {:?}  {}", t.dtype, t.shape, t.name)));
    lines.join("\n")
}
