//! Dropout with masks that can be shown (Hinton et al. 2012; section 4.2 of the AlexNet paper).
//!
//! The mask is drawn on the host from the random stream of (seed, step, layer), uploaded and multiplied in.
//! So the mask on the page is the mask that was used. Kept units are scaled by 1 / (1 − p) in training and
//! evaluation needs no scaling (inverted dropout, as in PyTorch; the paper instead halves the outputs at test
//! time).

use burn::tensor::{Device, Tensor};
use rand::RngCore;

use crate::data::rng::{Purpose, rng};
use crate::params::upload;

/// The dropout mask of one fully connected layer in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Samples in the batch.
    pub batch: usize,
    /// Input units of the layer.
    pub units: usize,
    /// 1 for kept, 0 for dropped. `[batch, units]`, row-major.
    pub values: Vec<u8>,
}

impl Mask {
    /// Draws the mask of a step: each unit of each sample is kept with probability `1 − p`, independently.
    pub fn draw(seed: u32, step: u64, layer: usize, [batch, units]: [usize; 2], p: f64) -> Self {
        let mut values = vec![1; batch * units];
        if p > 0.0 {
            let silenced_below = (p * 2f64.powi(32)) as u64;
            let mut random = rng(seed, Purpose::Dropout, step, layer as u64);
            for value in &mut values {
                *value = u8::from(u64::from(random.next_u32()) >= silenced_below);
            }
        }
        Self { batch, units, values }
    }

    /// Fraction of kept units, 0 to 1.
    pub fn kept_fraction(&self) -> f64 {
        let kept: u64 = self.values.iter().map(|&v| u64::from(v)).sum();
        kept as f64 / self.values.len().max(1) as f64
    }

    /// The factors to multiply with, 0 or `1 / (1 − p)`, of shape `[batch, units]`.
    pub fn factors(&self, p: f64, device: &Device) -> Tensor<2> {
        let scale = (1.0 / (1.0 - p)) as f32;
        let values: Vec<f32> = self.values.iter().map(|&v| f32::from(v) * scale).collect();
        upload(values, [self.batch, self.units], device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn kept_fraction_matches_the_rate(seed: u32, step in 0u64..1000, p in 0.0f64..0.95) {
            let mask = Mask::draw(seed, step, 1, [16, 1024], p);
            let sigma = (p * (1.0 - p) / 16384.0).sqrt();
            prop_assert!((mask.kept_fraction() - (1.0 - p)).abs() <= 6.0 * sigma + 1e-12);
        }
    }

    #[test]
    fn masks_depend_on_seed_step_and_layer() {
        let draw = |seed, step, layer| Mask::draw(seed, step, layer, [2, 64], 0.5);
        assert_eq!(draw(1, 2, 0), draw(1, 2, 0));
        assert_ne!(draw(1, 2, 0), draw(1, 3, 0));
        assert_ne!(draw(1, 2, 0), draw(1, 2, 1));
        assert_ne!(draw(1, 2, 0), draw(2, 2, 0));
    }

    #[test]
    fn expected_factor_is_one() {
        let p = 0.3;
        let device = Device::flex();
        let mask = Mask::draw(7, 0, 0, [1, 200_000], p);
        let mean: f32 = mask.factors(p, &device).mean().into_scalar();
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }
}
