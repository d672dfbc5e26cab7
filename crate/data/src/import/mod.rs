//! Data sets that a visitor brings: what arrived is told by its content, never by its name alone.
//!
//! - a ZIP or tar archive, or loose files with their folders, in torchvision's ImageFolder layout ([`folders`]);
//! - CIFAR-10's official binary archive ([`cifar`]);
//! - IDX files as MNIST's ([`idx`]).
//!
//! A project that the page exported is an ImageFolder archive that says the order of its classes ([`project`]).

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

/// How pictures become squares of the network's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputSize {
    /// Length in pixels that the shorter side is scaled to.
    pub resize: u32,
    /// Side in pixels of the square from the middle.
    pub crop: u32,
}

impl InputSize {
    /// Squares of `size` pixels with all that the shorter side shows.
    pub fn whole(size: u32) -> Self {
        Self { resize: size, crop: size }
    }
}

impl From<Preprocess> for InputSize {
    /// As a model sees pictures.
    fn from(Preprocess { resize, crop, .. }: Preprocess) -> Self {
        Self { resize, crop }
    }
}

/// One file that was dropped, picked or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path with `/` between folders, relative to what was dropped.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A data set that came in, and what had to be left out.
pub struct Import {
    /// The data set.
    pub source: InMemoryDataset,
    /// Images that could not be used.
    pub skipped: Vec<SkippedImage>,
}

/// Labelled images without a split, for measuring a model.
#[derive(Debug)]
pub struct UnsplitImages {
    /// The folders with images, in order.
    pub labels: Vec<ClassLabel>,
    /// The images; their labels are places in `labels`.
    pub samples: Samples,
    /// Images that could not be used.
    pub skipped: Vec<SkippedImage>,
}

/// Both splits of a data set as they were read.
struct Parts {
    labels: Vec<String>,
    train: Samples,
    val: Samples,
    skipped: Vec<SkippedImage>,
}

/// Reads a data set and turns its images into squares of bytes.
///
/// Where there is no validation split, a tenth of each class (at least one image of each that has two) is set
/// apart by a hash of path and `seed`: the same files give the same split. Classes are interleaved, so that a
/// prefix of the images is balanced. Classes are in the order of their names, those of an exported project in its own.
/// `progress` hears (images done, images in all).
///
/// # Errors
/// One sentence: an archive that is damaged, encrypted, a bomb or holds names that point outside; no image, one
/// image, one class, no folders; more images than memory holds. A broken image among good ones is no error: it
/// is named in [`Import::skipped`].
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

/// Reads labelled images to measure a model with, exactly as the model sees a photo. Of a data set with
/// `train/` and `val/` (or `test/`) only the latter is taken.
///
/// # Errors
/// As [`import`], but one class or one image will do.
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

/// What a network can be trained and tested on: two classes, and an image for the test.
fn check_classes(labels: &[String], train: &mut Samples, val: &mut Samples) -> Result<(), DataError> {
    if train.len() + val.len() == 1 {
        return Err(DataError::OneImage);
    }
    if let [class] = labels {
        return Err(DataError::OneClass { class: class.clone() });
    }
    if val.is_empty() && train.len() > 1 {
        // Every image set apart was broken, or each class has only one: the last one serves.
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

/// An empty set of images of this size with room for `images` of them.
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

/// Bytes of pixels that a data set may take: in a 32-bit address space (a tab) the archive, the network and its
/// activations need room beside it.
const MEMORY: u64 = if usize::BITS == 32 { 1_500_000_000 } else { 1 << 40 };
