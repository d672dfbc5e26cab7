//! Import of a user's data sets. The format is detected by content, never by name alone.
//!
//! - a ZIP or tar archive, or loose files with their folders, in torchvision's ImageFolder layout ([`folders`]);
//! - CIFAR-10's official binary archive ([`cifar`]);
//! - IDX files as MNIST's ([`idx`]).
//!
//! A project exported by the page is an ImageFolder archive that also lists its classes in order ([`project`]).

mod archive;
mod by_name;
mod cifar;
mod divide;
mod file_tree;
mod folders;
mod idx;
mod layout;
mod look_alikes;
pub(crate) mod paths;
mod project;
mod read_images;
mod report;
mod statistics;

use alexnet_protocol::{ClassLabel, Preprocess};

use crate::{DataError, InMemoryDataset, Samples, SkippedImage};
use file_tree::FileTree;
use folders::Plan;
use read_images::ReadImages;

pub use project::project_network;
pub use report::{ImportedClass, Report};

/// How images are brought to the network's input size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputSize {
    /// Length of the shorter side after scaling, in pixels.
    pub resize: u32,
    /// Side of the centre crop, in pixels.
    pub crop: u32,
}

impl InputSize {
    /// Centre crops of `size` pixels that show the whole shorter side.
    pub fn whole(size: u32) -> Self {
        Self { resize: size, crop: size }
    }
}

impl From<Preprocess> for InputSize {
    /// The sizes of a model's preprocessing.
    fn from(Preprocess { resize, crop, .. }: Preprocess) -> Self {
        Self { resize, crop }
    }
}

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path with `/` between folders, relative to the imported folder.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What is imported.
#[derive(Debug, Clone)]
pub struct Input {
    /// The files.
    pub files: Vec<File>,
    /// Folders that are known, empty ones too, with `/` between their parts. Folders of files need not be listed.
    pub folders: Vec<String>,
    /// What could not be read, which becomes part of the report.
    pub left_out: Vec<SkippedImage>,
    /// Brings a name to Unicode's normal form NFC. The default does so with the feature `nfc`; a browser has its own.
    pub nfc: fn(&str) -> String,
}

impl From<Vec<File>> for Input {
    fn from(files: Vec<File>) -> Self {
        Self { files, folders: Vec::new(), left_out: Vec::new(), nfc }
    }
}

#[cfg(feature = "nfc")]
fn nfc(name: &str) -> String {
    unicode_normalization::UnicodeNormalization::nfc(name).collect()
}

#[cfg(not(feature = "nfc"))]
fn nfc(name: &str) -> String {
    name.into()
}

/// An imported data set, and what was left out.
pub struct Import {
    /// The data set.
    pub source: InMemoryDataset,
    /// What was taken and left out.
    pub report: Report,
}

/// Labelled images without a split, for evaluation.
#[derive(Debug)]
pub struct UnsplitImages {
    /// The class folders, in order.
    pub labels: Vec<ClassLabel>,
    /// The images; a label is an index into `labels`.
    pub samples: Samples,
    /// What was taken and left out.
    pub report: Report,
}

/// Both splits of a data set.
struct Parts {
    labels: Vec<String>,
    train: Samples,
    val: Samples,
    report: Report,
}

