//! Archives and loose files as one list of files.

use alexnet_protocol::messages::{ArchiveDamage, FileContent};

use super::archive::{self, Listed, Listing, MAX_ENTRY, Zip};
use super::paths::{
    clean, common_folders, is_document, is_hidden, name_of, named_image, split_of, system_folder,
    zip_document,
};
use super::{File, Input};
use crate::content::{describe, image_format};
use crate::{DataError, SkippedImage};

/// All imported files, with archives opened.
pub(super) struct FileTree {
    zips: Vec<(String, Zip)>,
    /// The files; paths with `/`, an archive's without its common top folder.
    pub entries: Vec<Entry>,
    /// The folders that are known beside those of the files.
    pub folders: Vec<String>,
    /// What is left out already.
    pub left_out: Vec<SkippedImage>,
    /// Why the first archive that cannot be read is refused; the error where there is nothing else.
    pub refused: Option<DataError>,
    nfc: fn(&str) -> String,
}

/// What a file holds, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// An image of a format that is read.
    Image,
    /// Something else that is named like an image, or an image of another format.
    Claimed,
    /// An archive in an archive.
    Archive,
    /// Something else.
    Other,
}

impl Content {
    fn of(path: &str, bytes: &[u8]) -> Self {
        if image_format(bytes).is_some() {
            return Self::Image;
        }
        match describe(bytes) {
            FileContent::Zip if zip_document(path) => Self::Other,
            FileContent::Zip | FileContent::Rar | FileContent::SevenZip | FileContent::Compressed => {
                Self::Archive
            }
            FileContent::Gzip if path.ends_with("tar.gz") || path.ends_with(".tgz") => Self::Archive,
            FileContent::Heic | FileContent::Avif | FileContent::Tiff => Self::Claimed,
            _ if named_image(path) => Self::Claimed,
            _ => Self::Other,
        }
    }
}

/// One file.
pub(super) struct Entry {
    /// Its path with `/` between folders.
    pub path: String,
    /// What it holds.
    pub content: Content,
    place: EntrySource,
}

enum EntrySource {
    Loose(Vec<u8>),
    Zip(usize, usize),
}

impl Entry {
    /// The name without its folders.
    pub fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// Whether it is an image of the data set, or named like one.
    pub fn is_candidate(&self) -> bool {
        matches!(self.content, Content::Image | Content::Claimed)
            && !is_hidden(&self.path)
            && system_folder(&self.path).is_none()
    }

    /// Whether a person may have taken it for an image of the data set.
    pub fn is_stray(&self) -> bool {
        self.content == Content::Other
            && !is_hidden(&self.path)
            && system_folder(&self.path).is_none()
            && !is_document(&self.path)
    }
}

impl FileTree {
    /// Opens the files. A data set may be several archives (`train-0.zip`, …, `val.zip`); then their names say which
    /// split they belong to.
    pub fn open(input: Input) -> Result<Self, DataError> {
        let Input { files, folders, left_out, nfc } = input;
        let folders = folders.iter().map(|path| clean(path, nfc)).collect();
        let mut tree = Self { zips: Vec::new(), entries: Vec::new(), folders, left_out, refused: None, nfc };
        let archives =
            files.iter().filter(|f| archive::is_zip(&f.bytes) || archive::is_gzip(&f.bytes)).count();
        for file in files {
            let name = clean(&file.path, nfc);
            if let Some(listing) = tree.open_one(&name, file)? {
                tree.add(&name, listing, archives > 1);
            }
        }
        Ok(tree)
    }

