//! Opens ZIP and tar archives and gzip files: their lists of files, with limits on what they unpack to.

use std::fmt::Display;
use std::io::{Cursor, Read};

use alexnet_protocol::messages::{ArchiveDamage, ArchiveSize, Cause};
use flate2::read::GzDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::DataError;
use crate::content::HEAD;

/// Largest unpacked size of a file: no image, CIFAR batch or IDX file is larger.
pub(super) const MAX_ENTRY: u64 = 512 << 20;
/// An archive of any size may unpack to this many bytes…
const FREE: u64 = 256 << 20;
/// …or to this many times its own size: images are already compressed.
const MAX_RATIO: u64 = 100;

/// A ZIP archive in memory.
pub(super) type Zip = ZipArchive<Cursor<Vec<u8>>>;

/// What an archive lists.
#[derive(Default)]
pub(super) struct Listing {
    /// Paths of folders, as they stand in the archive.
    pub folders: Vec<String>,
    /// The files.
    pub files: Vec<Listed>,
}

/// One file of an archive.
pub(super) struct Listed {
    /// Its path, as it stands in the archive but with `/`.
    pub path: String,
    /// A tar's content, which is read at once; the index of a ZIP's entry, with its first bytes where they can be read.
    pub place: Result<Vec<u8>, (usize, Option<Vec<u8>>)>,
    /// Why it cannot be read.
    pub refused: Option<DataError>,
}

/// Opens a ZIP and lists its files.
pub(super) fn open_zip(name: &str, bytes: Vec<u8>) -> Result<(Zip, Listing), DataError> {
    let packed = bytes.len() as u64;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| unread(name, &e))?;
    let mut listing = Listing::default();
    let mut total = 0u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(|e| unread(name, &e))?;
        let path = entry.name().map_err(|e| unread(name, &e))?.replace('\\', "/");
        check_name(name, &path)?;
        if entry.is_dir() {
            listing.folders.push(path);
            continue;
        }
        let refused = if entry.encrypted() {
            Some(DataError::Encrypted { name: name.into() })
        } else {
            unreadable_method(entry.compression())
                .map(|method| DataError::Compression { name: name.into(), method })
        };
        total = total.saturating_add(entry.size());
        check_size(name, &path, entry.size(), total, FREE.max(packed.saturating_mul(MAX_RATIO)))?;
        let place = Err((index, None));
        listing.files.push(Listed { path, place, refused });
    }
    for file in listing.files.iter_mut().filter(|file| file.refused.is_none()) {
        if let Err((index, head)) = &mut file.place {
            *head = archive.by_index(*index).ok().and_then(|entry| {
                let mut first = Vec::with_capacity(HEAD);
                entry.take(HEAD as u64).read_to_end(&mut first).ok().map(|_| first)
            });
        }
    }
    Ok((archive, listing))
}

/// The name of a compression method that is not built in.
fn unreadable_method(method: CompressionMethod) -> Option<String> {
    Some(match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => return None,
        CompressionMethod::DEFLATE64 => "Deflate64".into(),
        CompressionMethod::BZIP2 => "bzip2".into(),
        CompressionMethod::LZMA => "LZMA".into(),
        CompressionMethod::ZSTD => "Zstandard".into(),
        CompressionMethod::XZ => "xz".into(),
        CompressionMethod::PPMD => "PPMd".into(),
        other => format!("{other:?}"),
    })
}

/// Reads one entry of a ZIP.
pub(super) fn read_entry(name: &str, zip: &mut Zip, index: usize, path: &str) -> Result<Vec<u8>, DataError> {
    let reader = zip.by_index(index).map_err(|e| unread(name, &e))?;
    let declared = reader.size();
    let mut bytes = Vec::with_capacity(declared.min(1 << 24) as usize);
    reader.take(declared + 1).read_to_end(&mut bytes).map_err(|e| unread(name, &e))?;
    if bytes.len() as u64 > declared {
        return Err(DataError::Bomb {
            name: name.into(),
            reason: ArchiveSize::Declared { path: path.into() },
        });
    }
    Ok(bytes)
}

/// Opens a gzipped tar; `None` where the gzip file holds something else.
pub(super) fn open_tar_gz(name: &str, bytes: &[u8]) -> Result<Option<Listing>, DataError> {
    if !is_tar(&unpack(name, bytes, HEAD as u64, true)?) {
        return Ok(None);
    }
    open_tar(name, GzDecoder::new(bytes), FREE.max(bytes.len() as u64 * MAX_RATIO)).map(Some)
}

/// Reads all files of a tar of at most `limit` bytes.
pub(super) fn open_tar(name: &str, reader: impl Read, limit: u64) -> Result<Listing, DataError> {
    let mut archive = tar::Archive::new(reader);
    let mut listing = Listing::default();
    let mut total = 0u64;
    for entry in archive.entries().map_err(|e| unread(name, &e))? {
        let mut entry = entry.map_err(|e| unread(name, &e))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        check_name(name, &path)?;
        if !entry.header().entry_type().is_file() {
            if entry.header().entry_type().is_dir() {
                listing.folders.push(path);
            }
            continue;
        }
        total = total.saturating_add(entry.size());
        check_size(name, &path, entry.size(), total, limit)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| unread(name, &e))?;
        if bytes.len() as u64 != entry.size() {
            return Err(broken(name, ArchiveDamage::Early));
        }
        listing.files.push(Listed { path, place: Ok(bytes), refused: None });
    }
    Ok(listing)
}

/// Unpacks a gzip file, at most `limit` bytes. A longer file is an error unless only its `head` is wanted.
pub(super) fn unpack(name: &str, bytes: &[u8], limit: u64, head: bool) -> Result<Vec<u8>, DataError> {
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

/// Whether a file is a ZIP, perhaps an empty one.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Whether a file is compressed by gzip.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// Whether a file is a tar.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// An archive that cannot be used.
pub(super) fn broken(name: &str, reason: ArchiveDamage) -> DataError {
    DataError::BrokenArchive { name: name.into(), reason }
}

/// That the archive's reader fails.
fn unread(name: &str, error: &dyn Display) -> DataError {
    broken(name, Cause::of(error).into())
}
