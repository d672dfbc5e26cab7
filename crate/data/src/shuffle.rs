//! The order in which an epoch visits the training images.

use crate::rng::{Purpose, rng, shuffle};

/// Number of shards that are shuffled together once all are loaded.
const WINDOW: usize = 4;

/// The order in which epoch `epoch` visits the images: a permutation of the first `limit` images (0 for all)
/// of the concatenated shards.
///
/// First the shards are shuffled, then the images within a window of shards: one shard in the first epoch, so that
/// training starts when the first shard is loaded, four later. Shards are balanced and shuffled when packed (a data set
/// in memory is one shard with interleaved classes), so a prefix is balanced too.
pub fn epoch_order(shards: &[u32], limit: u32, seed: u32, epoch: u64) -> Vec<u32> {
    let mut left = if limit == 0 { u32::MAX } else { limit };
    let mut start = 0u32;
    let mut ranges = Vec::with_capacity(shards.len());
    for &images in shards {
        let taken = images.min(left);
        if taken > 0 {
            ranges.push(start..start.saturating_add(taken));
        }
        left -= taken;
        start = start.saturating_add(images);
    }
    let mut rng = rng(seed, Purpose::Shuffle, epoch, 0);
    shuffle(&mut ranges, &mut rng);
    let window = if epoch == 0 { 1 } else { WINDOW };
    let mut order = Vec::with_capacity(ranges.iter().map(|r| r.len()).sum());
    for group in ranges.chunks(window) {
        let begin = order.len();
        order.extend(group.iter().cloned().flatten());
        if let Some(fresh) = order.get_mut(begin..) {
            shuffle(fresh, &mut rng);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_epoch_is_a_permutation_of_the_prefix(
            shards in prop::collection::vec(0u32..40, 0..8), limit in 0u32..200, seed: u32, epoch in 0u64..5,
        ) {
            let total: u32 = shards.iter().sum();
            let used = if limit == 0 { total } else { total.min(limit) };
            let order = epoch_order(&shards, limit, seed, epoch);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..used).collect::<Vec<_>>());
            prop_assert_eq!(order, epoch_order(&shards, limit, seed, epoch));
        }
    }

    #[test]
    fn the_first_epoch_needs_one_shard_at_a_time() {
        let order = epoch_order(&[100; 6], 0, 5, 0);
        for chunk in order.chunks(100) {
            assert!(chunk.iter().all(|i| i / 100 == chunk[0] / 100));
        }
    }

    #[test]
    fn epochs_and_seeds_differ() {
        let order = |seed, epoch| epoch_order(&[50, 50], 0, seed, epoch);
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 1), order(2, 1));
    }
}