/// Imports a data set: decodes its images and brings them to the network's input size.
///
/// Without a validation split, a tenth of each class (at least one image of a class that has two) is used for
/// validation. A hash of path and `seed` chooses: the same files give the same split. Images that look alike stay
/// together. Classes are interleaved, so a prefix of the images is balanced. Classes are sorted by name; those of an
/// exported project keep its order. `progress` is called with the number of images done and the total.
///
/// # Errors
/// One sentence: an archive that is damaged, encrypted, a decompression bomb, or has paths outside of itself; no image,
/// one image, one class, no folders; more images than fit into memory. A damaged image among good ones is no error:
/// [`Import::report`] names it.
pub fn import(
    input: impl Into<Input>,
    square: InputSize,
    seed: u32,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Import, DataError> {
    let size = square.crop;
    let mut container = FileTree::open(input.into())?;
    let project = project::classes(&mut container);
    let parts = match special(&mut container, size)? {
        Some(parts) => parts,
        None => {
            let plan = Plan::train_and_val(&container, seed)?;
            let view = Preprocess { resize: square.resize, crop: size, mean: [0.0; 3], std: [1.0; 3] };
            let ReadImages { mut parts, train } = read_images::read(&mut container, plan, &view, progress)?;
            check_classes(&parts)?;
            if parts.val.is_empty() {
                divide::divide(&mut parts, train);
            }
            parts
        }
    };
    check_classes(&parts)?;
    let Parts { labels, mut train, mut val, mut report } = parts;
    if val.is_empty() {
        return Err(DataError::OneOfEach);
    }
    let labels = project::arrange(labels, &project, [&mut train, &mut val]);
    report.count(&labels, &train, &val);
    report.note_unmeasured();
    let (mean, std) = statistics::of(&train.pixels);
    let preprocess = Preprocess { resize: square.resize, crop: size, mean, std };
    progress(train.len() + val.len(), train.len() + val.len());
    Ok(Import { source: InMemoryDataset::new(labels, size, train, val, preprocess)?, report })
}

/// Imports labelled images to evaluate a model, with the model's own preprocessing. Of a data set with `train/` and
/// `val/` (or `test/`) only the latter is read.
///
/// # Errors
/// As [`import`], but one class or one image is enough.
pub fn import_unsplit(
    input: impl Into<Input>,
    preprocess: &Preprocess,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnsplitImages, DataError> {
    let mut container = FileTree::open(input.into())?;
    let project = project::classes(&mut container);
    let Parts { labels, mut train, mut val, mut report } = match special(&mut container, preprocess.crop)? {
        Some(parts) => parts,
        None => {
            let plan = Plan::flat(&container)?;
            read_images::read(&mut container, plan, preprocess, progress)?.parts
        }
    };
    let labels = project::arrange(labels, &project, [&mut train, &mut val]);
    let samples = if val.is_empty() { train } else { val };
    report.count(&labels, &Samples::default(), &samples);
    Ok(UnsplitImages { labels, samples, report })
}

/// Reads data sets that are no image files.
fn special(container: &mut FileTree, size: u32) -> Result<Option<Parts>, DataError> {
    if cifar::present(container) {
        return cifar::read(container, size).map(Some);
    }
    if let Some(edition) = cifar::other_edition(container) {
        return Err(DataError::CifarEdition { edition });
    }
    if idx::present(container) { idx::read(container, size).map(Some) } else { Ok(None) }
}

/// Checks that there are two classes to learn.
fn check_classes(Parts { labels, train, val, .. }: &Parts) -> Result<(), DataError> {
    if train.len() + val.len() == 1 {
        return Err(DataError::OneImage);
    }
    if let [class] = labels.as_slice() {
        return Err(DataError::OneClass { class: class.clone() });
    }
    match train.labels.first() {
        None => Err(DataError::NoTrainImages),
        Some(&class) if train.labels.iter().all(|&label| label == class) => {
            Err(DataError::OneClass { class: labels.get(class as usize).cloned().unwrap_or_default() })
        }
        Some(_) => Ok(()),
    }
}

/// No images yet, with room for `images` of this size.
fn reserve(images: usize, size: u32) -> Result<Samples, DataError> {
    let bytes = images as u64 * u64::from(size) * u64::from(size) * 3;
    let too_many = || DataError::TooMany { images, size, megabytes: bytes / 1_000_000 };
    if bytes > MEMORY {
        return Err(too_many());
    }
    let mut pixels = Vec::new();
    pixels.try_reserve_exact(bytes as usize).map_err(|_| too_many())?;
    Ok(Samples { size, pixels, labels: Vec::with_capacity(images) })
}

/// Largest size of a data set's pixels in bytes. In a 32-bit address space (a tab) the archive, the network and its
/// activations need room too.
const MEMORY: u64 = if usize::BITS == 32 { 1_500_000_000 } else { 1 << 40 };
