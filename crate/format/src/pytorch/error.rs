//! Errors of `pytorch-reader` as sentences.

use alexnet_protocol::messages::{FileDamage, FormatError};
use pytorch_reader::{PickleError, PytorchError, Tensor};

use crate::printable::printable;

/// Texts in the reader's errors, and what they mean. The reader has no variants for them; its version is pinned, and
/// tests with such files check the texts.
const DAMAGES: [(&str, FileDamage); 18] = [
    ("got -", FileDamage::Negative),
    ("must be non-negative", FileDamage::Uncountable),
    ("overflow", FileDamage::Uncountable),
    ("elements, but", FileDamage::Storage),
    ("elements from storage", FileDamage::Storage),
    ("would materialize", FileDamage::TensorSize),
    ("memo bomb", FileDamage::Repeats),
    ("nesting exceeds", FileDamage::Nesting),
    ("hecksum", FileDamage::Checksum),
    ("not found in archive", FileDamage::Missing),
    ("limit", FileDamage::PartSize),
    ("end of", FileDamage::Early),
    ("bytes, found", FileDamage::Early),
    ("ZIP", FileDamage::Zip),
    ("zip archive", FileDamage::Zip),
    ("TAR", FileDamage::Tar),
    ("failed to fill", FileDamage::Early),
    ("unterminated", FileDamage::Early),
];

/// A tensor's bytes, little-endian and row-major.
///
/// # Errors
/// The file ends before the tensor does, or a checksum is wrong.
pub fn bytes(tensor: &Tensor) -> Result<Vec<u8>, FormatError> {
    tensor.read().map_err(|error| unreadable(tensor, &error))
}

/// A tensor whose values cannot be read.
pub fn unreadable(tensor: &Tensor, error: &std::io::Error) -> FormatError {
    let reason = Box::new(damage(&error.to_string()));
    FormatError::Damaged { reason: FileDamage::Tensor { name: printable(&tensor.name), reason } }
}

/// The reader's error as a sentence.
pub fn explain(error: PytorchError) -> FormatError {
    match error {
        PytorchError::Pickle(PickleError::UnsupportedType(name)) => {
            FormatError::Pickle { name: printable(&name) }
        }
        PytorchError::Pickle(PickleError::NoDataSource) => FormatError::NoTensors,
        // Items are put into an object that the reader left as a name: a deque, a defaultdict.
        PytorchError::Pickle(PickleError::UnexpectedOpCode(_)) => FormatError::PickleContainer,
        PytorchError::InvalidFormat(reason) if reason.contains("No data.pkl") => FormatError::NotTorch,
        PytorchError::InvalidFormat(reason) if reason.starts_with("Big-endian") => FormatError::BigEndian,
        PytorchError::InvalidFormat(reason) if reason.starts_with("Expected a dictionary") => {
            let name = reason.rsplit_once("found ").map_or(reason.as_str(), |(_, name)| name);
            FormatError::Pickle { name: printable(name) }
        }
        other => FormatError::Damaged { reason: damage(&other.to_string()) },
    }
}

/// What is wrong with a file, by the reader's error.
fn damage(said: &str) -> FileDamage {
    let known = DAMAGES.into_iter().find(|(words, _)| said.contains(words));
    known.map_or(FileDamage::NotTorch, |(_, damage)| damage)
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
        assert!(said(-5).contains("a negative size"));
    }
}
