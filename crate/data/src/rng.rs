//! Random number generators, keyed by their purpose.
//!
//! A generator is ChaCha8 with the key (seed, purpose, a, b). No two purposes, steps or layers share numbers. No
//! generator depends on how much another was used, and every machine gives the same bits. So a run is reproducible,
//! can be resumed, and does not depend on the backend.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The purpose of a generator; part of its key, so the values must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights; `a` = the parameter's index.
    Init = 1,
    /// Order of the training images; `a` = epoch.
    Shuffle = 2,
    /// Augmentation; `a` = step, `b` = image of the batch.
    Augment = 3,
    /// Dropout masks; `a` = step, `b` = layer.
    Dropout = 4,
    /// Packing images into shards.
    Pack = 5,
    /// Benchmarks and Learn's experiments.
    Experiment = 6,
    /// Units that a narrowed network keeps; `a` = layer.
    Narrow = 7,
    /// CutMix's rectangles; `a` = step, `b` = image of the batch.
    CutMix = 8,
}

/// The generator with the key (seed, purpose, a, b).
pub fn rng(seed: u32, purpose: Purpose, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    let parts =
        [&seed.to_le_bytes()[..], &(purpose as u32).to_le_bytes(), &a.to_le_bytes(), &b.to_le_bytes()];
    for (place, byte) in key.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    ChaCha8Rng::from_seed(key)
}

/// Fisher–Yates shuffle with 32-bit random numbers: the same order on 32-bit and 64-bit machines.
pub fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        let other = rng.random_range(0..=u32::try_from(last).unwrap_or(u32::MAX)) as usize;
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_every_part_of_their_key() {
        let first = |mut rng: ChaCha8Rng| rng.random::<u64>();
        let draws = [
            first(rng(1, Purpose::Init, 0, 0)),
            first(rng(2, Purpose::Init, 0, 0)),
            first(rng(1, Purpose::Shuffle, 0, 0)),
            first(rng(1, Purpose::Init, 1, 0)),
            first(rng(1, Purpose::Init, 0, 1)),
        ];
        let distinct: std::collections::BTreeSet<_> = draws.iter().collect();
        assert_eq!(distinct.len(), draws.len());
    }

    #[test]
    fn the_bits_are_fixed() {
        // A saved run continues with the same random numbers, so these values may never change.
        let mut random = rng(7, Purpose::Dropout, 3, 1);
        let draws: Vec<u32> = (0..3).map(|_| random.random()).collect();
        assert_eq!(draws, FIXED);
        let mut items: Vec<u32> = (0..8).collect();
        shuffle(&mut items, &mut rng(7, Purpose::Shuffle, 0, 0));
        assert_eq!(items, FIXED_ORDER);
    }

    const FIXED: [u32; 3] = [806467185, 233793597, 155476801];
    const FIXED_ORDER: [u32; 8] = [4, 5, 1, 6, 7, 0, 2, 3];
}
