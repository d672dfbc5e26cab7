//! Reading parts of a file, so that it is never whole in memory.

use alexnet_protocol::messages::{FormatError, ReadError};

/// Bytes per read.
const CHUNK: usize = 1 << 20;

/// A file that can be read at any offset.
pub trait ReadAt {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// Fills `into` with the bytes at `offset`.
    ///
    /// # Errors
    /// Why they cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError>;
}

impl ReadAt for &[u8] {
    fn size(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        let start = usize::try_from(offset).ok();
        let bytes = start.and_then(|start| self.get(start..start.checked_add(into.len())?));
        into.copy_from_slice(bytes.ok_or(ReadError::Early)?);
        Ok(())
    }
}

/// Passes a range of a file to `use_chunk`, chunk by chunk.
///
/// # Errors
/// The file cannot be read, or `use_chunk` fails.
pub fn read_chunks(
    file: &dyn ReadAt,
    start: u64,
    length: usize,
    mut use_chunk: impl FnMut(&[u8]) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut chunk = vec![0; CHUNK.min(length)];
    let (mut at, mut left) = (start, length);
    while left > 0 {
        let next = chunk.get_mut(..left.min(CHUNK)).unwrap_or_default();
        read_exact_at(file, at, next)?;
        use_chunk(next)?;
        at = at.saturating_add(next.len() as u64);
        left -= next.len();
    }
    Ok(())
}

/// Fills a buffer from a file.
///
/// # Errors
/// The file cannot be read.
pub fn read_exact_at(file: &dyn ReadAt, offset: u64, into: &mut [u8]) -> Result<(), FormatError> {
    file.read_at(offset, into).map_err(|reason| FormatError::Unreadable { reason })
}

/// A buffer of `bytes` zero bytes.
///
/// # Errors
/// There is not enough memory.
pub fn allocate(bytes: u64) -> Result<Vec<u8>, FormatError> {
    let mut buffer = Vec::new();
    let length = usize::try_from(bytes).unwrap_or(usize::MAX);
    buffer.try_reserve_exact(length).map_err(|_| no_memory(bytes))?;
    buffer.resize(length, 0);
    Ok(buffer)
}

/// That memory for so many bytes cannot be had.
pub fn no_memory(bytes: u64) -> FormatError {
    FormatError::NoMemory { megabytes: bytes / 1_000_000 }
}
