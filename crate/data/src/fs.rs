//! Data sets on disk.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use alexnet_protocol::messages::Cause;

use crate::content::{HEAD, image_format};
use crate::import::paths::{is_document, named_image, system_folder};
use crate::{DataError, File, Input, SkippedImage};

/// Reads a directory and everything below it, or one file (an archive, an IDX file). What cannot be read is named in
/// [`Input::left_out`]. Each folder is read once: a link to one that is read otherwise is named too.
///
/// # Errors
/// A path that does not exist or cannot be read.
pub fn read_path(path: &Path) -> Result<Input, DataError> {
    let metadata = std::fs::metadata(path).map_err(|error| failed(path, &error))?;
    if !metadata.is_dir() {
        let bytes = std::fs::read(path).map_err(|error| failed(path, &error))?;
        return Ok(vec![File { path: name_of(path), bytes }].into());
    }
    let Walk { files, folders, mut left_out, .. } = walk(path)?;
    let mut input = Input { folders, ..Input::from(Vec::new()) };
    for (place, inside) in files {
        match std::fs::read(&place) {
            Ok(bytes) => input.files.push(File { path: inside, bytes }),
            Err(error) => left_out.push(not_read(inside, &error)),
        }
    }
    input.left_out = left_out;
    Ok(input)
}

/// Images of a folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageList {
    /// Where they are, in the order of their names in each folder.
    pub images: Vec<PathBuf>,
    /// What is no image or cannot be read.
    pub left_out: Vec<SkippedImage>,
}

/// Lists the images in a directory and everything below it, by their content; those that are only named like images
/// too. They are not decoded.
///
/// # Errors
/// A directory that does not exist or cannot be read.
pub fn list_images(path: &Path) -> Result<ImageList, DataError> {
    let Walk { files, left_out, .. } = walk(path)?;
    let mut list = ImageList { left_out, ..ImageList::default() };
    let mut strays = Vec::new();
    for (place, inside) in files {
        let mut head = Vec::with_capacity(HEAD);
        let opened = std::fs::File::open(&place);
        match opened.and_then(|file| file.take(HEAD as u64).read_to_end(&mut head)) {
            Err(error) => list.left_out.push(not_read(inside, &error)),
            Ok(_) if image_format(&head).is_some() || named_image(&inside) => list.images.push(place),
            Ok(_) if is_document(&inside) => {}
            Ok(_) => strays.push(inside),
        }
    }
    if let Some(path) = strays.first() {
        list.left_out.push(SkippedImage::NotImages { path: path.clone(), count: strays.len() });
    }
    Ok(list)
}

fn failed(path: &Path, error: &io::Error) -> DataError {
    DataError::Io { path: path.display().to_string(), reason: Cause::of(error) }
}

fn not_read(path: String, error: &io::Error) -> SkippedImage {
    SkippedImage::NotRead { path, reason: Cause::of(error) }
}

/// Finds all files below a directory.
fn walk(path: &Path) -> Result<Walk, DataError> {
    let root = std::fs::canonicalize(path).map_err(|error| failed(path, &error))?;
    let mut walk = Walk { root, ..Walk::default() };
    walk.folder(path, String::new()).map_err(|error| failed(path, &error))?;
    // Links come last, so that a folder keeps its own name.
    while let Some((place, inside)) = walk.links.pop() {
        if let Err(error) = walk.folder(&place, format!("{inside}/")) {
            walk.left_out.push(not_read(inside, &error));
        }
    }
    Ok(walk)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[derive(Default)]
struct Walk {
    /// Files: where they are, and their paths in the data set.
    files: Vec<(PathBuf, String)>,
    folders: Vec<String>,
    left_out: Vec<SkippedImage>,
    /// The real paths of the folders that were read.
    visited: BTreeSet<PathBuf>,
    /// Links to folders: where they are, and their paths in the data set.
    links: Vec<(PathBuf, String)>,
    root: PathBuf,
}

impl Walk {
    /// Reads a folder and those in it; an error where the folder itself cannot be listed.
    fn folder(&mut self, folder: &Path, prefix: String) -> io::Result<()> {
        let mut folders = vec![(folder.to_path_buf(), prefix)];
        let mut first = true;
        while let Some((folder, prefix)) = folders.pop() {
            let inside = prefix.trim_end_matches('/').to_string();
            let listed = std::fs::canonicalize(&folder).and_then(|real| {
                if !self.visited.insert(real.clone()) || self.is_above(&real) {
                    return Ok(None);
                }
                std::fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>().map(Some)
            });
            match listed {
                Ok(Some(mut entries)) => {
                    entries.sort_by_key(std::fs::DirEntry::file_name);
                    for entry in entries {
                        self.entry(&entry.path(), &prefix, &mut folders);
                    }
                }
                Ok(None) => self.left_out.push(SkippedImage::Loop { path: inside }),
                Err(error) if first => return Err(error),
                Err(error) => self.left_out.push(not_read(inside, &error)),
            }
            first = false;
        }
        Ok(())
    }

    /// Whether a folder holds the data set itself.
    fn is_above(&self, real: &Path) -> bool {
        self.root != real && self.root.starts_with(real)
    }

    fn entry(&mut self, place: &Path, prefix: &str, folders: &mut Vec<(PathBuf, String)>) {
        let name = name_of(place);
        if name.starts_with('.') {
            return;
        }
        let inside = format!("{prefix}{name}");
        let kind = std::fs::symlink_metadata(place).and_then(|own| Ok((own, std::fs::metadata(place)?)));
        match kind {
            Err(error) => self.left_out.push(not_read(inside, &error)),
            Ok((_, target)) if target.is_dir() && system_folder(&name).is_some() => {
                self.left_out.push(SkippedImage::SystemFolder { folder: inside });
            }
            Ok((own, target)) if target.is_dir() => {
                self.folders.push(inside.clone());
                match own.is_symlink() {
                    true => self.links.push((place.to_path_buf(), inside)),
                    false => folders.push((place.to_path_buf(), format!("{inside}/"))),
                }
            }
            Ok((_, target)) if target.is_file() => self.files.push((place.to_path_buf(), inside)),
            // A pipe or a device: reading it may never end.
            Ok(_) => self.left_out.push(not_read(inside, &io::Error::other("it is not a regular file"))),
        }
    }
}
