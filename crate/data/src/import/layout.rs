//! Finds the folders of classes and of splits: torchvision's ImageFolder layout, and what people make of it.

use std::collections::{BTreeMap, BTreeSet};

use super::by_name;
use super::file_tree::{Content, FileTree};
use super::paths::{SplitFolder, class_key, is_hidden, split_of, system_folder};
use crate::{DataError, ImportNote, SkippedImage};

/// Deeper folders count as the folder at this depth.
const MAX_DEPTH: usize = 32;

/// The images of a data set with their classes.
#[derive(Default)]
pub(super) struct Layout {
    /// The images, in the order of the file tree.
    pub images: Vec<Placed>,
    /// What is left out.
    pub left_out: Vec<SkippedImage>,
    /// What a person should know.
    pub notes: Vec<ImportNote>,
}

/// Where an image belongs.
pub(super) struct Placed {
    /// Index in the file tree.
    pub entry: usize,
    /// Its path below the folder of the data set.
    pub path: String,
    /// Its class.
    pub class: String,
    /// The folder of its split.
    pub folder: Option<SplitFolder>,
}

/// Images by folders.
#[derive(Default)]
struct Folder<'a> {
    images: Vec<usize>,
    inner: BTreeMap<&'a str, Folder<'a>>,
}

impl<'a> Folder<'a> {
    fn of(tree: &'a FileTree) -> Self {
        let mut root = Self::default();
        for (entry, file) in tree.entries.iter().enumerate().filter(|(_, file)| file.is_candidate()) {
            let mut folder = &mut root;
            let folders = file.path.matches('/').count();
            for part in file.path.split('/').take(folders.min(MAX_DEPTH)) {
                folder = folder.inner.entry(part).or_default();
            }
            folder.images.push(entry);
        }
        root
    }

    /// Its images and those of the folders in it.
    fn all(&self) -> Vec<usize> {
        let mut all = self.images.clone();
        all.extend(self.inner.values().flat_map(Folder::all));
        all
    }

    fn total(&self) -> usize {
        self.images.len() + self.inner.values().map(Folder::total).sum::<usize>()
    }

    /// Whether its folders are those of splits: all of them are named so, or one of them holds the training images'
    /// classes and the others are of little weight.
    fn has_splits(&self) -> bool {
        let (mut splits, mut others, mut train) = (0, 0, false);
        for (name, folder) in &self.inner {
            match split_of(name) {
                Some(split) => {
                    splits += folder.total();
                    train |= split == SplitFolder::Train && !folder.inner.is_empty();
                }
                None => others += folder.total(),
            }
        }
        splits > 0 && (others == 0 || train && others < splits)
    }

    /// Whether classes may be in it, rather than it being one.
    fn holds_classes(&self) -> bool {
        match self.inner.len() {
            0 => false,
            1 => self.images.is_empty() || self.has_splits(),
            _ => 2 * self.images.len() < self.total(),
        }
    }

    /// The folder that holds the classes, and its path with `/` at the end: a folder alone in its folder is entered.
    /// Within the folder of a `split`, one of the same name is entered too, and no class that is `known`.
    fn level(
        &self,
        mut path: String,
        split: Option<SplitFolder>,
        known: &BTreeSet<String>,
    ) -> (&Self, String) {
        let mut folder = self;
        while let (1, Some((name, inner))) = (folder.inner.len(), folder.inner.first_key_value()) {
            let stop = match split {
                None => folder.has_splits() || !inner.holds_classes(),
                Some(_) if split_of(name) == split => false,
                Some(_) => known.contains(&class_key(name)) || !inner.holds_classes(),
            };
            if stop || folder.images.len() >= inner.total() {
                break;
            }
            path.push_str(name);
            path.push('/');
            folder = inner;
        }
        (folder, path)
    }
}

/// Finds classes and splits. For `training`, a single folder of images may become classes by the names of the files.
pub(super) fn find(tree: &FileTree, training: bool) -> Result<Layout, DataError> {
    let root = Folder::of(tree);
    let total = root.total();
    if total == 0 {
        return Err(tree.refused.clone().unwrap_or(DataError::NoImages));
    }
    let mut search = Search::new(tree);
    let (top, base) = root.level(String::new(), None, &BTreeSet::new());
    search.base = base.len();
    if top.has_splits() {
        let mut folders: Vec<_> =
            top.inner.iter().map(|(name, folder)| (split_of(name), name, folder)).collect();
        // Training first: its classes tell those of the others.
        folders.sort_by_key(|(split, ..)| (split.is_none(), *split));
        for (split, name, folder) in folders {
            match split {
                Some(_) => {
                    let (level, path) = folder.level(format!("{base}{name}/"), split, &search.classes);
                    search.take(level, &path, split);
                }
                None => search.layout.left_out.push(SkippedImage::BesideSplits {
                    folder: format!("{base}{name}"),
                    count: folder.total(),
                }),
            }
        }
        search.loose.extend(top.images.iter().map(|&entry| (entry, None)));
    } else {
        search.take(top, &base, None);
    }
    let classes: BTreeSet<_> = search.layout.images.iter().map(|image| class_key(&image.class)).collect();
    if classes.is_empty() || (training && classes.len() == 1 && search.layout.images.len() > 1) {
        search.by_names();
    }
    search.finish(total)
}

struct Search<'a> {
    tree: &'a FileTree,
    layout: Layout,
    /// Bytes of the path of the data set's folder.
    base: usize,
    /// Keys of the training classes.
    classes: BTreeSet<String>,
    /// Images in no folder of a class.
    loose: Vec<(usize, Option<SplitFolder>)>,
    /// Paths of the folders that hold classes.
    levels: Vec<String>,
}

