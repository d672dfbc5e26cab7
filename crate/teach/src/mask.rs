//! Dropout masks, small enough to be listed.

use rand_chacha::ChaCha8Rng;

use crate::linear::uniform;

/// Which hidden units take part, by layer: `true` = kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mask(pub Vec<Vec<bool>>);

impl Mask {
    /// Every unit of layers of these sizes is kept.
    pub fn full(layers: &[usize]) -> Self {
        Self(layers.iter().map(|&units| vec![true; units]).collect())
    }

    /// Every mask of layers of these sizes, 2ⁿ for n units. Bit `i` of a mask's index is unit `i`, counted through the
    /// layers; index 0 drops all, the last one keeps all.
    ///
    /// # Panics
    /// Never; more than 16 units give the masks of the first 16, the rest kept.
    pub fn all(layers: &[usize]) -> Vec<Self> {
        let units = layers.iter().sum::<usize>().min(16);
        (0..1usize << units).map(|index| Self::from_index(layers, index)).collect()
    }

    /// The mask whose unit `i` is kept where bit `i` of `index` is set.
    pub fn from_index(layers: &[usize], index: usize) -> Self {
        let mut bit = 0;
        let mut next = || {
            let kept = bit >= 16 || index >> bit & 1 == 1;
            bit += 1;
            kept
        };
        Self(layers.iter().map(|&units| (0..units).map(|_| next()).collect()).collect())
    }

    /// A mask in which each unit is dropped with probability `p`.
    pub fn draw(layers: &[usize], p: f64, rng: &mut ChaCha8Rng) -> Self {
        Self(layers.iter().map(|&units| (0..units).map(|_| uniform(rng) >= p).collect()).collect())
    }

    /// The probability that dropout with `p` (the probability of dropping a unit) draws this mask.
    pub fn probability(&self, p: f64) -> f64 {
        self.0.iter().flatten().map(|&kept| if kept { 1.0 - p } else { p }).product()
    }

    /// Whether some input reaches the output: no layer is dropped whole. A network without a path answers the same for
    /// every input, from its last biases.
    pub fn has_path(&self) -> bool {
        self.0.iter().all(|layer| layer.iter().any(|&kept| kept))
    }

    /// Units that are kept.
    pub fn kept(&self) -> usize {
        self.0.iter().flatten().filter(|&&kept| kept).count()
    }

    /// Units that can be dropped.
    pub fn units(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alexnet_data::rng::{Purpose, rng};

    #[test]
    fn four_units_have_sixteen_masks_seven_without_a_path() {
        let masks = Mask::all(&[2, 2]);
        assert_eq!(masks.len(), 16);
        assert_eq!(masks.iter().filter(|mask| !mask.has_path()).count(), 7);
        assert_eq!(masks[0].kept(), 0);
        assert_eq!(masks[15], Mask::full(&[2, 2]));
        let one_layer = Mask::all(&[4]);
        assert_eq!(one_layer.iter().filter(|mask| !mask.has_path()).count(), 1);
    }

    #[test]
    fn probabilities_of_all_masks_add_to_one() {
        for p in [0.0, 0.2, 0.5, 0.8] {
            let sum: f64 = Mask::all(&[2, 2]).iter().map(|mask| mask.probability(p)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "p {p}: {sum}");
        }
    }

    #[test]
    fn drawn_masks_drop_the_share_p() {
        // 40,000 units: the share's standard deviation is at most 0.0025, so 5 of them are 0.0125.
        for p in [0.2, 0.5, 0.8] {
            let mut rng = rng(1, Purpose::Experiment, 0, 0);
            let kept: usize = (0..10_000).map(|_| Mask::draw(&[2, 2], p, &mut rng).kept()).sum();
            assert!((kept as f64 / 40_000.0 - (1.0 - p)).abs() < 0.0125, "p {p}: {kept}");
        }
    }
}
