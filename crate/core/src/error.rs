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
        Self::Device(format!("The device stopped answering while its results were read: {error}."))
    }
}
