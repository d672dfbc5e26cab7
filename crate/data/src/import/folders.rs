//! torchvision's ImageFolder layout: one folder per class, or `train/` and `val/` with such folders.

use std::collections::BTreeMap;

use super::file_tree::{Entry, FileTree};
use super::paths::{SplitFolder, is_ignored, split_of};
use crate::{DataError, SkippedImage, Split};

/// Share of each class used for validation where the data set has no validation split.
const VAL_SHARE: f64 = 0.1;

/// Which files to read, in which order, with their classes and splits.
pub(super) struct Plan {
    /// Names of the classes, sorted by code points as torchvision does.
    pub labels: Vec<String>,
    /// The images.
    pub images: Vec<Planned>,
    /// Images that are in no class folder.
    pub skipped: Vec<SkippedImage>,
}

/// One image to read.
pub(super) struct Planned {
    /// Index in the file tree.
    pub entry: usize,
    /// Index of its class.
    pub label: u32,
    /// Its split.
    pub split: Split,
}

/// Where an image is in the folders.
struct LabeledEntry<'a> {
    entry: usize,
    class: &'a str,
    folder: Option<SplitFolder>,
}

impl Plan {
    /// The plan for a data set to train on.
    pub fn train_and_val(container: &FileTree, seed: u32) -> Result<Self, DataError> {
        let (found, mut skipped) = find(container)?;
        if found.len() + skipped.len() == 1 {
            return Err(DataError::OneImage);
        }
        let has = |folder| found.iter().any(|f| f.folder == Some(folder));
        // Folders named like splits are splits only where one of them is for training.
        let splits = has(SplitFolder::Train);
        let learn = |f: &&LabeledEntry| !splits || f.folder == Some(SplitFolder::Train);
        let check = |f: &&LabeledEntry| match has(SplitFolder::Val) {
            _ if !splits => false,
            true => f.folder == Some(SplitFolder::Val),
            false => f.folder == Some(SplitFolder::Test),
        };
        let labels = classes(found.iter().filter(learn));
        if let [class] = labels.as_slice() {
            return Err(DataError::OneClass { class: class.clone() });
        }
        let place = |class: &str| labels.iter().position(|l| l == class).map(|place| place as u32);
        let mut train: Vec<(u32, usize)> =
            found.iter().filter(learn).filter_map(|f| Some((place(f.class)?, f.entry))).collect();
        let mut val = Vec::new();
        for image in found.iter().filter(check) {
            match place(image.class) {
                Some(label) => val.push((label, image.entry)),
                None => skipped.push(SkippedImage::NoClass {
                    path: path(container, image.entry).into(),
                    class: image.class.into(),
                }),
            }
        }
        let hash = |entry: &usize| hash(seed, path(container, *entry));
        if val.is_empty() {
            (train, val) = split_validation(train, hash);
        }
        let mut images = Vec::with_capacity(train.len() + val.len());
        for (group, split) in [(train, Split::Train), (val, Split::Val)] {
            images.extend(interleave(group, hash).into_iter().map(|(label, entry)| Planned {
                entry,
                label,
                split,
            }));
        }
        Ok(Self { labels, images, skipped })
    }

    /// Labelled images for evaluation: the validation split where there are splits, otherwise all.
    pub fn flat(container: &FileTree) -> Result<Self, DataError> {
        let (found, skipped) = find(container)?;
        let has = |folder| found.iter().any(|f| f.folder == Some(folder));
        let wanted =
            [SplitFolder::Val, SplitFolder::Test, SplitFolder::Train].into_iter().find(|folder| has(*folder));
        let wanted = |f: &&LabeledEntry| wanted.is_none() || f.folder == wanted;
        let labels = classes(found.iter().filter(wanted));
        let label = |class: &str| labels.iter().position(|l| l == class).unwrap_or_default() as u32;
        let images = found
            .iter()
            .filter(wanted)
            .map(|f| Planned { entry: f.entry, label: label(f.class), split: Split::Val })
            .collect();
        Ok(Self { labels, images, skipped })
    }
}

/// The images with their class folders, and the images that are in none.
fn find(container: &FileTree) -> Result<(Vec<LabeledEntry<'_>>, Vec<SkippedImage>), DataError> {
    let candidates = || container.entries.iter().enumerate().filter(|(_, e)| !is_ignored(&e.path));
    let in_split = |path: &str| {
        let (first, rest) = path.split_once('/')?;
        rest.contains('/').then(|| split_of(first)).flatten()
    };
    let splits = candidates().any(|(_, e)| in_split(&e.path).is_some());
    let mut found = Vec::new();
    let mut skipped = Vec::new();
    for (entry, Entry { path, .. }) in candidates() {
        let folder = if splits { in_split(path) } else { None };
        let inner = if folder.is_some() { path.split_once('/').map_or("", |(_, rest)| rest) } else { path };
        match inner.split_once('/') {
            Some((class, _)) => found.push(LabeledEntry { entry, class, folder }),
            None => skipped.push(SkippedImage::NoFolder { path: path.clone() }),
        }
    }
    match (found.is_empty(), skipped.len()) {
        (true, 0) => Err(DataError::NoImages),
        (true, 1) => Err(DataError::OneImage),
        (true, _) => Err(DataError::NoFolders),
        (false, _) => Ok((found, skipped)),
    }
}

fn path(container: &FileTree, entry: usize) -> &str {
    container.entries.get(entry).map_or("", |e| e.path.as_str())
}

fn classes<'a>(found: impl Iterator<Item = &'a LabeledEntry<'a>>) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = found.map(|f| f.class).collect();
    names.into_iter().map(str::to_string).collect()
}

type Labelled = Vec<(u32, usize)>;

/// Images by class, each class sorted by hash.
fn group_by_class(images: Labelled, hash: impl Fn(&usize) -> u64) -> BTreeMap<u32, Vec<usize>> {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (label, entry) in images {
        classes.entry(label).or_default().push(entry);
    }
    for class in classes.values_mut() {
        class.sort_by_cached_key(|entry| (hash(entry), *entry));
    }
    classes
}

/// Takes a tenth of each class for validation, at least one image of a class that has two.
fn split_validation(images: Labelled, hash: impl Fn(&usize) -> u64) -> (Labelled, Labelled) {
    let (mut train, mut val) = (Vec::new(), Vec::new());
    for (label, entries) in group_by_class(images, hash) {
        let share = (entries.len() as f64 * VAL_SHARE).round().max(1.0) as usize;
        let apart = if entries.len() < 2 { 0 } else { share };
        for (rank, entry) in entries.into_iter().enumerate() {
            if rank < apart { &mut val } else { &mut train }.push((label, entry));
        }
    }
    (train, val)
}

/// The first image of every class, then the second of every class, and so on.
fn interleave(images: Labelled, hash: impl Fn(&usize) -> u64) -> Labelled {
    let mut ranked: Vec<(usize, u32, usize)> = group_by_class(images, hash)
        .into_iter()
        .flat_map(|(label, entries)| {
            entries.into_iter().enumerate().map(move |(rank, entry)| (rank, label, entry))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, label, entry)| (label, entry)).collect()
}

/// FNV-1a over seed and path with a final mix. Unlike the standard library's hasher it never changes.
fn hash(seed: u32, path: &str) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().iter().chain(path.as_bytes()) {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state ^= state >> 33;
    state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^ (state >> 33)
}
