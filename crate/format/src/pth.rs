//! PyTorch's `.pth`: every layout that `torch.save` has written (ZIP, legacy stream, TAR), opened for its tensors.
//!
//! Nothing that the pickle asks for is run: `pytorch-reader` builds the handful of types that a state dict is made
//! of, leaves everything else lie as a name, and holds every declared size against the file. A file that asks for more
//! than data is refused all the same ([`calls`]).

use pytorch_reader::{DType, PickleError, PytorchError, PytorchReader, Tensor};
use safetensors::Dtype;

use crate::archive::Archive;
use crate::calls;
use crate::container::{CHOOSE, Container, Entry, Source, fill, room};
use crate::error::{FormatError, told};
use crate::file::ReadAt;

/// The format's name, in `inspect` too.
const NAME: &str = "pth";

/// Where training scripts put the weights in what they save (PyTorch's ImageNet example, timm, Lightning).
const HOLDERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model.", "net."];

/// What `DataParallel` puts into the keys, before the network or (PyTorch's ImageNet example, AlexNet) inside it.
const WRAPPER: &str = "module.";

/// That a ZIP archive is none of `torch.save`'s.
pub const NOT_TORCH: FormatError =
    FormatError::NotAModel { found: "a ZIP archive without PyTorch weights", advice: CHOOSE };

/// What is wrong with an archive that cannot be read.
pub const ZIP: &str = "the PyTorch file's ZIP archive is cut short or changed";

/// That a file's numbers are the other way round.
const BIG_ENDIAN: FormatError = FormatError::NotAModel {
    found: "a PyTorch file from a big-endian machine",
    advice: "convert it there, with safetensors.torch.save_file(model.state_dict(), …)",
};

/// Words in what the reader says, and what they mean to whoever has the file. It has no variants for them; its version
/// is pinned, and tests of files that are so wrong hold the words.
const REASONS: [(&str, &str); 18] = [
    ("got -", "a tensor in it has a side or a place below zero"),
    ("must be non-negative", "a tensor in it is larger than can be counted"),
    ("overflow", "a tensor in it is larger than can be counted"),
    ("elements, but", "a tensor in it is larger than what it is stored in"),
    ("elements from storage", "a tensor in it is larger than what it is stored in"),
    ("would materialize", "a tensor in it is larger than any network's"),
    ("memo bomb", "what describes its weights repeats itself without end"),
    ("nesting exceeds", "what describes its weights is nested too deeply"),
    ("hecksum", "its checksum is wrong"),
    ("not found in archive", "its numbers are missing"),
    ("limit", "a part of it is larger than it can be"),
    ("end of", "it ends early"),
    ("bytes, found", "it ends early"),
    ("ZIP", ZIP),
    ("zip archive", ZIP),
    ("TAR", "the PyTorch file's TAR archive is cut short or changed"),
    ("failed to fill", "it ends early"),
    ("unterminated", "it ends early"),
];

/// That nothing in a file is a tensor.
const NO_TENSORS: FormatError =
    FormatError::NotAModel { found: "a PyTorch file without tensors", advice: CHOOSE };

/// Bytes from the beginning that tell what a file is.
pub const HEAD: u64 = 512;

/// Whether a file that begins with these bytes is a ZIP archive.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Whether a file that begins with these bytes is for [`open`]: a ZIP or TAR archive or a pickle.
pub fn is_pytorch(bytes: &[u8]) -> bool {
    // A safetensors header of 128 bytes or so begins like a pickle, but goes on with JSON.
    let pickle = matches!(bytes, [0x80, 2..=5, ..]) && bytes.get(8) != Some(&b'{');
    is_zip(bytes) || pickle || bytes.get(257..262) == Some(b"ustar")
}

/// Opens a file that lies elsewhere. It stays there, and each of its tensors is fetched when it is read. A TAR archive
/// (before PyTorch 0.1.10) is read whole, and so is a legacy stream that is not as it should be, for the reader to say
/// what is wrong with it.
///
/// # Errors
/// As [`open`].
pub fn open_at(file: &dyn ReadAt, zip: bool) -> Result<Container<'_>, FormatError> {
    if zip {
        let (archive, tensors) = Archive::open(file)?;
        return Ok(container(tensors)?.with_archive(archive));
    }
    calls::check(file)?;
    if let Some((archive, tensors)) = Archive::open_stream(file) {
        return Ok(container(tensors)?.with_archive(archive));
    }
    let mut bytes = room(file.size())?;
    fill(file, 0, &mut bytes)?;
    if let Some(saved) = tar_member(&bytes, b"pickle") {
        calls::check(&saved)?;
    }
    open(bytes)
}