impl<'a> Search<'a> {
    fn new(tree: &'a FileTree) -> Self {
        Self {
            tree,
            layout: Layout { left_out: tree.left_out.clone(), ..Layout::default() },
            base: 0,
            classes: BTreeSet::new(),
            loose: Vec::new(),
            levels: Vec::new(),
        }
    }

    fn path(&self, entry: usize) -> &'a str {
        self.tree.entries.get(entry).map_or("", |entry| entry.path.as_str())
    }

    fn placed(&self, entry: usize, class: &str, folder: Option<SplitFolder>) -> Placed {
        let path = self.path(entry).get(self.base..).unwrap_or_default().to_string();
        Placed { entry, path, class: class.to_string(), folder }
    }

    /// Takes the folders in `level` as classes.
    fn take(&mut self, level: &Folder<'_>, path: &str, split: Option<SplitFolder>) {
        for (class, folder) in &level.inner {
            for entry in folder.all() {
                let placed = self.placed(entry, class, split);
                self.layout.images.push(placed);
            }
            if split == Some(SplitFolder::Train) {
                self.classes.insert(class_key(class));
            }
        }
        self.loose.extend(level.images.iter().map(|&entry| (entry, split)));
        self.levels.push(path.to_string());
    }

    /// Takes the classes from the names of the files, where these tell them.
    fn by_names(&mut self) {
        let placed = std::mem::take(&mut self.layout.images);
        let mut all: Vec<_> = placed.iter().map(|image| (image.entry, image.folder)).collect();
        all.append(&mut self.loose);
        let learn = match all.iter().any(|(_, split)| *split == Some(SplitFolder::Train)) {
            true => Some(SplitFolder::Train),
            false => None,
        };
        let names = all.iter().filter(|(_, split)| *split == learn).map(|(entry, _)| self.path(*entry));
        let Some(classes) = by_name::classes(names) else {
            self.loose =
                all.into_iter().filter(|(entry, _)| placed.iter().all(|p| p.entry != *entry)).collect();
            self.layout.images = placed;
            return;
        };
        for (entry, split) in all {
            match by_name::class(self.path(entry)).filter(|class| classes.contains(&class_key(class))) {
                Some(class) => {
                    let placed = self.placed(entry, class, split);
                    self.layout.images.push(placed);
                }
                None => self.loose.push((entry, split)),
            }
        }
        if let Some(first) = self.layout.images.first() {
            let (path, class) = (first.path.clone(), first.class.clone());
            self.layout.notes.push(ImportNote::ClassesByName { path, class });
        }
    }

    fn finish(mut self, total: usize) -> Result<Layout, DataError> {
        self.layout.images.sort_by_key(|image| image.entry);
        if self.layout.images.is_empty() {
            return Err(if total == 1 { DataError::OneImage } else { DataError::NoFolders });
        }
        let mut loose: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (entry, _) in &self.loose {
            let path = self.path(*entry);
            loose.entry(path.rsplit_once('/').map_or("/", |(folder, _)| folder)).or_default().push(path);
        }
        for (folder, images) in loose {
            self.layout.left_out.push(match images.as_slice() {
                [path] => SkippedImage::NoFolder { path: (*path).into() },
                _ => SkippedImage::NoFolders { folder: folder.into(), count: images.len() },
            });
        }
        self.other_files();
        self.empty_folders();
        Ok(self.layout)
    }

    /// Names what is no image: folders of systems, and files of other kinds.
    fn other_files(&mut self) {
        let paths = || self.tree.entries.iter().map(|entry| entry.path.as_str());
        let system: BTreeSet<_> = paths().filter_map(system_folder).collect();
        let mut left_out: Vec<_> =
            system.into_iter().map(|folder| SkippedImage::SystemFolder { folder: folder.into() }).collect();
        let strays: Vec<_> = self.tree.entries.iter().filter(|entry| entry.is_stray()).collect();
        if let Some(first) = strays.first() {
            left_out.push(SkippedImage::NotImages { path: first.path.clone(), count: strays.len() });
        }
        self.layout.left_out.extend(left_out);
    }

    /// Names the folders that stand where classes do but hold no image.
    fn empty_folders(&mut self) {
        let others = self.tree.entries.iter().filter(|entry| !matches!(entry.content, Content::Image));
        let parents = others.filter_map(|entry| entry.path.rsplit_once('/').map(|(folder, _)| folder));
        let known: BTreeSet<&str> = self.tree.folders.iter().map(String::as_str).chain(parents).collect();
        let full: BTreeSet<String> =
            self.layout.images.iter().map(|image| class_key(self.path(image.entry))).collect();
        let mut empty = BTreeSet::new();
        for level in &self.levels {
            for folder in known.iter().filter_map(|path| path.strip_prefix(level.as_str())) {
                let name = folder.split('/').next().unwrap_or_default();
                let path = format!("{level}{name}");
                let below = class_key(&path) + "/";
                let holds = full.range(below.clone()..).next().is_some_and(|path| path.starts_with(&below));
                let made = is_hidden(&path) || system_folder(&path).is_some();
                if !name.is_empty() && !holds && !made {
                    empty.insert(path);
                }
            }
        }
        let base = self.base;
        let named = empty.iter().map(|path| path.get(base..).unwrap_or_default());
        let empty: Vec<_> = named.map(|class| SkippedImage::EmptyFolder { class: class.into() }).collect();
        self.layout.left_out.extend(empty);
    }
}
