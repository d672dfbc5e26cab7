//! Augmentation.

use alexnet_protocol::{Preprocess, RunOptions};

use crate::{Samples, normalise};

/// The batch as the network trains on it, `[n, 3, size, size]`.
pub fn augment(
    samples: &Samples,
    options: &RunOptions,
    preprocess: &Preprocess,
    seed: u32,
    step: u64,
) -> Vec<f32> {
    let _ = (options, seed, step);
    normalise(&samples.pixels, samples.len(), samples.size, preprocess)
}
