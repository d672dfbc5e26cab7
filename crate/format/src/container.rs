//! The safetensors container: bytes to named tensors and back, and what to say when the bytes are not one.

use std::borrow::Cow;

use safetensors::tensor::{Metadata, SafeTensorError, TensorView};
use safetensors::{Dtype, SafeTensors, View};

use crate::checkpoint::{Precision, Tensor};
use crate::error::FormatError;

/// The description's key among the container's metadata. It is the only key written, because the writer
/// puts several in an order that changes from run to run, and the same checkpoint must give the same bytes.
const KEY: &str = "alexnet";

/// Kept by PyTorch beside batch normalisation's statistics, of no use here.
const COUNTER: &str = ".num_batches_tracked";

/// An opened container that borrows its tensors' bytes.
pub struct Container<'a> {
    /// By name, without [`COUNTER`]s.
    tensors: Vec<(String, TensorView<'a>)>,
    description: Option<String>,
}

/// One stored tensor.
pub struct Entry<'a> {
    pub name: &'a str,
    pub shape: &'a [usize],
    pub dtype: Dtype,
    data: &'a [u8],
}

impl<'a> Container<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if bytes.is_empty() {
            return Err(FormatError::Empty);
        }
        let explain = |error| explain(bytes, &error);
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(explain)?;
        let mut tensors = SafeTensors::deserialize(bytes).map_err(explain)?.tensors();
        tensors.retain(|(name, _)| !name.ends_with(COUNTER));
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        let description = metadata.metadata().as_ref().and_then(|map| map.get(KEY)).cloned();
        Ok(Self { tensors, description })
    }

    /// The description's JSON, where this project wrote the file.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The tensors in the order of their names.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.tensors.iter().map(|(name, view)| Entry {
            name,
            shape: view.shape(),
            dtype: view.dtype(),
            data: view.data(),
        })
    }
}

/// The numbers of a stored tensor in single precision.
pub fn decode(entry: &Entry<'_>) -> Result<Tensor, FormatError> {
    let data: Vec<f32> = match entry.dtype {
        Dtype::F32 => numbers(entry.data, f32::from_le_bytes),
        Dtype::F16 => numbers(entry.data, |b| half::f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => numbers(entry.data, |b| half::bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => numbers(entry.data, |b| f64::from_le_bytes(b) as f32),
        other => {
            return Err(FormatError::NumberFormat { name: entry.name.to_owned(), dtype: other.to_string() });
        }
    };
    if data.is_empty() {
        return Err(FormatError::Shape {
            name: entry.name.to_owned(),
            shape: entry.shape.to_vec(),
            numbers: 0,
        });
    }
    Ok(Tensor { shape: entry.shape.to_vec(), data })
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
    for (name, tensor) in &tensors {
        let room = tensor.shape.iter().try_fold(1usize, |room, &side| room.checked_mul(side));
        if room != Some(tensor.data.len()) || tensor.data.is_empty() {
            return Err(FormatError::Shape {
                name: name.clone(),
                shape: tensor.shape.clone(),
                numbers: tensor.data.len(),
            });
        }
    }
    let metadata = [(KEY.to_owned(), description.to_owned())].into_iter().collect();
    let stored = tensors.into_iter().map(|(name, tensor)| (name, Stored { tensor, precision }));
    safetensors::serialize(stored, Some(metadata)).map_err(|e| FormatError::Write { reason: e.to_string() })
}

/// A tensor on its way out; converted only when its turn comes, so that one tensor at a time is copied.
struct Stored<'a> {
    tensor: &'a Tensor,
    precision: Precision,
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        match self.precision {
            Precision::F32 => Dtype::F32,
            Precision::F16 => Dtype::F16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let data = self.tensor.data.iter();
        match self.precision {
            Precision::F32 => data.flat_map(|v| v.to_le_bytes()).collect(),
            Precision::F16 => data.flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        let bytes = match self.precision {
            Precision::F32 => 4,
            Precision::F16 => 2,
        };
        self.tensor.data.len() * bytes
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
        _ => FormatError::NotAModel {
            found: "something else",
            advice: "choose a .safetensors or .alexnet file",
        },
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
    } else if is(b"PK\x03\x04") || is(b"\x80\x02") {
        (
            "a ZIP archive or a pickle, perhaps a PyTorch .pth file",
            "save it with safetensors.torch.save_file(model.state_dict(), …) first",
        )
    } else if is(b"\xff\xd8\xff") || is(b"\x89PNG") || is(b"GIF8") || is(b"RIFF") || is(b"BM") {
        ("a picture", "choose a .safetensors or .alexnet file")
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        ("a JSON text", "choose a .safetensors or .alexnet file")
    } else {
        return None;
    };
    Some(FormatError::NotAModel { found, advice })
}
