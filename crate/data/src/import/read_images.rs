//! Decodes images to bytes at the network's input size.

use alexnet_protocol::Preprocess;

use super::file_tree::FileTree;
use super::folders::{Plan, Planned};
use super::{Parts, Report, reserve};
use crate::decode::{Decoded, decode_as_far};
use crate::{DataError, Image, ImportNote, SkippedImage, Split, preprocess_image};

/// Number of images whose encoded bytes are in memory at once; with the feature `rayon` all cores decode them.
const CHUNK: usize = if cfg!(feature = "rayon") { 256 } else { 8 };

/// Images that are cut off are named up to this many; the rest are counted.
const MAX_NAMED: usize = 20;

/// What was read: the images in the order of their plan, those of each split apart.
pub(super) struct ReadImages {
    /// Classes, images, what was left out.
    pub parts: Parts,
    /// The plan of each training image.
    pub train: Vec<Planned>,
}

/// Decodes the planned images; images that cannot be decoded are named in the result.
pub(super) fn read(
    container: &mut FileTree,
    plan: Plan,
    preprocess: &Preprocess,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ReadImages, DataError> {
    let Plan { labels, images, left_out: mut skipped, mut notes } = plan;
    let total = images.len();
    let size = preprocess.crop;
    let count = |split| images.iter().filter(|image| image.split == split).count();
    let mut train = reserve(count(Split::Train), size)?;
    let mut val = reserve(count(Split::Val), size)?;
    let mut learned = Vec::with_capacity(count(Split::Train));
    let (mut first, mut cut_off) = (None, 0);
    let mut done = 0;
    progress(0, total);
    for chunk in images.chunks(CHUNK) {
        let encoded: Vec<_> = chunk.iter().map(|image| container.read(image.entry)).collect();
        for (image, square) in chunk.iter().zip(squares(encoded, preprocess)) {
            match square {
                Ok(Square { image: square, cut_off: cut }) => {
                    let samples = match image.split {
                        Split::Train => {
                            learned.push(image.clone());
                            &mut train
                        }
                        Split::Val => &mut val,
                    };
                    samples.pixels.extend_from_slice(&square.rgb);
                    samples.labels.push(image.label);
                    cut_off += usize::from(cut);
                    if cut && cut_off <= MAX_NAMED {
                        notes.push(ImportNote::CutOff { path: image.path.clone() });
                    }
                }
                // A decompression bomb is more than a damaged image: the whole archive is refused.
                Err(error @ DataError::Bomb { .. }) => return Err(error),
                Err(error) => {
                    let (path, reason) = (image.path.clone(), Box::new(error));
                    let image = SkippedImage::Unreadable { path, reason };
                    first.get_or_insert_with(|| Box::new(image.clone()));
                    skipped.push(image);
                }
            }
        }
        done += chunk.len();
        progress(done, total);
    }
    if let (true, Some(first)) = (train.is_empty() && val.is_empty(), first) {
        return Err(DataError::AllBroken { count: total, first });
    }
    if cut_off > MAX_NAMED {
        notes.push(ImportNote::MoreCutOff { count: cut_off - MAX_NAMED });
    }
    let report = Report { left_out: skipped, notes, ..Report::default() };
    let parts = without_empty_classes(Parts { labels, train, val, report }, &mut learned);
    Ok(ReadImages { parts, train: learned })
}

/// An image at the network's input size.
struct Square {
    image: Image,
    cut_off: bool,
}

type Encoded = Vec<Result<Vec<u8>, DataError>>;

#[cfg(feature = "rayon")]
fn squares(encoded: Encoded, preprocess: &Preprocess) -> Vec<Result<Square, DataError>> {
    use rayon::prelude::*;
    encoded.into_par_iter().map(|bytes| to_input_size(bytes, preprocess)).collect()
}

#[cfg(not(feature = "rayon"))]
fn squares(encoded: Encoded, preprocess: &Preprocess) -> impl Iterator<Item = Result<Square, DataError>> {
    encoded.into_iter().map(|bytes| to_input_size(bytes, preprocess))
}

fn to_input_size(bytes: Result<Vec<u8>, DataError>, preprocess: &Preprocess) -> Result<Square, DataError> {
    let Decoded { image, cut_off } = decode_as_far(&bytes?)?;
    Ok(Square { image: preprocess_image(&image, preprocess), cut_off })
}

/// Removes classes whose images are all damaged.
fn without_empty_classes(mut parts: Parts, learned: &mut [Planned]) -> Parts {
    let mut images = vec![0usize; parts.labels.len()];
    for &label in parts.train.labels.iter().chain(&parts.val.labels) {
        if let Some(count) = images.get_mut(label as usize) {
            *count += 1;
        }
    }
    if images.iter().all(|&count| count > 0) {
        return parts;
    }
    let mut next = 0;
    let places: Vec<u32> = images
        .iter()
        .map(|&count| {
            let place = next;
            next += u32::from(count > 0);
            place
        })
        .collect();
    let learned = learned.iter_mut().map(|image| &mut image.label);
    for label in parts.train.labels.iter_mut().chain(&mut parts.val.labels).chain(learned) {
        *label = places.get(*label as usize).copied().unwrap_or_default();
    }
    let labels = std::mem::take(&mut parts.labels);
    for (label, count) in labels.into_iter().zip(images) {
        match count {
            0 => parts.report.left_out.push(SkippedImage::EmptyClass { class: label }),
            _ => parts.labels.push(label),
        }
    }
    parts
}
