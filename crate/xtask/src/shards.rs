//! Balanced, shuffled shards: each is a random sample of the whole, so a run may start with any of them.

use std::fs;
use std::path::Path;

use alexnet_data::{Manifest, Shard, ShardFile, encode_shard};
use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Images per shard, if the classes divide it evenly.
pub const SHARD_IMAGES: usize = 1000;

/// The images of one class, each `channels × size × size` bytes.
pub type Class = Vec<Vec<u8>>;

/// Distributes the images of each class evenly over shards of about [`SHARD_IMAGES`] and shuffles each shard.
/// The same images and seed give the same shards.
///
/// # Errors
/// If classes are empty or have different numbers of images, so that the shards could not be balanced.
pub fn balanced_shards(classes: &[Class], seed: u64) -> Result<Vec<Shard>> {
    let each = classes.first().map_or(0, Vec::len);
    ensure!(each > 0, "there are no images to pack");
    for (label, class) in classes.iter().enumerate() {
        ensure!(class.len() == each, "class {label} has {} images, class 0 has {each}", class.len());
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let orders: Vec<Vec<&Vec<u8>>> = classes
        .iter()
        .map(|class| {
            let mut order: Vec<_> = class.iter().collect();
            order.shuffle(&mut random);
            order
        })
        .collect();
    let shards = (each * classes.len()).div_ceil(SHARD_IMAGES);
    (0..shards)
        .map(|k| {
            let share = k * each / shards..(k + 1) * each / shards;
            let mut images = Vec::with_capacity(share.len() * classes.len());
            for (label, order) in orders.iter().enumerate() {
                let label = u8::try_from(label).context("a shard has at most 256 classes")?;
                images.extend(order[share.clone()].iter().map(|pixels| (label, *pixels)));
            }
            images.shuffle(&mut random);
            let labels = images.iter().map(|(label, _)| *label).collect();
            let pixels = images.iter().flat_map(|(_, pixels)| pixels.iter().copied()).collect();
            Ok(Shard { labels, pixels })
        })
        .collect()
}

/// Writes shards as `<name>-<number>.shard` and returns their rows of the manifest.
pub fn write(
    folder: &Path,
    name: &str,
    shards: &[Shard],
    size: u32,
    channels: u32,
) -> Result<Vec<ShardFile>> {
    let rows = shards.iter().enumerate().map(|(number, shard)| {
        let file = format!("{name}-{number:02}.shard");
        let bytes = encode_shard(shard, size, channels)?;
        fs::write(folder.join(&file), bytes).with_context(|| format!("cannot write {file}"))?;
        Ok(ShardFile { file, images: u32::try_from(shard.labels.len())? })
    });
    rows.collect()
}

/// Writes `manifest.json`. Called last, so that a folder with a manifest is complete.
pub fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let text = serde_json::to_vec_pretty(manifest).context("cannot write the manifest")?;
    fs::write(folder.join("manifest.json"), text).context("cannot write manifest.json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Images that all differ: class and number are written into the pixels.
    fn classes(count: u8, each: u16) -> Vec<Class> {
        let image = |label: u8, number: u16| [&[label][..], &number.to_le_bytes(), &[7]].concat();
        (0..count).map(|label| (0..each).map(|number| image(label, number)).collect()).collect()
    }

    #[test]
    fn shards_hold_every_image_once_and_are_balanced() {
        let shards = balanced_shards(&classes(10, 333), 1).unwrap();
        assert_eq!(shards.len(), 4);
        let mut seen = BTreeSet::new();
        for shard in &shards {
            let mut counts = [0; 10];
            for (label, pixels) in shard.labels.iter().zip(shard.pixels.chunks_exact(4)) {
                assert_eq!(*label, pixels[0]);
                assert!(seen.insert(pixels.to_vec()));
                counts[usize::from(*label)] += 1;
            }
            assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
        }
        assert_eq!(seen.len(), 3330);
    }

    #[test]
    fn shards_are_shuffled_by_the_seed() {
        let classes = classes(10, 100);
        let shards = balanced_shards(&classes, 1).unwrap();
        assert_eq!(shards, balanced_shards(&classes, 1).unwrap());
        assert_ne!(shards, balanced_shards(&classes, 2).unwrap());
        let labels = &shards[0].labels;
        let changes = labels.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes > labels.len() / 2, "{changes} changes of class in {} images", labels.len());
    }

    #[test]
    fn unbalanced_classes_are_rejected() {
        let mut classes = classes(2, 5);
        classes[1].pop();
        assert_eq!(
            balanced_shards(&classes, 1).unwrap_err().to_string(),
            "class 1 has 4 images, class 0 has 5"
        );
    }
}
