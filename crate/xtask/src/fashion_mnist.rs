//! Packs Fashion-MNIST from its npm package into shards.

use std::fs;
use std::path::Path;

use alexnet_data::Manifest;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::files::{cached, fresh_folder, root};
use crate::npm::package;
use crate::shards::{Class, balanced_shards, write, write_manifest};
use crate::stage::stage;
use crate::stamp::Inputs;

/// The data set's id, which is also its folder among the site's data.
pub const ID: &str = "fashion-mnist";

const SIZE: u32 = 28;
/// Zalando's names, in the order of the labels.
const LABELS: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
/// The package joins two files, first one of 1,000 images per class, then one of 6,000. Each ends with an
/// empty entry in class 0. The first is the validation set.
const VAL_EACH: usize = 1000;
const TRAIN_EACH: usize = 6000;
/// Increase when the packing changes.
const PACKING: &[u8] = b"1";

#[derive(Deserialize)]
struct ClassFile {
    data: Class,
}

/// Packs the data set, unless it is packed already.
pub fn pack() -> Result<()> {
    stage("Fashion-MNIST", || {
        let folder = root("web/public/data").join(ID);
        let from = package(ID);
        // A published version of a package never changes, so its manifest stands for its 155 MB.
        let stamp = Inputs::default()
            .bytes(PACKING)
            .file(&from.join("package.json"))?
            .stamp(cached("fashion-mnist.stamp"));
        if stamp.is_current(&[folder.join("manifest.json")]) {
            return Ok("packed already".into());
        }
        let (train, val) = read(&from)?;
        let (train, val) = (balanced_shards(&train, 1)?, balanced_shards(&val, 2)?);
        fresh_folder(&folder)?;
        let manifest = Manifest {
            id: ID.into(),
            name: "Fashion-MNIST".into(),
            licence: "MIT".into(),
            origin: "Xiao, Rasul and Vollgraf 2017, Zalando Research, \
                     https://github.com/zalandoresearch/fashion-mnist"
                .into(),
            size: SIZE,
            channels: 1,
            labels: LABELS.map(String::from).into(),
            train: write(&folder, "train", &train, SIZE, 1)?,
            val: write(&folder, "val", &val, SIZE, 1)?,
        };
        write_manifest(&folder, &manifest)?;
        stamp.save()?;
        let images = |rows: &[alexnet_data::ShardFile]| rows.iter().map(|row| row.images).sum::<u32>();
        Ok(format!(
            "{} images for training and {} for validation in {} shards",
            images(&manifest.train),
            images(&manifest.val),
            train.len() + val.len()
        ))
    })
}

/// The images of each class, for training and for validation.
fn read(package: &Path) -> Result<(Vec<Class>, Vec<Class>)> {
    let classes: Vec<_> = (0..LABELS.len()).map(|label| read_class(package, label)).collect::<Result<_>>()?;
    Ok(classes.into_iter().unzip())
}

fn read_class(package: &Path, label: usize) -> Result<(Class, Class)> {
    let path = package.join(format!("src/clothes/{label}.json"));
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: ClassFile =
        serde_json::from_slice(&text).with_context(|| format!("{} is not as expected", path.display()))?;
    split(file.data).with_context(|| format!("class {label} of the package {ID}"))
}

/// Drops the empty entries and splits the rest into training and validation.
fn split(mut images: Class) -> Result<(Class, Class)> {
    images.retain(|image| !image.is_empty());
    let bytes = (SIZE * SIZE) as usize;
    ensure!(images.iter().all(|image| image.len() == bytes), "an image does not have {bytes} pixels");
    ensure!(
        images.len() == VAL_EACH + TRAIN_EACH,
        "there are {} images instead of {}",
        images.len(),
        VAL_EACH + TRAIN_EACH
    );
    let train = images.split_off(VAL_EACH);
    Ok((train, images))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_drops_empty_entries_and_keeps_splits_apart() {
        let mut images: Class = (0..VAL_EACH).map(|_| vec![1; 784]).collect();
        images.push(Vec::new());
        images.extend((0..TRAIN_EACH).map(|_| vec![2; 784]));
        images.push(Vec::new());
        let (train, val) = split(images).unwrap();
        assert!(train.len() == TRAIN_EACH && train.iter().all(|image| image[0] == 2));
        assert!(val.len() == VAL_EACH && val.iter().all(|image| image[0] == 1));
    }

    #[test]
    fn wrong_number_of_images_is_rejected() {
        assert_eq!(split(vec![vec![0; 784]]).unwrap_err().to_string(), "there are 1 images instead of 7000");
        assert!(split(vec![vec![0; 783]; 7000]).is_err());
    }
}
