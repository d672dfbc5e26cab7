//! An opened file of named tensors, in any of the formats.

use alexnet_protocol::messages::FormatError;
use safetensors::Dtype;

use crate::int8::{self, ScaledBytes};
use crate::printable::printable;
use crate::pytorch::{self, Archive};
use crate::read::{ReadAt, no_memory, read_chunks};
use crate::tensor::Tensor;

/// PyTorch stores it beside batch normalisation's statistics; it is not used here.
const COUNTER: &str = ".num_batches_tracked";

/// An opened container.
pub struct Container<'a> {
    /// Sorted by name, without [`COUNTER`]s.
    entries: Vec<Entry>,
    description: Option<String>,
    format: &'static str,
    /// The file that [`Source::Stored`] refers to.
    file: Option<&'a dyn ReadAt>,
    /// The file of [`Source::PyTorch`], if its weights are not in memory.
    archive: Option<Archive<'a>>,
}

/// One stored tensor.
pub struct Entry {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub source: Source,
}

/// Where a tensor's bytes are, little-endian and row-major.
pub enum Source {
    /// In the file: offset and length in bytes.
    Stored(u64, usize),
    /// In a PyTorch file; collected when the tensor is read.
    PyTorch(pytorch_reader::Tensor),
}

impl<'a> Container<'a> {
    /// A container whose tensors hold their own bytes.
    pub fn new(entries: Vec<Entry>, description: Option<String>, format: &'static str) -> Self {
        let mut entries = entries;
        entries.retain(|entry| !entry.name.ends_with(COUNTER));
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Self { entries, description, format, file: None, archive: None }
    }

    /// The container with the file that [`Source::Stored`] refers to.
    pub fn with_file(self, file: &'a dyn ReadAt) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The tensors of a PyTorch file.
    pub fn from_pytorch(file: pytorch::StateDict<'a>) -> Result<Self, FormatError> {
        let entries = file.tensors.into_iter().map(|(name, tensor)| Entry {
            name,
            shape: tensor.shape().to_vec(),
            dtype: pytorch::dtype(tensor.dtype()),
            source: Source::PyTorch(tensor),
        });
        Ok(Self { archive: file.archive, ..Self::new(entries.collect(), None, pytorch::NAME) })
    }

    /// The description as JSON, if this project wrote the file.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The container's format, for a file without a description.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// Number of tensors, scales included.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The tensors sorted by name, without the scales of int8 tensors.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !self.is_scales(entry))
    }

    /// The scales of an int8 tensor: one for each output channel.
    fn scales(&self, name: &str) -> Option<&Entry> {
        let name = int8::scales_of(name);
        self.entries.iter().find(|entry| entry.name == name && entry.dtype != Dtype::I8)
    }

    fn is_scales(&self, entry: &Entry) -> bool {
        let of = entry.name.strip_suffix(int8::SCALES);
        of.is_some_and(|of| self.entries.iter().any(|other| other.name == of && other.dtype == Dtype::I8))
    }
}

/// The values of a stored tensor, in single precision.
///
/// # Errors
/// Names the tensor: its number format is not supported, its bytes are missing, or a value is not finite.
pub fn decode(file: &Container<'_>, entry: &Entry) -> Result<Tensor, FormatError> {
    let count = entry.shape.iter().product::<usize>();
    let data: Vec<f32> = match (entry.dtype, bytes(file, entry)?) {
        (Dtype::I8, Some(scaled)) => int8::dequantize(&scaled),
        (Dtype::F32, _) => numbers(file, entry, count, f32::from_le_bytes)?,
        (Dtype::F16, _) => numbers(file, entry, count, |b| half::f16::from_le_bytes(b).to_f32())?,
        (Dtype::BF16, _) => numbers(file, entry, count, |b| half::bf16::from_le_bytes(b).to_f32())?,
        (Dtype::F64, _) => numbers(file, entry, count, |b| f64::from_le_bytes(b) as f32)?,
        (other, _) => {
            return Err(FormatError::NumberFormat { name: printable(&entry.name), dtype: other.to_string() });
        }
    };
    if data.is_empty() || data.len() != count {
        let (name, shape) = (printable(&entry.name), entry.shape.clone().into());
        return Err(FormatError::Shape { name, shape, numbers: data.len() });
    }
    finite(entry, data.iter().copied())?;
    Ok(Tensor { shape: entry.shape.clone(), data })
}

/// The bytes and scales of an int8 tensor, one scale for each row.
///
/// # Errors
/// Names the tensor: it cannot be read, or bytes and scales do not fit.
pub fn bytes(file: &Container<'_>, entry: &Entry) -> Result<Option<ScaledBytes>, FormatError> {
    let Some(scales) = (entry.dtype == Dtype::I8).then(|| file.scales(&entry.name)).flatten() else {
        return Ok(None);
    };
    let scales = decode(file, scales)?.data;
    // −128 is possible in a byte, but never written here.
    finite(entry, scales.iter().map(|scale| scale * 128.0))?;
    let count = entry.shape.iter().product::<usize>();
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count).map_err(|_| no_memory(count as u64))?;
    pieces(file, entry, |piece| {
        bytes.extend(piece.iter().map(|&byte| byte as i8));
        Ok(())
    })?;
    if bytes.len() != count || entry.shape.first() != Some(&scales.len()) {
        let (name, shape) = (printable(&entry.name), entry.shape.clone().into());
        return Err(FormatError::Shape { name, shape, numbers: bytes.len() });
    }
    Ok(Some(ScaledBytes { bytes, scales }))
}

/// Checks that every value is finite. The tensors of all formats pass here on their way into a network.
fn finite(entry: &Entry, mut numbers: impl Iterator<Item = f32>) -> Result<(), FormatError> {
    match numbers.all(f32::is_finite) {
        true => Ok(()),
        false => {
            let name = entry.name.strip_suffix(int8::SCALES).unwrap_or(&entry.name);
            Err(FormatError::NotFinite { name: printable(name) })
        }
    }
}

/// Passes a tensor's bytes on, chunk by chunk; the length of every chunk but the last is a multiple of 8.
fn pieces(
    file: &Container<'_>,
    entry: &Entry,
    mut take: impl FnMut(&[u8]) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    match &entry.source {
        Source::PyTorch(tensor) => match &file.archive {
            Some(archive) => take(&archive.bytes(tensor)?),
            None => take(&pytorch::bytes(tensor)?),
        },
        Source::Stored(start, length) => match file.file {
            Some(stored) => read_chunks(stored, *start, *length, take),
            None => Ok(()),
        },
    }
}

fn numbers<const N: usize>(
    file: &Container<'_>,
    entry: &Entry,
    count: usize,
    read: impl Fn([u8; N]) -> f32,
) -> Result<Vec<f32>, FormatError> {
    let mut data = Vec::new();
    pieces(file, entry, |piece| {
        // Allocated only now: the buffers of reading a PyTorch file are free again.
        if data.is_empty() {
            data.try_reserve_exact(count).map_err(|_| no_memory(count as u64 * 4))?;
        }
        data.extend(piece.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)));
        Ok(())
    })?;
    Ok(data)
}
