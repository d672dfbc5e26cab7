//! Import of a user's data sets. The format is detected by content, never by name alone.
//!
//! - a ZIP or tar archive, or loose files with their folders, in torchvision's ImageFolder layout ([`folders`]);
//! - CIFAR-10's official binary archive ([`cifar`]);
//! - IDX files as MNIST's ([`idx`]).
//!
//! A project exported by the page is an ImageFolder archive that also lists its classes in order ([`project`]).

mod cifar;
mod file_tree;
mod folders;
mod idx;
mod paths;
mod project;
mod read_images;
mod statistics;

use alexnet_protocol::{ClassLabel, Preprocess};

use crate::{DataError, InMemoryDataset, Samples, SkippedImage};
use file_tree::FileTree;
use folders::Plan;

pub use project::project_network;

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

/// An imported data set, and what was left out.
pub struct Import {
    /// The data set.
    pub source: InMemoryDataset,
    /// Images that could not be used.
    pub skipped: Vec<SkippedImage>,
}

/// Labelled images without a split, for evaluation.
#[derive(Debug)]
pub struct UnsplitImages {
    /// The class folders, in order.
    pub labels: Vec<ClassLabel>,
    /// The images; a label is an index into `labels`.
    pub samples: Samples,
    /// Images that could not be used.
    pub skipped: Vec<SkippedImage>,
}

/// Both splits of a data set.
struct Parts {
    labels: Vec<String>,
    train: Samples,
    val: Samples,
    skipped: Vec<SkippedImage>,
}

/// Imports a data set: decodes its images and brings them to the network's input size.
///
/// Without a validation split, a tenth of each class (at least one image of a class that has two) is used for
/// validation. A hash of path and `seed` chooses: the same files give the same split. Classes are interleaved, so a
/// prefix of the images is balanced. Classes are sorted by name; those of an exported project keep its order.
/// `progress` is called with the number of images done and the total.
///
/// # Errors
/// One sentence: an archive that is damaged, encrypted, a decompression bomb, or has paths outside of itself; no image,
/// one image, one class, no folders; more images than fit into memory. A damaged image among good ones is no error:
/// [`Import::skipped`] names it.
pub fn import(
    files: Vec<File>,
    square: InputSize,
    seed: u32,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Import, DataError> {
    let size = square.crop;
    let mut container = FileTree::open(files)?;
    let project = project::classes(&mut container);
    let parts = match () {
        () if cifar::present(&container) => cifar::read(&mut container, size)?,
        () if idx::present(&container) => idx::read(&mut container, size)?,
        () => {
            let plan = Plan::train_and_val(&container, seed)?;
            let view = Preprocess { resize: square.resize, crop: size, mean: [0.0; 3], std: [1.0; 3] };
            read_images::read(&mut container, plan, &view, progress)?
        }
    };
    let Parts { labels, mut train, mut val, skipped } = parts;
    check_classes(&labels, &mut train, &mut val)?;
    let labels = project::arrange(labels, &project, [&mut train, &mut val]);
    let (mean, std) = statistics::of(&train.pixels);
    let preprocess = Preprocess { resize: square.resize, crop: size, mean, std };
    progress(train.len() + val.len(), train.len() + val.len());
    Ok(Import { source: InMemoryDataset::new(labels, size, train, val, preprocess)?, skipped })
}

/// Imports labelled images to evaluate a model, with the model's own preprocessing. Of a data set with `train/` and
/// `val/` (or `test/`) only the latter is read.
///
/// # Errors
/// As [`import`], but one class or one image is enough.
pub fn import_unsplit(
    files: Vec<File>,
    preprocess: &Preprocess,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnsplitImages, DataError> {
    let mut container = FileTree::open(files)?;
    let project = project::classes(&mut container);
    let Parts { labels, mut train, mut val, skipped } = match () {
        () if cifar::present(&container) => cifar::read(&mut container, preprocess.crop)?,
        () if idx::present(&container) => idx::read(&mut container, preprocess.crop)?,
        () => {
            let plan = Plan::flat(&container)?;
            read_images::read(&mut container, plan, preprocess, progress)?
        }
    };
    let labels = project::arrange(labels, &project, [&mut train, &mut val]);
    let samples = if val.is_empty() { train } else { val };
    Ok(UnsplitImages { labels, samples, skipped })
}

/// Checks that there are two classes and a validation image.
fn check_classes(labels: &[String], train: &mut Samples, val: &mut Samples) -> Result<(), DataError> {
    if train.len() + val.len() == 1 {
        return Err(DataError::OneImage);
    }
    if let [class] = labels {
        return Err(DataError::OneClass { class: class.clone() });
    }
    if val.is_empty() && train.len() > 1 {
        // Every validation image was damaged, or each class has only one image: the last one is used.
        let (bytes, label) = (train.image_bytes(), train.labels.pop());
        let kept = train.pixels.len().saturating_sub(bytes);
        val.pixels = train.pixels.split_off(kept);
        val.labels.extend(label);
    }
    let first = train.labels.first();
    match first {
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