/// The bytes of a file in a TAR archive; none where there is no such archive, or no such file in it.
fn tar_member<'a>(archive: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    const BLOCK: usize = 512;
    let mut rest = archive;
    loop {
        let (header, behind) = rest.split_at_checked(BLOCK)?;
        (header.get(257..262)? == b"ustar").then_some(())?;
        let digits = std::str::from_utf8(header.get(124..136)?).ok()?;
        let size = usize::from_str_radix(digits.trim_matches([' ', '\0']), 8).ok()?;
        let member = behind.get(..size)?;
        if header.starts_with(name) && header.get(name.len()) == Some(&0) {
            return Some(member);
        }
        rest = behind.get(size.next_multiple_of(BLOCK)..)?;
    }
}

/// Opens a file in memory; its tensors are gathered when they are read.
///
/// Keys are torchvision's: what training scripts put before them is taken off, and what else was saved beside
/// the weights (an optimiser's state, an epoch) is left out.
///
/// # Errors
/// A sentence that says what is wrong with the file, or that it asks for something to be run.
pub fn open(bytes: Vec<u8>) -> Result<Container<'static>, FormatError> {
    let tensors = PytorchReader::from_bytes(bytes, None).map_err(explain)?.into_tensors();
    container(tensors.into_values().collect())
}

fn container<'a>(tensors: Vec<Tensor>) -> Result<Container<'a>, FormatError> {
    if tensors.is_empty() {
        return Err(NO_TENSORS);
    }
    let holder =
        HOLDERS.into_iter().find(|holder| tensors.iter().any(|tensor| tensor.name.starts_with(holder)));
    let mut entries = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let key = tensor.name.as_str();
        let key = match holder {
            Some(holder) => match key.strip_prefix(holder) {
                Some(key) => key,
                None => continue,
            },
            None => key,
        };
        entries.push(Entry {
            name: key.replace(WRAPPER, ""),
            shape: tensor.shape().to_vec(),
            dtype: dtype(tensor.dtype()),
            source: Source::PyTorch(tensor),
        });
    }
    Ok(Container::new(entries, None, NAME))
}

/// A tensor's bytes, little-endian and row-major.
///
/// # Errors
/// A sentence when the file ends before the tensor does, or its checksum is wrong.
pub fn bytes(tensor: &Tensor) -> Result<Vec<u8>, FormatError> {
    tensor.read().map_err(|error| unreadable(tensor, &error))
}

/// That a tensor's numbers cannot be had.
pub fn unreadable(tensor: &Tensor, error: &std::io::Error) -> FormatError {
    FormatError::Damaged { reason: format!("{}: {}", told(&tensor.name), reason(&error.to_string())) }
}

fn dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}

/// What the reader says, as a sentence.
pub fn explain(error: PytorchError) -> FormatError {
    match error {
        PytorchError::Pickle(PickleError::UnsupportedType(name)) => FormatError::Pickle { name: told(&name) },
        PytorchError::Pickle(PickleError::NoDataSource) => NO_TENSORS,
        // Items are put into an object that the reader left as a name: a deque, a defaultdict.
        PytorchError::Pickle(PickleError::UnexpectedOpCode(_)) => {
            FormatError::Pickle { name: "a container of another class than list and dict".to_owned() }
        }
        PytorchError::InvalidFormat(reason) if reason.contains("No data.pkl") => NOT_TORCH,
        PytorchError::InvalidFormat(reason) if reason.starts_with("Big-endian") => BIG_ENDIAN,
        PytorchError::InvalidFormat(reason) if reason.starts_with("Expected a dictionary") => {
            let name = reason.rsplit_once("found ").map_or(reason.as_str(), |(_, name)| name);
            FormatError::Pickle { name: told(name) }
        }
        other => FormatError::Damaged { reason: reason(&other.to_string()).to_owned() },
    }
}

/// What is wrong with a file, by what the reader says.
fn reason(said: &str) -> &'static str {
    let known = REASONS.iter().find(|(words, _)| said.contains(words));
    known.map_or("it is not as torch.save writes it", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where numbers have 32 bits, the reader says of those with more that they are below zero.
    #[test]
    fn a_side_of_five_thousand_million_is_not_below_zero() {
        let said = |number: i64| {
            let words = format!("shape must be non-negative, got {number}");
            explain(PytorchError::Pickle(PickleError::InvalidData(words))).to_string()
        };
        assert!(said(5_000_000_000).contains("larger than can be counted"));
        assert!(said(-5).contains("below zero"));
    }
}
