//! CIFAR-10's official binary archive: `data_batch_1.bin` … and `test_batch.bin`. A record is a label byte and
//! 3 × 32 × 32 pixel bytes, red channel first.

use super::file_tree::FileTree;
use super::{Parts, Report, reserve};
use crate::sharded::fit;
use crate::{DataError, Samples};

const SIDE: u32 = 32;
const RECORD: usize = 1 + 3 * (SIDE * SIDE) as usize;

/// The classes in the order of `batches.meta.txt`.
const LABELS: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

fn is_batch(name: &str) -> bool {
    name == "test_batch.bin" || (name.starts_with("data_batch_") && name.ends_with(".bin"))
}

/// Whether the files are CIFAR-10's binary batches.
pub(super) fn present(container: &FileTree) -> bool {
    container.entries.iter().any(|e| is_batch(e.name()))
}

/// The name of an edition of CIFAR that is not read, by the names of its files.
pub(super) fn other_edition(container: &FileTree) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| container.entries.iter().any(|e| e.name() == *name));
    [
        (["batches.meta", "data_batch_1"].as_slice(), "CIFAR-10 python version"),
        (&["batches.meta", "test_batch"], "CIFAR-10 python version"),
        (&["batches.meta.mat"], "CIFAR-10 Matlab version"),
        (&["fine_label_names.txt", "train.bin"], "CIFAR-100 binary version"),
        (&["meta", "train", "test"], "CIFAR-100 python version"),
    ]
    .into_iter()
    .find_map(|(names, edition)| has(names).then_some(edition))
}

/// Reads all batches, in the order of their names.
pub(super) fn read(container: &mut FileTree, size: u32) -> Result<Parts, DataError> {
    let mut batches: Vec<(String, usize)> = container
        .entries
        .iter()
        .enumerate()
        .filter(|(_, e)| is_batch(e.name()))
        .map(|(place, e)| (e.name().to_string(), place))
        .collect();
    batches.sort();
    let mut train = Vec::new();
    let mut val = Vec::new();
    for (name, place) in batches {
        let bytes = container.read(place)?;
        if bytes.is_empty() || bytes.len() % RECORD != 0 {
            return Err(DataError::CifarLength { name, bytes: bytes.len(), record: RECORD });
        }
        if name.starts_with("test") { &mut val } else { &mut train }.push((name, bytes));
    }
    if train.is_empty() {
        return Err(DataError::CifarTestOnly);
    }
    let mut train = unpack(train, size)?;
    let mut val = unpack(val, size)?;
    if val.is_empty() {
        val = super::idx::last_tenth(&mut train);
    }
    let labels = LABELS.iter().map(ToString::to_string).collect();
    Ok(Parts { labels, train, val, report: Report::default() })
}

fn unpack(batches: Vec<(String, Vec<u8>)>, size: u32) -> Result<Samples, DataError> {
    let images = batches.iter().map(|(_, bytes)| bytes.len() / RECORD).sum();
    let mut samples = reserve(images, size)?;
    for (name, bytes) in batches {
        for record in bytes.chunks_exact(RECORD) {
            let Some((&label, pixels)) = record.split_first() else { continue };
            if usize::from(label) >= LABELS.len() {
                return Err(DataError::CifarLabel { name, label });
            }
            samples.pixels.extend(fit(pixels, SIDE, 3, size));
            samples.labels.push(u32::from(label));
        }
    }
    Ok(samples)
}
