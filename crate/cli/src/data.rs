//! Reads data sets for training and evaluation from disk, and matches their classes with a model's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use alexnet_data::{
    DataError, Dataset, InMemoryDataset, Input, InputSize, LocalFuture, Samples, Split, UnsplitImages,
    import, import_unsplit, read_path,
};
use alexnet_protocol::{ClassLabel, Preprocess};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::report;

/// Training and validation images at the network's input size.
///
/// Without `val`, the data set's own validation split is used, or one is split off. With it, all of `data` is
/// trained on.
///
/// A sentence that names the data set.
pub fn load_training(
    data: &[PathBuf],
    val: &[PathBuf],
    square: InputSize,
    seed: u32,
) -> Result<InMemoryDataset> {
    let archives = data.iter().chain(val).filter(|path| path.is_file()).count();
    ensure!(
        val.is_empty() || archives == 0 || archives == data.len() + val.len(),
        "--data and --val must both be archives or both be folders"
    );
    let mut all = Input::from(Vec::new());
    for (paths, split) in [(data, "train"), (val, "val")] {
        for path in paths {
            let mut read = read_path(path)?;
            if !val.is_empty() {
                // The importer recognises splits by the names of archives and folders.
                let link = if path.is_file() { '-' } else { '/' };
                let files = read.files.iter_mut().map(|file| &mut file.path);
                files.chain(&mut read.folders).for_each(|path| *path = format!("{split}{link}{path}"));
            }
            all.files.extend(read.files);
            all.folders.extend(read.folders);
            all.left_out.extend(read.left_out);
        }
    }
    let imported = with_bar(|progress| import(all, square, seed, progress)).with_context(|| names(data))?;
    report::import(&imported.report);
    Ok(imported.source)
}

/// Labelled images, preprocessed for a model.
///
/// # Errors
/// A sentence that names the data set.
pub fn load_evaluation(path: &Path, preprocess: Preprocess) -> Result<UnsplitImages> {
    let input = read_path(path)?;
    let flat = with_bar(|progress| import_unsplit(input, &preprocess, progress));
    flat.with_context(|| path.display().to_string())
}

fn with_bar<T>(
    work: impl FnOnce(&mut dyn FnMut(usize, usize)) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let bar = report::bar(0, "reading");
    let done = work(&mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    done
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// For each class of `from`, its index in `to`: by equal ids, else where the id equals a name, else by equal
/// names.
pub fn match_classes(from: &[ClassLabel], to: &[ClassLabel]) -> Vec<Option<u32>> {
    let index = |wanted: &ClassLabel| {
        let by_id = to.iter().position(|class| class.id == wanted.id);
        let by_name = |name: &str| to.iter().position(|class| class.name.eq_ignore_ascii_case(name));
        by_id
            .or_else(|| by_name(&wanted.id))
            .or_else(|| by_name(&wanted.name))
            .and_then(|index| u32::try_from(index).ok())
    };
    from.iter().map(index).collect()
}

/// A data set with another list of classes: their names, in their order.
pub struct RelabeledDataset {
    dataset: InMemoryDataset,
    labels: Vec<ClassLabel>,
    class_indices: Vec<u32>,
}

impl RelabeledDataset {
    /// Maps the data set's classes to those of `labels`.
    ///
    /// # Errors
    /// If a class of the data set is not among them.
    pub fn new(dataset: InMemoryDataset, labels: Vec<ClassLabel>) -> Result<Self> {
        let found = match_classes(dataset.labels(), &labels);
        let mut class_indices = Vec::with_capacity(found.len());
        for (class, index) in dataset.labels().iter().zip(found) {
            match index {
                Some(index) => class_indices.push(index),
                None => bail!(
                    "the folder “{}” is not one of the {} classes: rename or remove it",
                    class.id,
                    labels.len()
                ),
            }
        }
        let distinct: BTreeSet<_> = class_indices.iter().collect();
        ensure!(
            distinct.len() == class_indices.len(),
            "two folders of the data set are the same class: put their images into one"
        );
        Ok(Self { dataset, labels, class_indices })
    }
}

impl Dataset for RelabeledDataset {
    fn labels(&self) -> &[ClassLabel] {
        &self.labels
    }

    fn size(&self) -> u32 {
        self.dataset.size()
    }

    fn preprocess(&self) -> Preprocess {
        self.dataset.preprocess()
    }

    fn shards(&self, split: Split) -> Vec<u32> {
        self.dataset.shards(split)
    }

    fn fetch<'a>(&'a self, split: Split, indices: &'a [u32]) -> LocalFuture<'a, Result<Samples, DataError>> {
        Box::pin(async move {
            let mut batch = self.dataset.fetch(split, indices).await?;
            for label in &mut batch.labels {
                *label = self.class_indices.get(*label as usize).copied().unwrap_or(*label);
            }
            Ok(batch)
        })
    }
}

/// One entry of a list of classes: `id` and `name`, or WordNet's `wnid` and `words`.
#[derive(Deserialize)]
struct ClassEntry {
    #[serde(alias = "wnid")]
    id: String,
    name: Option<String>,
    words: Option<String>,
}

/// Reads a list of classes.
///
/// # Errors
/// A sentence that names the file.
pub fn labels(path: &Path) -> Result<Vec<ClassLabel>> {
    let file = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(file)?;
    let listed: Vec<ClassEntry> = serde_json::from_str(&text).with_context(file)?;
    ensure!(!listed.is_empty(), "{}: the list of classes is empty: name at least one", file());
    // WordNet's words are synonyms, the most common one first.
    let first = |words: String| words.split(',').next().unwrap_or_default().trim().to_owned();
    let label = |l: ClassEntry| ClassLabel {
        name: l.name.or(l.words.map(first)).unwrap_or_else(|| l.id.clone()),
        id: l.id,
    };
    Ok(listed.into_iter().map(label).collect())
}
