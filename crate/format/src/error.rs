//! What can be wrong with a model file, one sentence each.

/// Why bytes are not a usable checkpoint, or a checkpoint cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// No bytes at all.
    #[error("The model file is empty: download or export it again.")]
    Empty,
    /// The bytes cannot be had.
    #[error(
        "The model file could not be read ({reason}): it may have been moved or changed, so choose it again."
    )]
    Unreadable {
        /// What the reader says.
        reason: String,
    },
    /// More than the memory holds.
    #[error("The model needs {} MB of memory at once, more than there is: close other tabs, or use a smaller file.", bytes / 1_000_000)]
    NoRoom {
        /// Bytes asked for.
        bytes: u64,
    },
    /// Something else than a safetensors container, recognised or not.
    #[error("This is not a model file but {found}: {advice}.")]
    NotAModel {
        /// What the bytes look like.
        found: &'static str,
        /// What to do about it.
        advice: &'static str,
    },
    /// The container says that it is longer than it is.
    #[error("The model file is cut short ({actual} of {expected} bytes): download or export it again.")]
    Truncated {
        /// Bytes there.
        actual: u64,
        /// Bytes that its header announces.
        expected: u64,
    },
    /// The container's header contradicts itself or the bytes after it.
    #[error("The model file is damaged ({reason}): download or export it again.")]
    Damaged {
        /// What is wrong with it, for the middle of a sentence.
        reason: String,
    },
    /// A pickle of something else than tensors by name: a Python type to be built.
    #[error(
        "The PyTorch file holds “{name}”, which is not weights, and nothing in it is ever run here: save the \
         weights alone, with torch.save(model.state_dict(), …), and open that."
    )]
    Pickle {
        /// Module and name in Python.
        name: String,
    },
    /// A pickle that wants a function called, beside its weights or instead of them.
    #[error(
        "The PyTorch file wants “{name}” to be called, and nothing in it is ever run here: save the weights \
         alone, with torch.save(model.state_dict(), …), and open that."
    )]
    Call {
        /// Module and name in Python.
        name: String,
    },
    /// Weights that are NaN or infinite: no network whose answers are numbers.
    #[error(
        "The weights hold values that are no numbers (in {name}): the file is damaged or its training failed, so \
         use another."
    )]
    NoNumbers {
        /// The first such tensor's key.
        name: String,
    },
    /// A description that no network of this project can have.
    #[error("The model file describes a network that cannot be: {reason}.")]
    Description {
        /// Which value, and what is allowed.
        reason: String,
    },
    /// Written by a later version of the project.
    #[error(
        "The model file was written by a newer version (layout {found}, known up to {known}): update this program."
    )]
    Newer {
        /// The file's layout.
        found: u32,
        /// The latest layout known here.
        known: u32,
    },
    /// A tensor is not there.
    #[error("The model file lacks the tensor “{name}”: it is not {network}.")]
    MissingTensor {
        /// torchvision's key.
        name: String,
        /// What the file was taken for.
        network: &'static str,
    },
    /// A tensor that the network does not have.
    #[error("The model file holds a tensor “{name}” that {network} does not have.")]
    UnexpectedTensor {
        /// The key in the file.
        name: String,
        /// What the file was taken for.
        network: &'static str,
    },
    /// A number format that weights do not come in.
    #[error("The tensor “{name}” is stored as {dtype}: convert the weights to float32 or float16 first.")]
    NumberFormat {
        /// The key in the file.
        name: String,
        /// safetensors' name of the format.
        dtype: String,
    },
    /// Shape and data do not belong together.
    #[error("The tensor “{name}” of shape {shape:?} cannot hold {numbers} numbers.")]
    Shape {
        /// The key.
        name: String,
        /// Outermost dimension first.
        shape: Vec<usize>,
        /// Numbers there.
        numbers: usize,
    },
    /// The file could not be put together.
    #[error("The checkpoint cannot be written: {reason}.")]
    Write {
        /// What the safetensors writer found.
        reason: String,
    },
}

/// Characters of a name that a file gives which a sentence repeats.
const TOLD: usize = 80;

/// A name out of a file, fit for a sentence: on one line, and no longer than a person reads.
pub fn told(name: &str) -> String {
    name.escape_debug().take(TOLD).collect()
}

/// What to do about a file that is no model.
pub const CHOOSE: &str = "choose a .safetensors, .pth or .alexnet file";
