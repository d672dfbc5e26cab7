//! Containers of named tensors: opened, decoded, and safetensors written; what to say when bytes are not one.

use std::borrow::Cow;

use safetensors::tensor::{Metadata, SafeTensorError};
use safetensors::{Dtype, SafeTensors, View};

use crate::archive::Archive;
use crate::checkpoint::{FileFormat, Precision, Tensor};
use crate::error::{FormatError, told};
use crate::file::ReadAt;
use crate::int8::ScaledBytes;
use crate::{int8, pth};

/// The description's key among the container's metadata. It is the only key written, because the writer
/// puts several in an order that changes from run to run, and the same checkpoint must give the same bytes.
pub const KEY: &str = "alexnet";

/// Bytes of the number that a file begins with: the length of its header.
const LENGTH: u64 = 8;

/// What to do about a file that is no model.
pub const CHOOSE: &str = "choose a .safetensors, .pth or .alexnet file";

/// Kept by PyTorch beside batch normalisation's statistics, of no use here.
const COUNTER: &str = ".num_batches_tracked";

/// The longest header that is read: names and shapes of a few dozen tensors, and at most 100,000 classes. A header
/// of a million tensors, however small, is refused before it takes memory.
const MAX_HEADER: u64 = 16 << 20;

/// Bytes read at once while numbers are decoded.
const PIECE: usize = 1 << 20;

/// An opened container.
pub struct Container<'a> {
    /// In the order of their names, without [`COUNTER`]s.
    entries: Vec<Entry>,
    description: Option<String>,
    format: &'static str,
    /// What [`Source::Stored`] counts in.
    file: Option<&'a dyn ReadAt>,
    /// Where the weights of [`Source::PyTorch`] are, if not in memory.
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
    /// In the file: where they begin, and how many there are.
    Stored(u64, usize),
    /// In a PyTorch file, gathered when read.
    PyTorch(pytorch_reader::Tensor),
}

impl<'a> Container<'a> {
    /// A container whose tensors bring their bytes with them.
    pub fn new(entries: Vec<Entry>, description: Option<String>, format: &'static str) -> Self {
        let mut entries = entries;
        entries.retain(|entry| !entry.name.ends_with(COUNTER));
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Self { entries, description, format, file: None, archive: None }
    }

    /// The container with the archive that its tensors' bytes are still in.
    pub fn with_archive(self, archive: Archive<'a>) -> Self {
        Self { archive: Some(archive), ..self }
    }

    /// Opens a safetensors file, of which only the header is read.
    pub fn open(file: &'a dyn ReadAt) -> Result<Self, FormatError> {
        let size = file.size();
        if size == 0 {
            return Err(FormatError::Empty);
        }
        let mut head = vec![0; size.min(LENGTH) as usize];
        fill(file, 0, &mut head)?;
        let announced = head.first_chunk().map(|chunk| u64::from_le_bytes(*chunk)).unwrap_or(u64::MAX);
        let end = announced.saturating_add(LENGTH).min(size).min(MAX_HEADER + LENGTH);
        head.resize(end as usize, 0);
        fill(file, 0, &mut head)?;
        if announced > MAX_HEADER {
            return Err(explain(&head, size, &SafeTensorError::HeaderTooLarge));
        }
        // The whole file's length is not the header's: that error means that all else is well.
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
            return Err(FormatError::Damaged { reason: format!("{} bytes too many", size - expected) });
        }
        let entries = metadata.tensors().into_iter().map(|(name, info)| {
            let (from, to) = info.data_offsets;
            let source = Source::Stored(start.saturating_add(from as u64), to.saturating_sub(from));
            Entry { name, shape: info.shape.clone(), dtype: info.dtype, source }
        });
        let description = metadata.metadata().as_ref().and_then(|map| map.get(KEY)).cloned();
        let container = Self::new(entries.collect(), description, FileFormat::Safetensors.name());
        Ok(Self { file: Some(file), ..container })
    }

    /// The description's JSON, where this project wrote the file.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The container's own format, for a file without a description.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// How many tensors there are, scales among them.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The tensors in the order of their names; scales of int8 tensors are not among them.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !self.is_scales(entry))
    }

    /// The scales of an int8 tensor: one number for each of its output channels.
    fn scales(&self, name: &str) -> Option<&Entry> {
        let name = int8::scales_of(name);
        self.entries.iter().find(|entry| entry.name == name && entry.dtype != Dtype::I8)
    }

    fn is_scales(&self, entry: &Entry) -> bool {
        let of = entry.name.strip_suffix(int8::SCALES);
        of.is_some_and(|of| self.entries.iter().any(|other| other.name == of && other.dtype == Dtype::I8))
    }
}

