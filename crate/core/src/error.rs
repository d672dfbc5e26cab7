//! What can go wrong, each in one sentence that says what to do.

use alexnet_data::DataError;
use alexnet_format::FormatError;

/// An error whose text is the sentence that a person sees.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// An option out of its range, or options that do not go together.
    #[error("{0}")]
    Options(String),
    /// The weights do not fit the network.
    #[error("{0}")]
    Weights(String),
    /// The device cannot be had or was lost.
    #[error("{0}")]
    Device(String),
    /// Trouble with pictures or data sets.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Trouble with a model file.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl LabError {
    /// The device stopped answering while a tensor was read back.
    pub(crate) fn read_back(error: impl std::fmt::Display) -> Self {
        // What follows the first line are causes and a backtrace, of no use to a visitor.
        let text = error.to_string();
        let reason = text.lines().next().unwrap_or_default().trim_end_matches(['.', ':']);
        Self::Device(format!("The device stopped answering while its results were read: {reason}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_back_errors_are_one_sentence() {
        let error = LabError::read_back("Device lost:\n  Caused by: x\n  Backtrace: y");
        let sentence = "The device stopped answering while its results were read: Device lost.";
        assert_eq!(error.to_string(), sentence);
    }
}
