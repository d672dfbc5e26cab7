//! IDX files, the format of MNIST and Fashion-MNIST: a magic number (0, 0, 8 for bytes, number of dimensions), the
//! dimensions as big-endian 32-bit numbers, then the bytes.

use std::collections::BTreeSet;

use alexnet_protocol::messages::IdxDamage;

use super::file_tree::FileTree;
use super::{Parts, Report, reserve};
use crate::sharded::fit;
use crate::{DataError, Samples, SkippedImage};

/// Whether a file is named like an IDX file (`train-images-idx3-ubyte`, `labels.idx1`).
fn named(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    ["ubyte", ".idx", "idx1", "idx3"].iter().any(|suffix| name.ends_with(suffix))
}

/// Whether the files are IDX files.
pub(super) fn present(container: &FileTree) -> bool {
    container.entries.iter().any(|e| named(e.name()))
}

struct Array {
    name: String,
    dimensions: Vec<usize>,
    values: Vec<u8>,
}

/// Reads `train-images` and `train-labels`, and the `t10k` (or `test`, `val`) pair where there is one.
pub(super) fn read(container: &mut FileTree, size: u32) -> Result<Parts, DataError> {
    let places: Vec<(usize, String)> = container
        .entries
        .iter()
        .enumerate()
        .filter(|(_, e)| named(e.name()))
        .map(|(place, e)| (place, e.name().to_string()))
        .collect();
    let (mut train, mut val) = (Vec::new(), Vec::new());
    for (place, name) in places {
        let array = parse(name, container.read(place)?)?;
        let lower = array.name.to_ascii_lowercase();
        let tests = ["t10k", "test", "val"].iter().any(|hint| lower.contains(hint));
        if tests { &mut val } else { &mut train }.push(array);
    }
    let mut train = match train.is_empty() {
        true => return Err(DataError::IdxTestOnly),
        false => pair(train, size)?,
    };
    let mut val = if val.is_empty() { last_tenth(&mut train) } else { pair(val, size)? };
    // The labels that occur: EMNIST's letters have 1 to 26 and no 0.
    let classes: BTreeSet<u32> = train.labels.iter().copied().collect();
    let before = val.labels.len();
    let unknown = val.labels.iter().filter(|label| !classes.contains(label)).count();
    let mut report = Report::default();
    if unknown > 0 {
        report.left_out.push(SkippedImage::UnknownLabels { count: unknown, images: before });
        retain(&mut val, |label| classes.contains(&label));
    }
    let labels: Vec<u32> = classes.into_iter().collect();
    for label in train.labels.iter_mut().chain(&mut val.labels) {
        *label = labels.binary_search(label).unwrap_or_default() as u32;
    }
    Ok(Parts { labels: labels.iter().map(ToString::to_string).collect(), train, val, report })
}

/// Takes the last tenth for validation where there is no test split.
pub(super) fn last_tenth(train: &mut Samples) -> Samples {
    let apart = (train.len() / 10).max(1).min(train.len().saturating_sub(1));
    let kept = train.len() - apart;
    let pixels = train.pixels.split_off((kept * train.image_bytes()).min(train.pixels.len()));
    Samples { size: train.size, pixels, labels: train.labels.split_off(kept) }
}

fn retain(samples: &mut Samples, keep: impl Fn(u32) -> bool) {
    let bytes = samples.image_bytes().max(1);
    let kept = samples.labels.iter().map(|&label| keep(label));
    samples.pixels = samples
        .pixels
        .chunks_exact(bytes)
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .flat_map(|(image, _)| image)
        .copied()
        .collect();
    samples.labels.retain(|&label| keep(label));
}

fn parse(name: String, bytes: Vec<u8>) -> Result<Array, DataError> {
    let wrong = |reason| DataError::IdxBroken { name: name.clone(), reason };
    let Some((&[0, 0, 8, rank @ 1..=4], rest)) = bytes.split_first_chunk::<4>() else {
        return Err(wrong(IdxDamage::Start));
    };
    let rank = usize::from(rank);
    let (Some(head), Some(values)) = (rest.get(..rank * 4), rest.get(rank * 4..)) else {
        return Err(wrong(IdxDamage::Truncated));
    };
    let dimensions: Vec<usize> =
        head.as_chunks::<4>().0.iter().map(|d| u32::from_be_bytes(*d) as usize).collect();
    let expected = dimensions.iter().try_fold(1usize, |product, d| product.checked_mul(*d));
    if expected != Some(values.len()) {
        return Err(wrong(IdxDamage::Count));
    }
    Ok(Array { values: values.to_vec(), dimensions, name })
}

fn pair(arrays: Vec<Array>, size: u32) -> Result<Samples, DataError> {
    let (mut images, mut labels) = (None, None);
    for array in arrays {
        let place = if array.dimensions.len() == 1 { &mut labels } else { &mut images };
        if let Some(other) = place.replace(array) {
            return Err(DataError::IdxTwice { name: other.name });
        }
    }
    let (images, labels) = match (images, labels) {
        (Some(images), Some(labels)) => (images, labels),
        (Some(one), None) => return Err(DataError::IdxNoLabels { name: one.name }),
        (None, Some(one)) => return Err(DataError::IdxNoImages { name: one.name }),
        (None, None) => return Err(DataError::NoImages),
    };
    let [count, height, width] = images.dimensions[..] else {
        return Err(DataError::IdxNotGrey { name: images.name });
    };
    if count != labels.values.len() || count == 0 {
        return Err(DataError::IdxCounts {
            file: images.name,
            images: count,
            other: labels.name,
            labels: labels.values.len(),
        });
    }
    if height != width || !(1..=4096).contains(&width) {
        return Err(DataError::IdxNotSquare { name: images.name, width, height });
    }
    let mut samples = reserve(count, size)?;
    for image in images.values.chunks_exact(width * width) {
        samples.pixels.extend(fit(image, width as u32, 1, size));
    }
    samples.labels.extend(labels.values.iter().map(|&label| u32::from(label)));
    Ok(samples)
}
