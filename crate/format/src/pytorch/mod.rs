//! Reads PyTorch's `.pth` in every layout that `torch.save` has written: ZIP, legacy, TAR.
//!
//! Nothing that the pickle asks for is run. `pytorch-reader` builds the few types of a state dict, keeps everything else
//! as a name, and checks every declared size against the file. A file that asks for more than data is refused
//! ([`calls`]).

mod archive;
mod calls;
mod error;
mod pickles;

use alexnet_protocol::messages::FormatError;
use pytorch_reader::{DType, PytorchReader, Tensor};
use safetensors::Dtype;

use crate::read::{ReadAt, allocate, read_exact_at};

pub use archive::Archive;
pub use error::bytes;
use error::explain;

/// The format's name, as `inspect` shows it.
pub const NAME: &str = "pth";

/// Keys under which training scripts store the weights (PyTorch's ImageNet example, timm, Lightning).
const HOLDERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model.", "net."];

/// What `DataParallel` adds to the keys: before the network, or (PyTorch's ImageNet example, AlexNet) inside it.
const WRAPPER: &str = "module.";

/// Number of first bytes that are needed to detect the format.
pub const HEAD: u64 = 512;

/// Whether these first bytes are those of a ZIP archive.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Whether these first bytes are those of a ZIP archive, a TAR archive or a pickle: a file for [`open`].
pub fn is_pytorch(bytes: &[u8]) -> bool {
    // A safetensors file with a header of about 128 bytes begins like a pickle, but continues with JSON.
    let pickle = matches!(bytes, [0x80, 2..=5, ..]) && bytes.get(8) != Some(&b'{');
    is_zip(bytes) || pickle || bytes.get(257..262) == Some(b"ustar")
}

/// Opens a file that is not in memory; each tensor is fetched when it is read. A TAR archive (before PyTorch 0.1.10) is
/// read whole. So is a damaged legacy file, so that the reader can report the error.
///
/// # Errors
/// As [`open`].
pub fn open_at(file: &dyn ReadAt, zip: bool) -> Result<StateDict<'_>, FormatError> {
    if zip {
        let (archive, tensors) = Archive::open(file)?;
        return StateDict::new(tensors, Some(archive));
    }
    calls::check(file)?;
    if let Some((archive, tensors)) = Archive::open_stream(file) {
        return StateDict::new(tensors, Some(archive));
    }
    let mut bytes = allocate(file.size())?;
    read_exact_at(file, 0, &mut bytes)?;
    if let Some(saved) = tar_member(&bytes, b"pickle") {
        calls::check(&saved)?;
    }
    open(bytes)
}

/// The bytes of a file in a TAR archive; `None` if there is no such archive or file.
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

/// Opens a file in memory; a tensor's values are collected when it is read.
///
/// Keys are torchvision's: prefixes of training scripts are removed. Everything else in the file (the optimiser's state,
/// the epoch) is left out.
///
/// # Errors
/// What is wrong with the file, or the function that it asks to call.
pub fn open(bytes: Vec<u8>) -> Result<StateDict<'static>, FormatError> {
    let tensors = PytorchReader::from_bytes(bytes, None).map_err(explain)?.into_tensors();
    StateDict::new(tensors.into_values().collect(), None)
}

/// A PyTorch file's tensors under torchvision's keys.
pub struct StateDict<'a> {
    /// Name and tensor.
    pub tensors: Vec<(String, Tensor)>,
    /// The file with the tensors' values, if they are not in memory.
    pub archive: Option<Archive<'a>>,
}

impl<'a> StateDict<'a> {
    fn new(tensors: Vec<Tensor>, archive: Option<Archive<'a>>) -> Result<Self, FormatError> {
        if tensors.is_empty() {
            return Err(FormatError::NoTensors);
        }
        let holder =
            HOLDERS.into_iter().find(|holder| tensors.iter().any(|tensor| tensor.name.starts_with(holder)));
        let named = tensors.into_iter().filter_map(|tensor| {
            let key = tensor.name.as_str();
            let key = holder.map_or(Some(key), |holder| key.strip_prefix(holder))?.replace(WRAPPER, "");
            Some((key, tensor))
        });
        Ok(Self { tensors: named.collect(), archive })
    }
}

/// The number format by safetensors' name.
pub fn dtype(dtype: DType) -> Dtype {
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
