//! Archives and loose files as one list of files.

use std::fmt::Display;
use std::io::{Cursor, Read};

use alexnet_protocol::messages::{ArchiveDamage, ArchiveSize, Cause};
use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::File;
use super::paths::{common_folders, split_of};
use crate::DataError;

/// Largest unpacked size of a file: no image, CIFAR batch or IDX file is larger.
const MAX_ENTRY: u64 = 512 << 20;
/// An archive of any size may unpack to this many bytes…
const FREE: u64 = 256 << 20;
/// …or to this many times its own size: images are already compressed.
const MAX_RATIO: u64 = 100;

/// All imported files, with archives opened.
pub(super) struct FileTree {
    zips: Vec<(String, ZipArchive<Cursor<Vec<u8>>>)>,
    /// The files; paths with `/`, without a common top folder.
    pub entries: Vec<Entry>,
}

/// One file.
pub(super) struct Entry {
    /// Its path with `/` between folders.
    pub path: String,
    place: EntrySource,
}

enum EntrySource {
    Loose(Vec<u8>),
    Zip(usize, usize),
}

impl Entry {
    /// The name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Removes the common top folders from the paths.
fn strip_common_folders(entries: &mut [Entry]) {
    let common = common_folders(entries.iter().map(|entry| entry.path.as_str()));
    for entry in entries {
        if let Some(rest) = entry.path.strip_prefix(&common) {
            entry.path = rest.to_string();
        }
    }
}

impl FileTree {
    /// Opens the files. A data set may be several archives (`train-0.zip`, …, `val.zip`); then their names say which
    /// split they belong to.
    pub fn open(files: Vec<File>) -> Result<Self, DataError> {
        let mut container = Self { zips: Vec::new(), entries: Vec::new() };
        let archives = files.iter().filter(|f| is_zip(f) || is_gzip(&f.bytes)).count();
        for mut file in files {
            file.path = file.path.replace('\\', "/");
            let mut entries = container.open_one(file.path.clone(), file.bytes)?;
            let opened = !matches!(entries.as_slice(), [only] if only.path == file.path);
            if opened {
                strip_common_folders(&mut entries);
                let stem = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
                let has_split = entries.iter().any(|e| e.path.split('/').next().and_then(split_of).is_some());
                if archives > 1 && !has_split {
                    let letters: String = stem.chars().take_while(char::is_ascii_alphabetic).collect();
                    if split_of(&letters).is_some() {
                        entries.iter_mut().for_each(|e| e.path = format!("{letters}/{}", e.path));
                    }
                }
            }
            container.entries.extend(entries);
        }
        strip_common_folders(&mut container.entries);
        Ok(container)
    }

    fn open_one(&mut self, path: String, bytes: Vec<u8>) -> Result<Vec<Entry>, DataError> {
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return self.open_zip(path, bytes);
        }
        if path.to_ascii_lowercase().ends_with(".zip") {
            let reason = if bytes.is_empty() { ArchiveDamage::Empty } else { ArchiveDamage::NotZip };
            return Err(broken(&path, reason));
        }
        if is_gzip(&bytes) {
            let head = unpack(&path, bytes.as_slice(), 512, true)?;
            if is_tar(&head) {
                let limit = FREE.max(bytes.len() as u64 * MAX_RATIO);
                return open_tar(&path, GzDecoder::new(bytes.as_slice()), limit);
            }
            let inner = unpack(&path, bytes.as_slice(), MAX_ENTRY, false)?;
            let path = path.strip_suffix(".gz").unwrap_or(&path).to_string();
            return Ok(vec![Entry { path, place: EntrySource::Loose(inner) }]);
        }
        if is_tar(&bytes) {
            let limit = bytes.len() as u64;
            return open_tar(&path, bytes.as_slice(), limit);
        }
        if path.to_ascii_lowercase().ends_with(".gz") || path.to_ascii_lowercase().ends_with(".tar") {
            return Err(broken(&path, ArchiveDamage::NotTar));
        }
        Ok(vec![Entry { path, place: EntrySource::Loose(bytes) }])
    }

