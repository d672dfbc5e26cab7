//! Reads a PyTorch file in place. `pytorch-reader` wants a whole file in memory, so it gets a ZIP archive without the
//! weights, and then for each tensor an archive with that tensor's weights alone. A legacy file becomes such an archive
//! too, since it holds the same pickle.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;

use alexnet_protocol::messages::{FileDamage, FormatError};
use flate2::{Decompress, FlushDecompress};
use pytorch_reader::{PytorchReader, Tensor};
use rawzip::{
    CompressionMethod, DataDescriptorOutput, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive,
    ZipArchiveEntryWayfinder, ZipArchiveWriter, ZipLocator,
};

use super::calls;
use super::error;
use super::pickles::{PICKLE, Stream};
use crate::printable::printable;
use crate::read::{ReadAt, allocate, no_memory, read_chunks, read_exact_at};

/// Storages up to this size in bytes are read together with the description. So a hostile file with very many small
/// storages does not make us look for each.
const SMALL: u64 = 1 << 20;

/// Largest size of description and small storages together, in bytes; AlexNet's are 0.2 MB.
const MOST: u64 = 64 << 20;

/// Largest number of files in an archive: AlexNet has 16 storages, its optimiser a few dozen.
const FILES: usize = 4000;

/// File name of the pickle, without its folder.
const DATA: &str = "data.pkl";

/// Overhead of a file in a ZIP archive in bytes, names (stored twice) not included; the archive's end counts as a file.
const HEADERS: usize = 256;

/// Bytes before each storage of a legacy file: its number of values.
const COUNT: usize = 8;

/// An opened file.
pub struct Archive<'a> {
    file: &'a dyn ReadAt,
    /// The directory of a ZIP archive; a legacy file has none.
    zip: Option<ZipArchive<At<'a>>>,
    /// The description of the tensors, and small storages.
    described: Vec<(Entry, Vec<u8>)>,
    /// The large storages, still in the file.
    storages: Vec<Entry>,
}

/// A file of the archive.
struct Entry {
    name: String,
    method: CompressionMethod,
    /// 0 means no checksum, to the reader too.
    checksum: u32,
    size: u64,
    place: Place,
}

/// Where an entry's bytes are.
enum Place {
    /// Its local header must be read first.
    InZip(ZipArchiveEntryWayfinder),
    /// At this offset.
    At(u64),
}

/// The adapter that `rawzip` reads through.
#[derive(Clone, Copy)]
struct At<'a>(&'a dyn ReadAt);

impl ReaderAt for At<'_> {
    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let left = self.0.size().saturating_sub(offset).min(into.len() as u64) as usize;
        let into = into.get_mut(..left).unwrap_or_default();
        self.0.read_at(offset, into).map_err(std::io::Error::other)?;
        Ok(left)
    }
}

impl<'a> Archive<'a> {
    /// Opens an archive and returns its tensors' descriptions; of the storages only small ones are read.
    ///
    /// # Errors
    /// As [`open`](super::open).
    pub fn open(file: &'a dyn ReadAt) -> Result<(Self, Vec<Tensor>), FormatError> {
        Self::open_keeping(file, SMALL)
    }

    fn open_keeping(file: &'a dyn ReadAt, small: u64) -> Result<(Self, Vec<Tensor>), FormatError> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let zip = ZipLocator::new().locate_in_reader(At(file), &mut buffer, file.size());
        let zip = zip.map_err(|_| broken(()))?;
        let mut files: Vec<Entry> = Vec::new();
        let mut entries = zip.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(broken)? {
            // torch.save writes ASCII names only.
            let Ok(name) = std::str::from_utf8(entry.file_path().as_bytes()) else { continue };
            // Two files of one name: readers differ in which they choose.
            if files.len() == FILES || files.iter().any(|other| other.name == name) {
                let reason = match files.len() {
                    FILES => FileDamage::Files,
                    _ => FileDamage::Twice { name: printable(name) },
                };
                return Err(FormatError::Damaged { reason });
            }
            files.push(Entry {
                name: name.to_owned(),
                method: entry.compression_method(),
                checksum: entry.crc32(),
                size: entry.uncompressed_size_hint(),
                place: Place::InZip(entry.wayfinder()),
            });
        }
        // The same check as the reader's, before anything is read for it.
        if !files.iter().any(|entry| entry.name.ends_with(DATA)) {
            return Err(FormatError::NotTorch);
        }
        let mut own = Self { file, zip: Some(zip), described: Vec::new(), storages: Vec::new() };
        own.take(files, small)?;
        let tensors = own.tensors(None)?;
        Ok((own, tensors))
    }

    /// Opens a legacy file in the same way; `None` if it is not as `torch.save` writes it.
    pub fn open_stream(file: &'a dyn ReadAt) -> Option<(Self, Vec<Tensor>)> {
        Self::open_stream_keeping(file, SMALL)
    }

