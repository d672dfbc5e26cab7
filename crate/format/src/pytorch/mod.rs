//! PyTorch's `.pth`: every layout that `torch.save` has written (ZIP, legacy stream, TAR), opened for its tensors.
//!
//! Nothing that the pickle asks for is run: `pytorch-reader` builds the handful of types that a state dict is made
//! of, leaves everything else lie as a name, and holds every declared size against the file. A file that asks for more
//! than data is refused all the same ([`calls`]).

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

/// Where training scripts put the weights in what they save (PyTorch's ImageNet example, timm, Lightning).
const HOLDERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model.", "net."];

/// What `DataParallel` puts into the keys, before the network or (PyTorch's ImageNet example, AlexNet) inside it.
const WRAPPER: &str = "module.";

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
pub fn open(bytes: Vec<u8>) -> Result<StateDict<'static>, FormatError> {
    let tensors = PytorchReader::from_bytes(bytes, None).map_err(explain)?.into_tensors();
    StateDict::new(tensors.into_values().collect(), None)
}

/// A PyTorch file's tensors under torchvision's keys.
pub struct StateDict<'a> {
    /// Name and tensor.
    pub tensors: Vec<(String, Tensor)>,
    /// Where the tensors' numbers are, if not in memory.
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

/// The number format in safetensors' words.
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
