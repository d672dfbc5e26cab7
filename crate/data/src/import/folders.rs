//! Plans what to read: the order of the classes, and the split where folders tell it.

use std::collections::BTreeMap;

use super::file_tree::FileTree;
use super::layout::{self, Layout, Placed};
use super::paths::{SplitFolder, class_key};
use crate::{DataError, ImportNote, SkippedImage, Split};

/// Which files to read, in which order, with their classes and splits.
pub(super) struct Plan {
    /// Names of the classes, sorted by code points as torchvision does.
    pub labels: Vec<String>,
    /// The images.
    pub images: Vec<Planned>,
    /// What is left out.
    pub left_out: Vec<SkippedImage>,
    /// What a person should know.
    pub notes: Vec<ImportNote>,
}

/// One image to read.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Index in the file tree.
    pub entry: usize,
    /// Index of its class.
    pub label: u32,
    /// Its split.
    pub split: Split,
    /// Its path below the folder of the data set.
    pub path: String,
    /// Orders the images of a class.
    pub hash: u64,
}

impl Plan {
    /// The plan for a data set to train on. Without a validation split, all images are planned for training.
    pub fn train_and_val(container: &FileTree, seed: u32) -> Result<Self, DataError> {
        let Layout { images: found, mut left_out, mut notes } = layout::find(container, true)?;
        if let [_] = found.as_slice()
            && left_out.is_empty()
        {
            return Err(DataError::OneImage);
        }
        let has = |folder| found.iter().any(|f| f.folder == Some(folder));
        // Folders named like splits are splits only where one of them is for training.
        let splits = has(SplitFolder::Train);
        let learn = |f: &Placed| !splits || f.folder == Some(SplitFolder::Train);
        let tests = has(SplitFolder::Val) && has(SplitFolder::Test);
        let check = if has(SplitFolder::Val) { SplitFolder::Val } else { SplitFolder::Test };
        let classes = Classes::of(found.iter().filter(|f| learn(f)), &mut notes);
        if let [class] = classes.labels.as_slice() {
            return Err(DataError::OneClass { class: class.clone() });
        }
        let mut images = Vec::with_capacity(found.len());
        let mut unused: BTreeMap<String, usize> = BTreeMap::new();
        for image in found {
            let Placed { entry, path, class, folder } = &image;
            let split = if learn(&image) { Split::Train } else { Split::Val };
            if split == Split::Val && *folder != Some(check) {
                if tests {
                    let first = path.split('/').next().unwrap_or_default();
                    *unused.entry(first.to_string()).or_default() += 1;
                }
                continue;
            }
            match classes.place(class) {
                Some(label) => images.push(Planned::new(*entry, label, split, path.clone(), seed)),
                None => left_out.push(SkippedImage::NoClass { path: path.clone(), class: class.clone() }),
            }
        }
        left_out.extend(unused.into_iter().map(|(folder, count)| SkippedImage::TestUnused { folder, count }));
        let (train, val) = images.into_iter().partition(|image: &Planned| image.split == Split::Train);
        let images = [interleave(train), interleave(val)].concat();
        Ok(Self { labels: classes.labels, images, left_out, notes })
    }

    /// Labelled images for evaluation: the validation split where there are splits, otherwise all.
    pub fn flat(container: &FileTree) -> Result<Self, DataError> {
        let Layout { images: found, left_out, mut notes } = layout::find(container, false)?;
        let has = |folder| found.iter().any(|f| f.folder == Some(folder));
        let wanted =
            [SplitFolder::Val, SplitFolder::Test, SplitFolder::Train].into_iter().find(|folder| has(*folder));
        let wanted = |f: &&Placed| wanted.is_none() || f.folder == wanted;
        let classes = Classes::of(found.iter().filter(wanted), &mut notes);
        let label = |class: &str| classes.place(class).unwrap_or_default();
        let planned = |f: &Placed| Planned::new(f.entry, label(&f.class), Split::Val, f.path.clone(), 0);
        let images = found.iter().filter(wanted).map(planned).collect();
        Ok(Self { labels: classes.labels, images, left_out, notes })
    }
}

impl Planned {
    fn new(entry: usize, label: u32, split: Split, path: String, seed: u32) -> Self {
        let hash = hash(seed, &path);
        Self { entry, label, split, path, hash }
    }
}

/// The classes, and the spellings of each.
struct Classes {
    labels: Vec<String>,
    places: BTreeMap<String, u32>,
}

impl Classes {
    /// A class that is spelled in several ways is named as most of its images have it.
    fn of<'a>(images: impl Iterator<Item = &'a Placed>, notes: &mut Vec<ImportNote>) -> Self {
        let mut spellings: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
        for Placed { class, .. } in images {
            *spellings.entry(class_key(class)).or_default().entry(class).or_default() += 1;
        }
        let mut named: Vec<(String, String)> = Vec::with_capacity(spellings.len());
        for (key, counts) in spellings {
            let most = counts.values().max().copied();
            let name = counts.iter().find(|(_, count)| Some(**count) == most);
            let name = name.map_or_else(String::new, |(name, _)| (*name).to_string());
            for other in counts.keys().filter(|other| **other != name) {
                notes.push(ImportNote::OneClass { class: name.clone(), other: (*other).to_string() });
            }
            named.push((name, key));
        }
        named.sort();
        let places = named.iter().enumerate().map(|(place, (_, key))| (key.clone(), place as u32)).collect();
        Self { labels: named.into_iter().map(|(name, _)| name).collect(), places }
    }

    fn place(&self, class: &str) -> Option<u32> {
        self.places.get(&class_key(class)).copied()
    }
}

/// The first image of every class, then the second of every class, and so on; each class by hash.
fn interleave(images: Vec<Planned>) -> Vec<Planned> {
    let order = interleaved(images.iter());
    let mut images: Vec<_> = images.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| images.get_mut(place).and_then(Option::take)).collect()
}

/// The order of [`interleave`], as indices of the images.
pub(super) fn interleaved<'a>(images: impl Iterator<Item = &'a Planned>) -> Vec<usize> {
    let mut classes: BTreeMap<u32, Vec<(u64, usize, usize)>> = BTreeMap::new();
    for (place, Planned { entry, label, hash, .. }) in images.enumerate() {
        classes.entry(*label).or_default().push((*hash, *entry, place));
    }
    let mut ranked: Vec<(usize, u32, usize)> = Vec::new();
    for (label, mut members) in classes {
        members.sort_unstable();
        ranked.extend(members.into_iter().enumerate().map(|(rank, (.., place))| (rank, label, place)));
    }
    ranked.sort_unstable();
    ranked.into_iter().map(|(.., place)| place).collect()
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
