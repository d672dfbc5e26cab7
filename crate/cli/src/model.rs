//! Model files: finding, reading and writing them.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use alexnet::{Classifier, Compute};
use alexnet_data::project_network;
use alexnet_format::{Checkpoint, FileFormat, FormatError, ModelFile, Precision, ReadAt, ReadError};
use alexnet_protocol::messages::Cause;
use alexnet_protocol::{PUBLISHED_MODELS, PublishedModel};
use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

#[cfg(shipped)]
static SHIPPED: Option<&[u8]> = Some(include_bytes!(env!("ALEXNET_SHIPPED")));
#[cfg(not(shipped))]
static SHIPPED: Option<&[u8]> = None;

/// A model as named on the command line.
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

    /// Opens the file for random access, without reading it whole.
    pub fn file(&self) -> Result<Box<dyn ReadAt>> {
        match self {
            Self::File(path) => {
                let disk = DiskFile::open(path).with_context(|| format!("{self} cannot be read"))?;
                // A project exported from the page contains its network.
                let archive = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
                let bytes = archive.then(|| fs::read(path)).transpose();
                let bytes = bytes.with_context(|| format!("{self} cannot be read"))?;
                Ok(match bytes.and_then(|bytes| project_network(&bytes)) {
                    Some(network) => Box::new(MemoryFile(network)),
                    None => Box::new(disk),
                })
            }
            Self::Shipped => match SHIPPED {
                Some(bytes) => Ok(Box::new(bytes)),
                None => bail!(
                    "this build does not hold the shipped network: choose a model with --model FILE, or build it with the \
                     network in web/public/models"
                ),
            },
        }
    }

    /// Opens the file and calls `read`.
    ///
    /// # Errors
    /// A sentence that names the file.
    fn with_file<T>(&self, read: impl FnOnce(ModelFile<'_>) -> Result<T>) -> Result<T> {
        let file = self.file()?;
        let open = || read(ModelFile::open(&*file)?);
        open().with_context(|| self.to_string())
    }

    /// Everything in the file, including a run's state. If the file records no origin but is a published one,
    /// its origin is filled in.
    ///
    /// A sentence that names the file.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let file = self.file()?;
        let read = || -> Result<_> {
            let mut model = ModelFile::open(&*file)?.checkpoint()?;
            if model.origin.is_none() {
                model.origin = origin(&*file, &PUBLISHED_MODELS)?;
            }
            Ok(model)
        };
        read().with_context(|| self.to_string())
    }

    /// The number format of the weights: the smallest one among the tensors.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn precision(&self) -> Result<Precision> {
        let info = self.with_file(|file| Ok(file.info()))?;
        let holds = |dtype: &str| info.tensors.iter().any(|tensor| tensor.dtype == dtype);
        Ok(match (holds("i8"), holds("f16")) {
            (true, _) => Precision::Int8,
            (false, true) => Precision::F16,
            (false, false) => Precision::F32,
        })
    }

    /// The network for inference, loaded tensor by tensor as on the page.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn classifier(&self, compute: &Compute) -> Result<Classifier> {
        self.with_file(|file| Ok(Classifier::from_file(&file, compute)?))
    }

    /// The network alone, with averaged weights if the file has them.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn model(&self) -> Result<Checkpoint> {
        Ok(self.checkpoint()?.into_model())
    }
}

/// A file on disk.
struct DiskFile {
    file: File,
    size: u64,
}

impl DiskFile {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        match metadata.is_dir() {
            true => Err(std::io::ErrorKind::IsADirectory.into()),
            false => Ok(Self { file, size: metadata.len() }),
        }
    }
}

impl ReadAt for DiskFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        let mut file = &self.file;
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(into));
        read.map_err(|error| Cause::of(&error).into())
    }
}

/// A file in memory.
struct MemoryFile(Vec<u8>);

impl ReadAt for MemoryFile {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        self.0.as_slice().read_at(offset, into)
    }
}

/// The origin of a file, if its content is that of a published one.
pub fn origin(file: &dyn ReadAt, published: &[PublishedModel]) -> Result<Option<String>, FormatError> {
    // Files of other sizes need not be hashed.
    if !published.iter().any(|one| one.bytes == file.size()) {
        return Ok(None);
    }
    let (mut hash, mut piece, mut at) = (Sha256::new(), vec![0; 1 << 20], 0);
    while at < file.size() {
        let length = (file.size() - at).min(piece.len() as u64);
        let next = piece.get_mut(..length as usize).unwrap_or_default();
        file.read_at(at, next).map_err(|reason| FormatError::Unreadable { reason })?;
        hash.update(&*next);
        at += length;
    }
    let found = format!("{:x}", hash.finalize());
    Ok(published.iter().find(|one| one.sha256 == found).map(PublishedModel::origin))
}

/// A model file to write. Its extension determines the format.
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
    pub fn sibling(&self, tag: &str, format: FileFormat) -> Self {
        Self { path: self.path.with_extension(format!("{tag}.{}", format.name())), format }
    }

    /// Checks that the folder exists, before long computations start.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_folder(&self) -> Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder.filter(|folder| !folder.is_dir()) {
            Some(missing) => bail!(
                "{} cannot be written: there is no folder {}, so create it first",
                self.path.display(),
                missing.display()
            ),
            None => Ok(()),
        }
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// If it cannot be written, or is a run's state in less than single precision. An existing file stays as
    /// it was.
    pub fn write(&self, checkpoint: &Checkpoint, precision: Precision) -> Result<()> {
        ensure!(
            precision == Precision::F32 || self.format != FileFormat::Alexnet || checkpoint.run.is_none(),
            "a run can be resumed only from single precision: leave out --half or --int8, or save the model alone, \
             as .safetensors"
        );
        self.check_folder()?;
        // A run that diverged must not replace the last good file.
        checkpoint.check_finite()?;
        let bytes = checkpoint.write(self.format, precision)?;
        replace(&self.path, &bytes).with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// Replaces a file atomically, so that an interruption or a full disk leaves the old one and nothing else.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let written = fs::File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        // Renaming a file whose bytes are not on the disk yet could leave an empty one after a power cut.
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&partial, path));
    if replaced.is_err() {
        // The first error says more than a failure to clean up.
        let _ = fs::remove_file(&partial);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_files_are_recognised_by_hash() {
        let bytes = &b"all the weights of a network"[..];
        let row = PublishedModel {
            bytes: 28,
            sha256: "00d2a5ad2f10b0a6ab7f6ea8e2ef2c3a",
            name: "A network",
            url: "https://example.org/a.pth",
            publisher: "Somebody",
            licence: "MIT",
            terms: "Free to use.",
            ..PUBLISHED_MODELS[0]
        };
        let found = format!("{:x}", Sha256::digest(bytes));
        let published = PublishedModel { sha256: Box::leak(found.into_boxed_str()), ..row };
        let sentence = "A network, https://example.org/a.pth. Published by Somebody (MIT). Free to use.";
        assert_eq!(origin(&bytes, &[row, published]).unwrap().as_deref(), Some(sentence));
        assert_eq!(origin(&bytes, &[row]).unwrap(), None, "of its size, and another");
        assert_eq!(origin(&bytes, &PUBLISHED_MODELS).unwrap(), None);
    }
}
