//! The parts of a [`ModelInfo`](alexnet_protocol::ModelInfo).

use alexnet_protocol::{ClassLabel, TensorInfo};

/// The classes' names.
pub fn names(labels: &[ClassLabel]) -> Vec<String> {
    labels.iter().map(|label| label.name.clone()).collect()
}

/// The classes' ids.
pub fn ids(labels: &[ClassLabel]) -> Vec<String> {
    labels.iter().map(|label| label.id.clone()).collect()
}

/// Whether training moves a tensor: batch normalisation's running statistics are kept, not learnt.
pub fn is_trained(name: &str) -> bool {
    !name.ends_with(".running_mean") && !name.ends_with(".running_var")
}

/// One row of a model's list.
pub fn tensor_info(name: &str, shape: &[usize], dtype: &str) -> TensorInfo {
    TensorInfo {
        name: name.to_owned(),
        shape: shape.iter().map(|&side| u32::try_from(side).unwrap_or(u32::MAX)).collect(),
        dtype: dtype.to_owned(),
    }
}
