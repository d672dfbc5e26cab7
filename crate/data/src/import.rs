//! Data sets that a visitor brings.

use alexnet_protocol::ClassLabel;

use crate::{DataError, Memory, Samples};

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
    pub source: Memory,
    /// One sentence for each image that could not be used.
    pub skipped: Vec<String>,
}

/// Labelled images without a split, for measuring a model.
pub struct Flat {
    /// The folders with images, in order.
    pub labels: Vec<ClassLabel>,
    /// The images; their labels are places in `labels`.
    pub samples: Samples,
    /// One sentence for each image that could not be used.
    pub skipped: Vec<String>,
}

/// Reads a data set.
///
/// # Errors
/// One sentence.
pub fn import(
    _files: Vec<File>,
    _size: u32,
    _seed: u32,
    _progress: &mut dyn FnMut(usize, usize),
) -> Result<Import, DataError> {
    Err(DataError::NoImages)
}

/// Reads labelled images to measure a model with.
///
/// # Errors
/// One sentence.
pub fn import_flat(
    _files: Vec<File>,
    _preprocess: &alexnet_protocol::Preprocess,
    _progress: &mut dyn FnMut(usize, usize),
) -> Result<Flat, DataError> {
    Err(DataError::NoImages)
}