/// The numbers of a stored tensor in single precision.
///
/// # Errors
/// A sentence that names the tensor, where its number format is none that weights come in, it has no numbers, or one
/// of them is not finite.
pub fn decode(file: &Container<'_>, entry: &Entry) -> Result<Tensor, FormatError> {
    let count = entry.shape.iter().product::<usize>();
    let data: Vec<f32> = match (entry.dtype, bytes(file, entry)?) {
        (Dtype::I8, Some(scaled)) => int8::dequantize(&scaled),
        (Dtype::F32, _) => numbers(file, entry, count, f32::from_le_bytes)?,
        (Dtype::F16, _) => numbers(file, entry, count, |b| half::f16::from_le_bytes(b).to_f32())?,
        (Dtype::BF16, _) => numbers(file, entry, count, |b| half::bf16::from_le_bytes(b).to_f32())?,
        (Dtype::F64, _) => numbers(file, entry, count, |b| f64::from_le_bytes(b) as f32)?,
        (other, _) => {
            return Err(FormatError::NumberFormat { name: told(&entry.name), dtype: other.to_string() });
        }
    };
    if data.is_empty() || data.len() != count {
        let (name, shape) = (told(&entry.name), entry.shape.clone());
        return Err(FormatError::Shape { name, shape, numbers: data.len() });
    }
    finite(entry, data.iter().copied())?;
    Ok(Tensor { shape: entry.shape.clone(), data })
}

/// The bytes and the scales of a tensor that is stored so, a scale for each of its rows.
///
/// # Errors
/// A sentence that names the tensor, where it cannot be read or they do not belong together.
pub fn bytes(file: &Container<'_>, entry: &Entry) -> Result<Option<ScaledBytes>, FormatError> {
    let Some(scales) = (entry.dtype == Dtype::I8).then(|| file.scales(&entry.name)).flatten() else {
        return Ok(None);
    };
    let scales = decode(file, scales)?.data;
    // Bytes reach down to −128, though none that is written here does.
    finite(entry, scales.iter().map(|scale| scale * 128.0))?;
    let count = entry.shape.iter().product::<usize>();
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count).map_err(|_| FormatError::NoRoom { bytes: count as u64 })?;
    pieces(file, entry, |piece| {
        bytes.extend(piece.iter().map(|&byte| byte as i8));
        Ok(())
    })?;
    if bytes.len() != count || entry.shape.first() != Some(&scales.len()) {
        let (name, shape) = (told(&entry.name), entry.shape.clone());
        return Err(FormatError::Shape { name, shape, numbers: bytes.len() });
    }
    Ok(Some(ScaledBytes { bytes, scales }))
}

/// That every number is one. Each format's tensors come by here on their way into a network.
fn finite(entry: &Entry, mut numbers: impl Iterator<Item = f32>) -> Result<(), FormatError> {
    match numbers.all(f32::is_finite) {
        true => Ok(()),
        false => {
            let name = entry.name.strip_suffix(int8::SCALES).unwrap_or(&entry.name);
            Err(FormatError::NoNumbers { name: told(name) })
        }
    }
}

/// Hands a tensor's bytes on in their order; the length of every piece but the last is a multiple of 8.
fn pieces(
    file: &Container<'_>,
    entry: &Entry,
    mut take: impl FnMut(&[u8]) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    match &entry.source {
        Source::PyTorch(tensor) => match &file.archive {
            Some(archive) => take(&archive.bytes(tensor)?),
            None => take(&pth::bytes(tensor)?),
        },
        Source::Stored(start, length) => match file.file {
            Some(stored) => read_pieces(stored, *start, *length, take),
            None => Ok(()),
        },
    }
}

/// Hands a part of a file on, piece by piece.
///
/// # Errors
/// A sentence with the reason why it cannot be read, or that of `take`.
pub fn read_pieces(
    file: &dyn ReadAt,
    start: u64,
    length: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut piece = vec![0; PIECE.min(length)];
    let (mut at, mut left) = (start, length);
    while left > 0 {
        let next = piece.get_mut(..left.min(PIECE)).unwrap_or_default();
        fill(file, at, next)?;
        take(next)?;
        at = at.saturating_add(next.len() as u64);
        left -= next.len();
    }
    Ok(())
}

/// Fills a piece from a file.
///
/// # Errors
/// A sentence with the reason why it cannot be read.
pub fn fill(file: &dyn ReadAt, offset: u64, into: &mut [u8]) -> Result<(), FormatError> {
    file.read_at(offset, into).map_err(|reason| FormatError::Unreadable { reason })
}