    fn open_stream_keeping(file: &'a dyn ReadAt, small: u64) -> Option<(Self, Vec<Tensor>)> {
        let stream = Stream::find(file)?;
        // Lets the reader check the preamble, followed by an empty dictionary and an empty list of storages.
        let checked = [stream.preamble.as_slice(), b"\x80\x02}.", b"\x80\x02]."].concat();
        let checked = PytorchReader::from_bytes(checked, None).ok()?;
        checked.metadata().is_legacy_format().then_some(())?;
        let Range { start, end } = stream.saved;
        let saved = Entry::plain(DATA.to_owned(), end - start, start);
        let mut own = Self { file, zip: None, described: Vec::new(), storages: Vec::new() };
        own.take(vec![saved], small).ok()?;
        // The tensors say how wide a storage's values are.
        let mut widths = HashMap::new();
        for tensor in own.tensors(None).ok()? {
            if let Some(name) = tensor.read().err().as_ref().and_then(missed) {
                widths.insert(name, tensor.dtype().size() as u64);
            }
        }
        let (mut at, mut storages) = (stream.start, Vec::new());
        for key in stream.keys {
            let name = format!("data/{key}");
            let mut count = [0; COUNT];
            read_exact_at(file, at, &mut count).ok()?;
            at = at.checked_add(COUNT as u64)?;
            let size = u64::from_le_bytes(count).checked_mul(*widths.get(&name)?)?;
            storages.push(Entry::plain(name, size, at));
            at = at.checked_add(size)?;
        }
        own.take(storages, small).ok()?;
        let tensors = own.tensors(None).ok()?;
        (at <= file.size()).then_some((own, tensors))
    }

    /// Reads these files, except large storages, which stay in the file.
    fn take(&mut self, files: Vec<Entry>, small: u64) -> Result<(), FormatError> {
        let mut left = MOST;
        for entry in files {
            let is_storage = entry.name.starts_with("data/") || entry.name.contains("/data/");
            if is_storage && entry.size > small {
                self.storages.push(entry);
                continue;
            }
            let pickle = entry.name.ends_with(DATA);
            if pickle && entry.size > PICKLE {
                return Err(FormatError::Damaged { reason: FileDamage::PickleSize });
            }
            let bytes = self.read(&entry, left)?;
            left -= bytes.len() as u64;
            if pickle {
                let inflated = entry.inflate(&bytes);
                calls::check(&inflated.as_deref().unwrap_or(&bytes))?;
            }
            self.described.push((entry, bytes));
        }
        Ok(())
    }

    /// A tensor's bytes, as [`bytes`](super::bytes) gives them.
    ///
    /// # Errors
    /// The file ends before the tensor does, or a checksum is wrong.
    pub fn bytes(&self, tensor: &Tensor) -> Result<Vec<u8>, FormatError> {
        let missing = match tensor.read() {
            Ok(bytes) => return Ok(bytes),
            Err(error) => error,
        };
        let name = missed(&missing);
        let storage = name.and_then(|name| self.storages.iter().find(|entry| entry.name == name));
        let Some(storage) = storage else { return Err(error::unreadable(tensor, &missing)) };
        let alone = self.tensors(Some(storage))?.into_iter().find(|alone| alone.name == tensor.name);
        error::bytes(&alone.ok_or_else(|| error::unreadable(tensor, &missing))?)
    }

    /// The tensors; those of this storage have their weights.
    fn tensors(&self, storage: Option<&Entry>) -> Result<Vec<Tensor>, FormatError> {
        let storage =
            storage.map(|entry| self.place(entry, u64::MAX).map(|place| (entry, place))).transpose()?;
        let sizes = self.described.iter().map(|(entry, bytes)| (entry, bytes.len()));
        let sizes = sizes.chain(storage.map(|(entry, (_, length))| (entry, length)));
        let room = sizes.map(|(entry, length)| length + 2 * entry.name.len() + HEADERS).sum();
        // The exact capacity: a growing vector would be copied, which takes memory twice.
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(room).map_err(|_| no_memory(room as u64))?;
        let mut archive = ZipArchiveWriter::new(&mut bytes);
        for (entry, bytes) in &self.described {
            add(&mut archive, entry, |write| write(bytes))?;
        }
        if let Some((entry, (start, length))) = storage {
            add(&mut archive, entry, |write| read_chunks(self.file, start, length, write))?;
        }
        archive.finish().map_err(broken)?;
        let reader = PytorchReader::from_bytes(bytes, None).map_err(error::explain)?;
        Ok(reader.into_tensors().into_values().collect())
    }

    /// An entry's bytes as stored, at most `most`.
    fn read(&self, entry: &Entry, most: u64) -> Result<Vec<u8>, FormatError> {
        let (start, length) = self.place(entry, most)?;
        let mut bytes = allocate(length as u64)?;
        read_exact_at(self.file, start, &mut bytes)?;
        Ok(bytes)
    }

    /// Offset and length of an entry's bytes; at most `most` bytes.
    fn place(&self, entry: &Entry, most: u64) -> Result<(u64, usize), FormatError> {
        let (start, end) = match (&entry.place, &self.zip) {
            (Place::InZip(place), Some(zip)) => {
                zip.get_entry(*place).map_err(broken)?.compressed_data_range()
            }
            (Place::At(start), _) => (*start, start.saturating_add(entry.size)),
            // Without an archive there is nothing to read.
            (Place::InZip(_), None) => (0, u64::MAX),
        };
        let length = end.saturating_sub(start);
        match usize::try_from(length) {
            Ok(fits) if end <= self.file.size() && length <= most => Ok((start, fits)),
            _ => {
                let reason = FileDamage::FileLength { name: printable(&entry.name) };
                Err(FormatError::Damaged { reason })
            }
        }
    }
}