    /// Opens an archive; adds a loose file and returns nothing.
    fn open_one(&mut self, path: &str, file: File) -> Result<Option<Listing>, DataError> {
        let bytes = file.bytes;
        let lower = path.to_lowercase();
        let content = Content::of(path, &bytes);
        if archive::is_zip(&bytes) && content != Content::Other {
            let (zip, listing) = archive::open_zip(path, bytes)?;
            self.zips.push((path.into(), zip));
            return Ok(Some(listing));
        }
        if lower.ends_with(".zip") && content != Content::Image {
            let reason = match bytes.is_empty() {
                true => ArchiveDamage::Empty,
                false if archive::is_zip(&bytes) => ArchiveDamage::Early,
                false => ArchiveDamage::NotZip,
            };
            return Err(archive::broken(path, reason));
        }
        if archive::is_gzip(&bytes) {
            if let Some(listing) = archive::open_tar_gz(path, &bytes)? {
                return Ok(Some(listing));
            }
            let inner = archive::unpack(path, &bytes, MAX_ENTRY, false)?;
            self.push(path.strip_suffix(".gz").unwrap_or(path).into(), inner);
            return Ok(None);
        }
        if archive::is_tar(&bytes) {
            return archive::open_tar(path, bytes.as_slice(), bytes.len() as u64).map(Some);
        }
        if content == Content::Archive {
            let error = DataError::OtherArchive { name: path.into(), found: describe(&bytes) };
            self.left_out
                .push(SkippedImage::Unreadable { path: path.into(), reason: Box::new(error.clone()) });
            self.refused.get_or_insert(error);
            return Ok(None);
        }
        if lower.ends_with(".gz") || lower.ends_with(".tar") {
            return Err(archive::broken(path, ArchiveDamage::NotTar));
        }
        self.push(path.into(), bytes);
        Ok(None)
    }

    fn push(&mut self, path: String, bytes: Vec<u8>) {
        let content = Content::of(&path, &bytes);
        self.entries.push(Entry { path, content, place: EntrySource::Loose(bytes) });
    }

    /// Adds what an archive lists.
    fn add(&mut self, name: &str, listing: Listing, several: bool) {
        let zip = self.zips.len().saturating_sub(1);
        let mut entries = Vec::with_capacity(listing.files.len());
        for Listed { path, place, refused } in listing.files {
            let path = clean(&path, self.nfc);
            if let Some(reason) = refused {
                if !is_hidden(&path) && !is_document(&path) {
                    let reason = Box::new(reason);
                    self.refused.get_or_insert_with(|| (*reason).clone());
                    self.left_out.push(SkippedImage::Unreadable { path, reason });
                }
                continue;
            }
            let (content, place) = match place {
                Ok(bytes) => (Content::of(&path, &bytes), EntrySource::Loose(bytes)),
                Err((index, head)) => {
                    let damaged = if named_image(&path) { Content::Claimed } else { Content::Other };
                    let content = head.map_or(damaged, |head| Content::of(&path, &head));
                    (content, EntrySource::Zip(zip, index))
                }
            };
            if content == Content::Archive && !is_hidden(&path) {
                self.left_out.push(SkippedImage::InnerArchive { path: path.clone() });
                let (name, entry) = (name.into(), path.clone());
                self.refused.get_or_insert(DataError::OnlyArchives { name, entry });
            }
            entries.push(Entry { path, content, place });
        }
        let mut folders: Vec<String> = listing.folders.iter().map(|path| clean(path, self.nfc)).collect();
        let images = entries.iter().filter(|entry| entry.is_candidate()).map(|entry| entry.path.as_str());
        let common = common_folders(images);
        let stem: String =
            name_of(name).to_ascii_lowercase().chars().take_while(char::is_ascii_alphabetic).collect();
        let below = |path: &str| path.strip_prefix(&common).unwrap_or(path).to_string();
        let has_split = entries.iter().any(|e| below(&e.path).split('/').next().and_then(split_of).is_some());
        let split = several && !has_split && split_of(&stem).is_some();
        let prefix = if split { format!("{stem}/") } else { String::new() };
        for path in entries.iter_mut().map(|entry| &mut entry.path).chain(&mut folders) {
            *path = format!("{prefix}{}", below(path));
        }
        self.entries.extend(entries);
        self.folders.extend(folders);
    }

    /// Takes the content of one file: each is read once.
    pub fn read(&mut self, index: usize) -> Result<Vec<u8>, DataError> {
        let Some(entry) = self.entries.get_mut(index) else { return Ok(Vec::new()) };
        let bytes = match &mut entry.place {
            EntrySource::Loose(bytes) => return Ok(std::mem::take(bytes)),
            EntrySource::Zip(zip, place) => {
                let Some((name, zip)) = self.zips.get_mut(*zip) else { return Ok(Vec::new()) };
                archive::read_entry(name, zip, *place, &entry.path)?
            }
        };
        // Some ZIP archives hold gzipped IDX files.
        if archive::is_gzip(&bytes) {
            archive::unpack(&entry.path, &bytes, MAX_ENTRY, false)
        } else {
            Ok(bytes)
        }
    }
}