    fn open_zip(&mut self, name: String, bytes: Vec<u8>) -> Result<Vec<Entry>, DataError> {
        let packed = bytes.len() as u64;
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| unread(&name, &e))?;
        let mut entries = Vec::new();
        let mut total = 0u64;
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(|e| unread(&name, &e))?;
            let path = entry.name().map_err(|e| unread(&name, &e))?.replace('\\', "/");
            check_name(&name, &path)?;
            if entry.is_dir() {
                continue;
            }
            if entry.encrypted() {
                return Err(DataError::Encrypted { name });
            }
            total = total.saturating_add(entry.size());
            check_size(&name, &path, entry.size(), total, FREE.max(packed.saturating_mul(MAX_RATIO)))?;
            entries.push(Entry { path, place: EntrySource::Zip(self.zips.len(), index) });
        }
        self.zips.push((name, archive));
        Ok(entries)
    }

    /// Takes the content of one file: each is read once.
    pub fn read(&mut self, index: usize) -> Result<Vec<u8>, DataError> {
        let Some(entry) = self.entries.get_mut(index) else { return Ok(Vec::new()) };
        let bytes = match &mut entry.place {
            EntrySource::Loose(bytes) => return Ok(std::mem::take(bytes)),
            EntrySource::Zip(archive, place) => {
                let Some((name, archive)) = self.zips.get_mut(*archive) else { return Ok(Vec::new()) };
                let failed = |e: &dyn Display| unread(name, e);
                let reader = archive.by_index(*place).map_err(|e| failed(&e))?;
                let declared = reader.size();
                let mut bytes = Vec::with_capacity(declared.min(1 << 24) as usize);
                reader.take(declared + 1).read_to_end(&mut bytes).map_err(|e| failed(&e))?;
                if bytes.len() as u64 > declared {
                    let reason = ArchiveSize::Declared { path: entry.path.clone() };
                    return Err(DataError::Bomb { name: name.clone(), reason });
                }
                bytes
            }
        };
        // Some ZIP archives hold gzipped IDX files.
        if is_gzip(&bytes) { unpack(&entry.path, bytes.as_slice(), MAX_ENTRY, false) } else { Ok(bytes) }
    }
}

fn open_tar(name: &str, reader: impl Read, limit: u64) -> Result<Vec<Entry>, DataError> {
    let mut archive = tar::Archive::new(reader);
    let mut entries = Vec::new();
    let mut total = 0u64;
    for entry in archive.entries().map_err(|e| unread(name, &e))? {
        let mut entry = entry.map_err(|e| unread(name, &e))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        check_name(name, &path)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        total = total.saturating_add(entry.size());
        check_size(name, &path, entry.size(), total, limit)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| unread(name, &e))?;
        if bytes.len() as u64 != entry.size() {
            return Err(broken(name, ArchiveDamage::Early));
        }
        entries.push(Entry {
            path: path.trim_start_matches("./").to_string(),
            place: EntrySource::Loose(bytes),
        });
    }
    Ok(entries)
}

/// Unpacks a gzip file, at most `limit` bytes. A longer file is an error unless only its `head` is wanted.
fn unpack(name: &str, bytes: &[u8], limit: u64, head: bool) -> Result<Vec<u8>, DataError> {
    let mut out = Vec::new();
    let read = GzDecoder::new(bytes).take(limit + 1).read_to_end(&mut out);
    if out.len() as u64 > limit && !head {
        let reason = ArchiveSize::Total { megabytes: limit >> 20 };
        return Err(DataError::Bomb { name: name.into(), reason });
    }
    match read {
        Err(error) if !head => Err(unread(name, &error)),
        _ => Ok(out),
    }
}

fn check_name(archive: &str, path: &str) -> Result<(), DataError> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || drive || path.contains('\0') || path.split('/').any(|part| part == "..") {
        let entry = path.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(DataError::UnsafeName { name: archive.into(), entry });
    }
    Ok(())
}

fn check_size(archive: &str, path: &str, size: u64, total: u64, limit: u64) -> Result<(), DataError> {
    let reason = if size > MAX_ENTRY {
        ArchiveSize::File { path: path.into(), megabytes: size >> 20 }
    } else if total > limit {
        ArchiveSize::Total { megabytes: limit >> 20 }
    } else {
        return Ok(());
    };
    Err(DataError::Bomb { name: archive.into(), reason })
}

fn is_zip(file: &File) -> bool {
    file.bytes.starts_with(b"PK\x03\x04")
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

fn broken(name: &str, reason: ArchiveDamage) -> DataError {
    DataError::BrokenArchive { name: name.into(), reason }
}

/// That the archive's reader fails.
fn unread(name: &str, error: &dyn Display) -> DataError {
    broken(name, Cause::of(error).into())
}
