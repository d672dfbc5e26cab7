//! Shards, and a data set that arrives shard by shard.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use alexnet_data::{
    DataError, Dataset, Manifest, Shard, ShardFile, ShardLoader, ShardedDataset, Split, decode_shard,
    encode_shard,
};
use proptest::prelude::*;

/// A grey set of 28 pixels: three shards of 5, 4 and 3 images to learn from, one of 2 for the test. Every pixel
/// of an image is its number in its split plus one.
fn manifest() -> (Manifest, HashMap<String, Vec<u8>>) {
    let mut files = HashMap::new();
    let mut number = 0u8;
    let mut pack = |name: &str, images: u8| {
        let labels: Vec<u8> = (0..images).map(|i| (number + i) % 3).collect();
        let pixels = (0..images).flat_map(|i| [number + i + 1; 28 * 28]).collect();
        number += images;
        files.insert(name.to_string(), encode_shard(&Shard { labels, pixels }, 28, 1).unwrap());
        ShardFile { file: name.into(), images: images.into() }
    };
    let train = vec![pack("0.shard", 5), pack("1.shard", 4), pack("2.shard", 3)];
    let val = vec![pack("3.shard", 2)];
    let manifest = Manifest {
        id: "fashion-mnist".into(),
        name: "Fashion-MNIST".into(),
        licence: "MIT".into(),
        origin: "a test".into(),
        size: 28,
        channels: 1,
        labels: ["shirt", "shoe", "bag"].map(String::from).to_vec(),
        train,
        val,
    };
    (manifest, files)
}

type Log = Rc<RefCell<Vec<String>>>;

fn loader(files: HashMap<String, Vec<u8>>) -> (ShardLoader, Log) {
    let log = Log::default();
    let heard = log.clone();
    let load: ShardLoader = Box::new(move |file| {
        heard.borrow_mut().push(file.clone());
        let found = files.get(&file).cloned();
        Box::pin(async move { found.ok_or(DataError::Load { file, reason: "404".into() }) })
    });
    (load, log)
}

fn fetch(source: &ShardedDataset, split: Split, indices: &[u32]) -> Result<alexnet_data::Samples, DataError> {
    pollster::block_on(source.fetch(split, indices))
}

#[test]
fn shards_are_loaded_when_needed_and_once() {
    let (manifest, files) = manifest();
    let (load, log) = loader(files);
    let source = ShardedDataset::new(manifest, 32, load).unwrap();
    assert_eq!(source.shards(Split::Train), [5, 4, 3]);
    assert!(log.borrow().is_empty());
    let batch = fetch(&source, Split::Train, &[6, 8, 5]).unwrap();
    assert_eq!(*log.borrow(), ["1.shard"]);
    assert_eq!(batch.labels, [0, 2, 2]);
    fetch(&source, Split::Train, &[0, 11, 6]).unwrap();
    assert_eq!(*log.borrow(), ["1.shard", "0.shard", "2.shard"]);
    assert_eq!(fetch(&source, Split::Val, &[1]).unwrap().labels, [1]);
    assert!(matches!(
        fetch(&source, Split::Train, &[12]),
        Err(DataError::NoSuchImage { index: 12, images: 12 })
    ));
}

#[test]
fn a_28_pixel_image_is_centred_in_32_and_grey_becomes_colour() {
    let (manifest, files) = manifest();
    let source = ShardedDataset::new(manifest, 32, loader(files).0).unwrap();
    let batch = fetch(&source, Split::Train, &[4]).unwrap();
    for (place, pixel) in batch.image(0).unwrap().chunks(3).enumerate() {
        let inside = (2..30).contains(&(place / 32)) && (2..30).contains(&(place % 32));
        assert_eq!(pixel, [if inside { 5 } else { 0 }; 3]);
    }
}

#[test]
fn other_sizes_are_scaled() {
    let (manifest, files) = manifest();
    let source = ShardedDataset::new(manifest, 64, loader(files).0).unwrap();
    let batch = fetch(&source, Split::Train, &[4]).unwrap();
    assert_eq!(batch.pixels, vec![5; 64 * 64 * 3]);
}

#[test]
fn a_missing_or_damaged_shard_is_one_sentence_and_the_rest_goes_on() {
    let (manifest, mut files) = manifest();
    files.remove("0.shard");
    files.get_mut("1.shard").unwrap().truncate(30);
    let source = ShardedDataset::new(manifest, 32, loader(files).0).unwrap();
    let missing = fetch(&source, Split::Train, &[0]).unwrap_err().to_string();
    assert_eq!(
        missing,
        "The data set's file “0.shard” could not be loaded (404): check the connection and try again."
    );
    let damaged = fetch(&source, Split::Train, &[5]).unwrap_err().to_string();
    assert!(damaged.starts_with("The data set's file “1.shard” is damaged"), "{damaged}");
    assert_eq!(fetch(&source, Split::Train, &[9]).unwrap().len(), 1);
}

#[test]
fn a_manifest_without_images_is_refused() {
    let (mut manifest, files) = manifest();
    manifest.val.clear();
    assert!(ShardedDataset::new(manifest, 32, loader(files).0).is_err());
}

#[test]
fn the_manifest_is_written_as_the_page_reads_it() {
    let (manifest, _) = manifest();
    let json = serde_json::to_value(&manifest).unwrap();
    assert_eq!(json["train"][0], serde_json::json!({"file": "0.shard", "images": 5}));
    assert_eq!(serde_json::from_value::<Manifest>(json).unwrap(), manifest);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_shard_comes_back_as_it_went(
        labels in prop::collection::vec(any::<u8>(), 0..20), size in 1u32..8, grey: bool, seed: u8,
    ) {
        let channels = if grey { 1 } else { 3 };
        let bytes = labels.len() * (size * size * channels) as usize;
        let pixels = (0..bytes).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect();
        let shard = Shard { labels, pixels };
        let packed = encode_shard(&shard, size, channels).unwrap();
        prop_assert_eq!(&packed, &encode_shard(&shard, size, channels).unwrap());
        let images = shard.labels.len() as u32;
        prop_assert_eq!(decode_shard("x", &packed, size, channels, images).unwrap(), shard);
        prop_assert!(decode_shard("x", &packed, size, channels, images + 1).is_err());
        prop_assert!(images == 0 || decode_shard("x", &packed, size, channels, images - 1).is_err());
    }
}
