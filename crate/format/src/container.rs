//! Containers of named tensors: opened, decoded, and safetensors written; what to say when bytes are not one.

use std::borrow::Cow;

use safetensors::tensor::{Metadata, SafeTensorError};
use safetensors::{Dtype, SafeTensors, View};

use crate::checkpoint::{FileFormat, Precision, Tensor};
use crate::error::FormatError;
use crate::{int8, pth};

/// The description's key among the container's metadata. It is the only key written, because the writer
/// puts several in an order that changes from run to run, and the same checkpoint must give the same bytes.
pub const KEY: &str = "alexnet";

/// What to do about a file that is no model.
pub const CHOOSE: &str = "choose a .safetensors, .pth or .alexnet file";

/// Kept by PyTorch beside batch normalisation's statistics, of no use here.
const COUNTER: &str = ".num_batches_tracked";

/// An opened container.
pub struct Container<'a> {
    /// In the order of their names, without [`COUNTER`]s.
    entries: Vec<Entry<'a>>,
    description: Option<String>,
    format: &'static str,
}

/// One stored tensor.
pub struct Entry<'a> {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub source: Source<'a>,
}

/// Where a tensor's bytes are, little-endian and row-major.
pub enum Source<'a> {
    /// In the file as it lies in memory.
    Bytes(&'a [u8]),
    /// In a PyTorch file, gathered when read.
    PyTorch(pytorch_reader::Tensor),
}

impl<'a> Container<'a> {
    pub fn new(entries: Vec<Entry<'a>>, description: Option<String>, format: &'static str) -> Self {
        let mut entries = entries;
        entries.retain(|entry| !entry.name.ends_with(COUNTER));
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Self { entries, description, format }
    }

    /// Opens a safetensors file.
    pub fn open(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if bytes.is_empty() {
            return Err(FormatError::Empty);
        }
        let explain = |error| explain(bytes, &error);
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(explain)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(explain)?.tensors();
        let entries = tensors.into_iter().map(|(name, view)| Entry {
            name,
            shape: view.shape().to_vec(),
            dtype: view.dtype(),
            source: Source::Bytes(view.data()),
        });
        let description = metadata.metadata().as_ref().and_then(|map| map.get(KEY)).cloned();
        Ok(Self::new(entries.collect(), description, FileFormat::Safetensors.name()))
    }

    /// The description's JSON, where this project wrote the file.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The container's own format, for a file without a description.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// The tensors in the order of their names; scales of int8 tensors are not among them.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| !self.is_scales(entry))
    }

    /// The scales of an int8 tensor: one number for each of its output channels.
    fn scales(&self, name: &str) -> Option<&Entry<'a>> {
        let name = int8::scales_of(name);
        self.entries.iter().find(|entry| entry.name == name && entry.dtype != Dtype::I8)
    }

    fn is_scales(&self, entry: &Entry<'_>) -> bool {
        let of = entry.name.strip_suffix(int8::SCALES);
        of.is_some_and(|of| self.entries.iter().any(|other| other.name == of && other.dtype == Dtype::I8))
    }
}

/// The numbers of a stored tensor in single precision.
///
/// # Errors
/// A sentence that names the tensor, where its number format is none that weights come in, or it has no numbers.
pub fn decode(file: &Container<'_>, entry: &Entry<'_>) -> Result<Tensor, FormatError> {
    let bytes = match &entry.source {
        Source::Bytes(bytes) => Cow::Borrowed(*bytes),
        Source::PyTorch(tensor) => Cow::Owned(pth::bytes(tensor)?),
    };
    let scales = (entry.dtype == Dtype::I8).then(|| file.scales(&entry.name)).flatten();
    let data: Vec<f32> = match (entry.dtype, scales) {
        (Dtype::I8, Some(scales)) => int8::dequantize(&bytes, &decode(file, scales)?.data),
        (Dtype::F32, _) => numbers(&bytes, f32::from_le_bytes),
        (Dtype::F16, _) => numbers(&bytes, |b| half::f16::from_le_bytes(b).to_f32()),
        (Dtype::BF16, _) => numbers(&bytes, |b| half::bf16::from_le_bytes(b).to_f32()),
        (Dtype::F64, _) => numbers(&bytes, |b| f64::from_le_bytes(b) as f32),
        (other, _) => {
            return Err(FormatError::NumberFormat { name: entry.name.clone(), dtype: other.to_string() });
        }
    };
    // Scales that do not belong to the bytes give fewer numbers than the shape has.
    if data.is_empty() || data.len() != entry.shape.iter().product::<usize>() {
        let (name, shape) = (entry.name.clone(), entry.shape.clone());
        return Err(FormatError::Shape { name, shape, numbers: data.len() });
    }
    Ok(Tensor { shape: entry.shape.clone(), data })
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
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
            Precision::F16 => Numbers::F16,
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

/// What bytes that are no whole container most likely are.
fn explain(bytes: &[u8], error: &SafeTensorError) -> FormatError {
    if let Some(other) = recognise(bytes) {
        return other;
    }
    let actual = bytes.len() as u64;
    let announced = bytes.first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
    match (announced, bytes.get(8)) {
        // A safetensors header is a JSON object right after its length.
        (Some(header), Some(b'{')) => {
            let expected = header.saturating_add(8);
            if expected > actual && !matches!(error, SafeTensorError::HeaderTooLarge) {
                return FormatError::Truncated { actual, expected };
            }
            let header = usize::try_from(expected).ok().and_then(|end| bytes.get(8..end));
            if let (SafeTensorError::MetadataIncompleteBuffer, Some(header)) = (error, header)
                && let Ok(metadata) = serde_json::from_slice::<Metadata>(header)
            {
                let expected = expected.saturating_add(metadata.data_len() as u64);
                if expected > actual {
                    return FormatError::Truncated { actual, expected };
                }
                return FormatError::Damaged { reason: format!("{} bytes too many", actual - expected) };
            }
            FormatError::Damaged { reason: error.to_string() }
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
