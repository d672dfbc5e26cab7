//! Opens and writes safetensors files, and explains what other files are.

use std::borrow::Cow;

use alexnet_protocol::messages::{Cause, FileDamage, FormatError, WriteError};
use safetensors::tensor::{Metadata, SafeTensorError};
use safetensors::{Dtype, SafeTensors, View};

use crate::container::{Container, Entry, Source};
use crate::int8;
use crate::metadata::KEY;
use crate::read::{ReadAt, read_exact_at};
use crate::tensor::{FileFormat, Precision, Tensor, fits_half};

/// Size in bytes of the number at the start of a file: the length of its header.
const LENGTH: u64 = 8;

/// Largest header in bytes: names and shapes of a few dozen tensors, and at most 100,000 classes. A header of a million
/// tensors is refused before it takes memory.
const MAX_HEADER: u64 = 16 << 20;

/// Opens a safetensors file; only the header is read.
pub fn open(file: &dyn ReadAt) -> Result<Container<'_>, FormatError> {
    let size = file.size();
    if size == 0 {
        return Err(FormatError::Empty);
    }
    let mut head = vec![0; size.min(LENGTH) as usize];
    read_exact_at(file, 0, &mut head)?;
    let announced = head.first_chunk().map(|chunk| u64::from_le_bytes(*chunk)).unwrap_or(u64::MAX);
    let end = announced.saturating_add(LENGTH).min(size).min(MAX_HEADER + LENGTH);
    head.resize(end as usize, 0);
    read_exact_at(file, 0, &mut head)?;
    if announced > MAX_HEADER {
        return Err(explain(&head, size, &SafeTensorError::HeaderTooLarge));
    }
    // Only the header is given to the parser. This error means that the header itself is valid.
    let metadata = match SafeTensors::read_metadata(&head) {
        Ok((_, metadata)) => metadata,
        Err(SafeTensorError::MetadataIncompleteBuffer) => {
            let header = head.get(LENGTH as usize..).unwrap_or_default();
            serde_json::from_slice::<Metadata>(header)
                .map_err(|_| explain(&head, size, &SafeTensorError::InvalidHeaderLength))?
        }
        Err(error) => return Err(explain(&head, size, &error)),
    };
    let (start, expected) = (end, end.saturating_add(metadata.data_len() as u64));
    if expected > size {
        return Err(FormatError::Truncated { actual: size, expected });
    }
    if expected < size {
        return Err(FormatError::Damaged { reason: FileDamage::Trailing { bytes: size - expected } });
    }
    let entries = metadata.tensors().into_iter().map(|(name, info)| {
        let (from, to) = info.data_offsets;
        let source = Source::Stored(start.saturating_add(from as u64), to.saturating_sub(from));
        Entry { name, shape: info.shape.clone(), dtype: info.dtype, source }
    });
    let description = metadata.metadata().as_ref().and_then(|map| map.get(KEY)).cloned();
    let container = Container::new(entries.collect(), description, FileFormat::Safetensors.name());
    Ok(container.with_file(file))
}

/// Writes a file with these tensors and this description.
pub fn write(
    tensors: Vec<(String, &Tensor)>,
    precision: Precision,
    description: &str,
) -> Result<Vec<u8>, FormatError> {
    let mut stored = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let room = tensor.shape.iter().try_fold(1usize, |room, &side| room.checked_mul(side));
        if room != Some(tensor.data.len()) || tensor.data.is_empty() {
            let (shape, numbers) = (tensor.shape.clone().into(), tensor.data.len());
            return Err(FormatError::Shape { name, shape, numbers });
        }
        let numbers = match precision {
            Precision::F32 => Numbers::F32,
            Precision::F16 => {
                fits_half(&name, tensor)?;
                Numbers::F16
            }
            Precision::Int8 if int8::applies(&name, &tensor.shape) => {
                let scales = int8::scales(tensor);
                let shape = vec![scales.len()];
                let data = Cow::Owned(scales.clone());
                stored.push((int8::scales_of(&name), Stored { shape, data, numbers: Numbers::F32 }));
                Numbers::Int8(scales)
            }
            Precision::Int8 => Numbers::F32,
        };
        let data = Cow::Borrowed(tensor.data.as_slice());
        stored.push((name, Stored { shape: tensor.shape.clone(), data, numbers }));
    }
    let metadata = [(KEY.to_owned(), description.to_owned())].into_iter().collect();
    safetensors::serialize(stored, Some(metadata))
        .map_err(|e| WriteError::Library { reason: Cause::of(&e) }.into())
}

/// A tensor to write. It is converted when it is written, so only one tensor at a time is copied.
struct Stored<'a> {
    shape: Vec<usize>,
    data: Cow<'a, [f32]>,
    numbers: Numbers,
}

/// How a tensor's values are stored.
enum Numbers {
    F32,
    F16,
    /// int8 with a scale for each output channel.
    Int8(Vec<f32>),
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        match self.numbers {
            Numbers::F32 => Dtype::F32,
            Numbers::F16 => Dtype::F16,
            Numbers::Int8(_) => Dtype::I8,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let data = self.data.iter();
        match &self.numbers {
            // The bytes in memory are those of the file, so nothing is copied: fc6 of the largest network has 151 MB.
            Numbers::F32 if cfg!(target_endian = "little") => Cow::Borrowed(bytemuck::cast_slice(&self.data)),
            Numbers::F32 => data.flat_map(|v| v.to_le_bytes()).collect(),
            Numbers::F16 => data.flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect(),
            Numbers::Int8(scales) => int8::quantize(&self.data, scales),
        }
    }

    fn data_len(&self) -> usize {
        let bytes = match self.numbers {
            Numbers::F32 => 4,
            Numbers::F16 => 2,
            Numbers::Int8(_) => 1,
        };
        self.data.len() * bytes
    }
}

/// What a file that is not safetensors most likely is, by its first bytes and its size.
fn explain(head: &[u8], actual: u64, error: &SafeTensorError) -> FormatError {
    if let Some(other) = recognise(head) {
        return other;
    }
    let announced = head.first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
    match (announced, head.get(LENGTH as usize)) {
        // A safetensors header is a JSON object directly after its length.
        (Some(header), Some(b'{')) => {
            let expected = header.saturating_add(LENGTH);
            if expected > actual && header <= MAX_HEADER {
                return FormatError::Truncated { actual, expected };
            }
            use SafeTensorError::{HeaderTooLarge, InvalidOffset, TensorInvalidInfo, ValidationOverflow};
            let reason = match error {
                HeaderTooLarge => FileDamage::HeaderSize,
                InvalidOffset(_) | TensorInvalidInfo | ValidationOverflow => FileDamage::HeaderContradiction,
                _ => FileDamage::Header,
            };
            FormatError::Damaged { reason }
        }
        _ => FormatError::Unknown,
    }
}

/// Files that are mistaken for a model, by their first bytes.
fn recognise(bytes: &[u8]) -> Option<FormatError> {
    let start = bytes.trim_ascii_start();
    let is = |magic: &[u8]| bytes.starts_with(magic);
    Some(if start.starts_with(b"<") {
        FormatError::WebPage
    } else if is(b"version https://git-lfs") {
        FormatError::LfsPointer
    } else if is(b"\xff\xd8\xff") || is(b"\x89PNG") || is(b"GIF8") || is(b"RIFF") || is(b"BM") {
        FormatError::Image
    } else if is(b"\x08") && bytes.get(..64).is_some_and(|head| head.windows(7).any(|w| w == b"AlexNet")) {
        FormatError::Onnx
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        FormatError::Json
    } else {
        return None;
    })
}