impl Entry {
    /// An entry at `start`, uncompressed and without a checksum.
    fn plain(name: String, size: u64, start: u64) -> Self {
        Self { name, method: CompressionMethod::STORE, checksum: 0, size, place: Place::At(start) }
    }

    /// The content of a small entry, if it is compressed and can be unpacked.
    fn inflate(&self, stored: &[u8]) -> Option<Vec<u8>> {
        let mut content = Vec::with_capacity(usize::try_from(self.size).ok()?);
        let inflate =
            |content| Decompress::new(false).decompress_vec(stored, content, FlushDecompress::Finish);
        (self.method == CompressionMethod::DEFLATE).then_some(())?;
        inflate(&mut content).ok()?;
        Some(content)
    }
}

/// The storage that the reader misses, taken from its error text. Its version is pinned and a test checks the text.
fn missed(error: &std::io::Error) -> Option<String> {
    let said = error.to_string();
    let (_, rest) = said.split_once("ZIP entry '")?;
    Some(rest.split_once("': not found")?.0.to_owned())
}

/// Copies an entry as stored into an archive; `content` passes the bytes to its argument.
fn add(
    archive: &mut ZipArchiveWriter<&mut Vec<u8>>,
    entry: &Entry,
    content: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), FormatError>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let begun = archive.new_file(entry.name.as_str()).compression_method(entry.method).start();
    let (mut file, _) = begun.map_err(broken)?;
    content(&mut |piece| file.write_all(piece).map_err(broken))?;
    file.finish(DataDescriptorOutput::new(entry.checksum, entry.size)).map_err(broken)?;
    Ok(())
}

/// The ZIP reader's own errors are for developers, so they are replaced.
fn broken<T>(_: T) -> FormatError {
    FormatError::Damaged { reason: FileDamage::Zip }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pth").join(name);
        std::fs::read(path).unwrap()
    }

    #[test]
    fn every_storage_is_read_by_itself() {
        for name in ["zip.pth", "protocol-4.pth", "views.pth", "double.pth", "half.pth", "checkpoint.pth"] {
            let bytes = fixture(name);
            let whole = PytorchReader::from_bytes(bytes.clone(), None).unwrap().into_tensors();
            let file = bytes.as_slice();
            let (archive, tensors) = Archive::open_keeping(&file, 0).unwrap();
            assert_eq!(tensors.len(), whole.len(), "{name}");
            for tensor in &tensors {
                assert!(tensor.read().is_err(), "{name}: {} is in memory", tensor.name);
                assert_eq!(archive.bytes(tensor).unwrap(), whole[&tensor.name].read().unwrap());
            }
        }
    }

    #[test]
    fn a_legacy_stream_is_read_in_the_same_way() {
        let bytes = fixture("legacy.pth");
        let whole = PytorchReader::from_bytes(bytes.clone(), None).unwrap().into_tensors();
        for small in [0, 200, SMALL] {
            let file = bytes.as_slice();
            let (archive, tensors) = Archive::open_stream_keeping(&file, small).unwrap();
            assert_eq!(tensors.len(), whole.len());
            for tensor in &tensors {
                assert_eq!(tensor.read().is_ok(), tensor.byte_len() as u64 <= small, "{}", tensor.name);
                assert_eq!(archive.bytes(tensor).unwrap(), whole[&tensor.name].read().unwrap());
            }
        }
    }

    #[test]
    fn a_stream_of_another_kind_is_left_to_the_reader() {
        let bytes = fixture("legacy.pth");
        let short = &bytes[..bytes.len() - 1];
        let mut foreign = bytes.clone();
        // The version of the legacy format: always 1001.
        let version = bytes.windows(2).position(|window| window == b"\xe9\x03").unwrap();
        foreign[version] = 0;
        for (what, file) in [("cut", short), ("foreign", &foreign), ("zip", &fixture("zip.pth"))] {
            assert!(Archive::open_stream(&file).is_none(), "{what}");
        }
    }

    #[test]
    fn a_changed_weight_is_noticed() {
        let mut bytes = fixture("zip.pth");
        let (place, tensor) = {
            let file = bytes.as_slice();
            let (archive, tensors) = Archive::open_keeping(&file, 0).unwrap();
            let largest = tensors.into_iter().max_by_key(Tensor::byte_len).unwrap();
            let data = archive.bytes(&largest).unwrap();
            (bytes.windows(64).position(|window| window == &data[..64]).unwrap(), largest)
        };
        bytes[place] ^= 1;
        let file = bytes.as_slice();
        let (archive, _) = Archive::open_keeping(&file, 0).unwrap();
        let sentence = archive.bytes(&tensor).unwrap_err().to_string();
        assert!(sentence.contains("checksum") && sentence.ends_with('.'), "{sentence}");
    }
}
