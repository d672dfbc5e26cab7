//! Decodes images to bytes at the network's input size.

use alexnet_protocol::Preprocess;

use super::file_tree::FileTree;
use super::folders::Plan;
use super::{Parts, reserve};
use crate::{DataError, Image, SkippedImage, Split, decode, preprocess_image};

/// Number of images whose encoded bytes are in memory at once; with the feature `rayon` all cores decode them.
const CHUNK: usize = if cfg!(feature = "rayon") { 256 } else { 8 };

/// Decodes the planned images; images that cannot be decoded are named in the result.
pub(super) fn read(
    container: &mut FileTree,
    plan: Plan,
    preprocess: &Preprocess,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Parts, DataError> {
    let Plan { labels, images, mut skipped } = plan;
    let total = images.len();
    let size = preprocess.crop;
    let count = |split| images.iter().filter(|image| image.split == split).count();
    let mut train = reserve(count(Split::Train), size)?;
    let mut val = reserve(count(Split::Val), size)?;
    let mut first = None;
    let mut done = 0;
    progress(0, total);
    for chunk in images.chunks(CHUNK) {
        let encoded: Vec<_> = chunk.iter().map(|image| container.read(image.entry)).collect();
        for (image, square) in chunk.iter().zip(squares(encoded, preprocess)) {
            let samples = match image.split {
                Split::Train => &mut train,
                Split::Val => &mut val,
            };
            match square {
                Ok(square) => {
                    samples.pixels.extend_from_slice(&square.rgb);
                    samples.labels.push(image.label);
                }
                // A decompression bomb is more than a damaged image: the whole archive is refused.
                Err(error @ DataError::Bomb { .. }) => return Err(error),
                Err(error) => {
                    let path = container.entries.get(image.entry).map_or("", |e| e.path.as_str());
                    let image = SkippedImage::Unreadable { path: path.into(), reason: Box::new(error) };
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
    Ok(without_empty_classes(Parts { labels, train, val, skipped }))
}

type Encoded = Vec<Result<Vec<u8>, DataError>>;

#[cfg(feature = "rayon")]
fn squares(encoded: Encoded, preprocess: &Preprocess) -> Vec<Result<Image, DataError>> {
    use rayon::prelude::*;
    encoded.into_par_iter().map(|bytes| to_input_size(bytes, preprocess)).collect()
}

#[cfg(not(feature = "rayon"))]
fn squares(encoded: Encoded, preprocess: &Preprocess) -> impl Iterator<Item = Result<Image, DataError>> {
    encoded.into_iter().map(|bytes| to_input_size(bytes, preprocess))
}

fn to_input_size(bytes: Result<Vec<u8>, DataError>, preprocess: &Preprocess) -> Result<Image, DataError> {
    Ok(preprocess_image(&decode(&bytes?)?, preprocess))
}

/// Removes classes whose images are all damaged.
fn without_empty_classes(mut parts: Parts) -> Parts {
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
    for label in parts.train.labels.iter_mut().chain(&mut parts.val.labels) {
        *label = places.get(*label as usize).copied().unwrap_or_default();
    }
    let labels = std::mem::take(&mut parts.labels);
    for (label, count) in labels.into_iter().zip(images) {
        match count {
            0 => parts.skipped.push(SkippedImage::EmptyClass { class: label }),
            _ => parts.labels.push(label),
        }
    }
    parts
}