/// Room for so many bytes, of zeros.
///
/// # Errors
/// A sentence where there is none.
pub fn room(bytes: u64) -> Result<Vec<u8>, FormatError> {
    let mut room = Vec::new();
    let length = usize::try_from(bytes).unwrap_or(usize::MAX);
    room.try_reserve_exact(length).map_err(|_| FormatError::NoRoom { bytes })?;
    room.resize(length, 0);
    Ok(room)
}

fn numbers<const N: usize>(
    file: &Container<'_>,
    entry: &Entry,
    count: usize,
    read: impl Fn([u8; N]) -> f32,
) -> Result<Vec<f32>, FormatError> {
    let mut data = Vec::new();
    pieces(file, entry, |piece| {
        // Not before there is something to fill it with: what a PyTorch file needs to get there is gone then.
        if data.is_empty() {
            data.try_reserve_exact(count).map_err(|_| FormatError::NoRoom { bytes: count as u64 * 4 })?;
        }
        data.extend(piece.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)));
        Ok(())
    })?;
    Ok(data)
}

/// A container with these tensors and this description.
pub fn write(
    tensors: Vec<(String, &Tensor)>,
    precision: Precision,
    description: &str,
) -> Result<Vec<u8>, FormatError> {
    let mut stored = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let room = tensor.shape.iter().try_fold(1usize, |room, &side| room.checked_mul(side));
        if room != Some(tensor.data.len()) || tensor.data.is_empty() {
            let (shape, numbers) = (tensor.shape.clone(), tensor.data.len());
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
    safetensors::serialize(stored, Some(metadata)).map_err(|e| FormatError::Write { reason: e.to_string() })
}

/// That no number becomes infinite in half precision: such a file would be refused when it is read.
pub fn fits_half(name: &str, tensor: &Tensor) -> Result<(), FormatError> {
    match tensor.data.iter().all(|value| !value.is_finite() || half::f16::from_f32(*value).is_finite()) {
        true => Ok(()),
        false => {
            let reason = format!("{name} holds numbers too large for half precision");
            Err(FormatError::Write { reason })
        }
    }
}

/// A tensor on its way out; converted only when its turn comes, so that one tensor at a time is copied.
struct Stored<'a> {
    shape: Vec<usize>,
    data: Cow<'a, [f32]>,
    numbers: Numbers,
}

/// How a tensor's numbers are stored.
enum Numbers {
    F32,
    F16,
    /// With a scale for each output channel.
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
            // They lie in memory as they will in the file: fc6 of the largest network is 151 MB, not to be had twice.
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

/// What a file that is no container most likely is, by its beginning and its size.
fn explain(head: &[u8], actual: u64, error: &SafeTensorError) -> FormatError {
    if let Some(other) = recognise(head) {
        return other;
    }
    let announced = head.first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
    match (announced, head.get(LENGTH as usize)) {
        // A safetensors header is a JSON object right after its length.
        (Some(header), Some(b'{')) => {
            let expected = header.saturating_add(LENGTH);
            if expected > actual && header <= MAX_HEADER {
                return FormatError::Truncated { actual, expected };
            }
            use SafeTensorError::{HeaderTooLarge, InvalidOffset, TensorInvalidInfo, ValidationOverflow};
            let reason = match error {
                HeaderTooLarge => "its header is larger than that of any network",
                InvalidOffset(_) | TensorInvalidInfo | ValidationOverflow => "its header contradicts itself",
                _ => "its header is no list of tensors",
            };
            FormatError::Damaged { reason: reason.to_owned() }
        }
        _ => FormatError::NotAModel { found: "something else", advice: CHOOSE },
    }
}

/// Kinds of files that people mistake for a model, by their first bytes.
fn recognise(bytes: &[u8]) -> Option<FormatError> {
    let start = bytes.trim_ascii_start();
    let is = |magic: &[u8]| bytes.starts_with(magic);
    let (found, advice) = if start.starts_with(b"<") {
        ("a web page", "the address is probably wrong, so check it and download again")
    } else if is(b"version https://git-lfs") {
        ("a Git LFS pointer", "fetch the file itself with `git lfs pull`")
    } else if is(b"\xff\xd8\xff") || is(b"\x89PNG") || is(b"GIF8") || is(b"RIFF") || is(b"BM") {
        ("a picture", CHOOSE)
    } else if is(b"\x08") && bytes.get(..64).is_some_and(|head| head.windows(7).any(|w| w == b"AlexNet")) {
        ("an ONNX file", "this program writes those but reads .safetensors, .pth and .alexnet")
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        ("a JSON text", CHOOSE)
    } else {
        return None;
    };
    Some(FormatError::NotAModel { found, advice })
}
