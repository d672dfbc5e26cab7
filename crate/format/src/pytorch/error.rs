//! Errors of `pytorch-reader` as sentences.

use pytorch_reader::{PickleError, PytorchError, Tensor};

use crate::error::{CHOOSE, FormatError, told};

/// A ZIP archive that `torch.save` did not write.
pub const NOT_TORCH: FormatError =
    FormatError::NotAModel { found: "a ZIP archive without PyTorch weights", advice: CHOOSE };

/// An archive that cannot be read.
pub const ZIP: &str = "the PyTorch file's ZIP archive is cut short or changed";

/// A file with big-endian values.
const BIG_ENDIAN: FormatError = FormatError::NotAModel {
    found: "a PyTorch file from a big-endian machine",
    advice: "convert it there, with safetensors.torch.save_file(model.state_dict(), …)",
};

/// Texts in the reader's errors, and what they mean to a user. The reader has no variants for them; its version is
/// pinned, and tests with such files check the texts.
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

/// A file without tensors.
pub const NO_TENSORS: FormatError =
    FormatError::NotAModel { found: "a PyTorch file without tensors", advice: CHOOSE };

/// A tensor's bytes, little-endian and row-major.
///
/// # Errors
/// The file ends before the tensor does, or a checksum is wrong.
pub fn bytes(tensor: &Tensor) -> Result<Vec<u8>, FormatError> {
    tensor.read().map_err(|error| unreadable(tensor, &error))
}

/// A tensor whose values cannot be read.
pub fn unreadable(tensor: &Tensor, error: &std::io::Error) -> FormatError {
    FormatError::Damaged { reason: format!("{}: {}", told(&tensor.name), reason(&error.to_string())) }
}

/// The reader's error as a sentence.
pub fn explain(error: PytorchError) -> FormatError {
    match error {
        PytorchError::Pickle(PickleError::UnsupportedType(name)) => FormatError::Pickle { name: told(&name) },
        PytorchError::Pickle(PickleError::NoDataSource) => NO_TENSORS,
        // Items are added to an object that the reader skipped: a deque, a defaultdict.
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

/// What is wrong with a file, by the reader's error.
fn reason(said: &str) -> &'static str {
    let known = REASONS.iter().find(|(words, _)| said.contains(words));
    known.map_or("it is not as torch.save writes it", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On 32-bit targets the reader calls sizes beyond 32 bits negative.
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
