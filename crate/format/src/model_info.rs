//! The parts of a [`ModelInfo`](alexnet_protocol::ModelInfo).

use alexnet_protocol::{ClassLabel, TensorInfo};

/// The names of the classes.
pub fn names(labels: &[ClassLabel]) -> Vec<String> {
    labels.iter().map(|label| label.name.clone()).collect()
}

/// The ids of the classes.
pub fn ids(labels: &[ClassLabel]) -> Vec<String> {
    labels.iter().map(|label| label.id.clone()).collect()
}

/// Whether a tensor is trained: batch normalisation's running statistics are not.
pub fn is_trained(name: &str) -> bool {
    !name.ends_with(".running_mean") && !name.ends_with(".running_var")
}

/// The row of one tensor in a summary.
pub fn tensor_info(name: &str, shape: &[usize], dtype: &str) -> TensorInfo {
    TensorInfo {
        name: name.to_owned(),
        shape: shape.iter().map(|&side| u32::try_from(side).unwrap_or(u32::MAX)).collect(),
        dtype: dtype.to_owned(),
    }
}
