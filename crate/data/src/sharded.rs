//! A data set that is loaded shard by shard during a run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use alexnet_protocol::messages::ShardDamage;
use alexnet_protocol::{ClassLabel, Preprocess};

use crate::preprocess::scale;
use crate::{
    DataError, Dataset, Image, LocalFuture, Manifest, Samples, Shard, ShardFile, Split, decode_shard,
};

/// Loads a file of the data set by its name in the manifest.
pub type ShardLoader = Box<dyn Fn(String) -> LocalFuture<'static, Result<Vec<u8>, DataError>>>;

/// A data set whose shards are loaded when they are first needed. They stay in memory, unpacked, as bytes with the
/// stored number of channels.
pub struct ShardedDataset {
    manifest: Manifest,
    labels: Vec<ClassLabel>,
    size: u32,
    loader: ShardLoader,
    cache: RefCell<HashMap<(bool, usize), Rc<Shard>>>,
}

impl ShardedDataset {
    /// The data set of `manifest` for a network with an input of `size` × `size` pixels.
    ///
    /// # Errors
    /// An invalid manifest: no images, no classes or more than 256, a number of channels other than 1 and 3.
    pub fn new(manifest: Manifest, size: u32, loader: ShardLoader) -> Result<Self, DataError> {
        let sound = (1..=4096).contains(&manifest.size)
            && (1..=4096).contains(&size)
            && matches!(manifest.channels, 1 | 3)
            && (2..=256).contains(&manifest.labels.len());
        if !sound
            || manifest.train.iter().all(|s| s.images == 0)
            || manifest.val.iter().all(|s| s.images == 0)
        {
            return Err(DataError::Shard { file: "manifest.json".into(), reason: ShardDamage::Manifest });
        }
        let labels = manifest.labels.iter().map(|l| ClassLabel { id: l.clone(), name: l.clone() }).collect();
        Ok(Self { manifest, labels, size, loader, cache: RefCell::default() })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn files(&self, split: Split) -> &[ShardFile] {
        match split {
            Split::Train => &self.manifest.train,
            Split::Val => &self.manifest.val,
        }
    }

    async fn shard(&self, split: Split, place: usize, entry: &ShardFile) -> Result<Rc<Shard>, DataError> {
        let key = (split == Split::Val, place);
        if let Some(shard) = self.cache.borrow().get(&key) {
            return Ok(shard.clone());
        }
        let bytes = (self.loader)(entry.file.clone()).await?;
        let Manifest { size, channels, .. } = self.manifest;
        let shard = Rc::new(decode_shard(&entry.file, &bytes, size, channels, entry.images)?);
        if shard.labels.iter().any(|&label| usize::from(label) >= self.labels.len()) {
            return Err(DataError::Shard { file: entry.file.clone(), reason: ShardDamage::Label });
        }
        self.cache.borrow_mut().insert(key, shard.clone());
        Ok(shard)
    }
}

impl Dataset for ShardedDataset {
    fn labels(&self) -> &[ClassLabel] {
        &self.labels
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn preprocess(&self) -> Preprocess {
        let (mean, std) = statistics(&self.manifest.id);
        Preprocess { resize: self.size, crop: self.size, mean, std }
    }

    fn shards(&self, split: Split) -> Vec<u32> {
        self.files(split).iter().map(|s| s.images).collect()
    }

    fn fetch<'a>(&'a self, split: Split, indices: &'a [u32]) -> LocalFuture<'a, Result<Samples, DataError>> {
        Box::pin(async move {
            let files = self.files(split);
            let image = self.size as usize * self.size as usize * 3;
            let mut batch = Samples {
                size: self.size,
                pixels: Vec::with_capacity(indices.len() * image),
                labels: Vec::with_capacity(indices.len()),
            };
            for &index in indices {
                let mut within = index;
                let mut found = None;
                for (place, entry) in files.iter().enumerate() {
                    if within < entry.images {
                        found = Some((place, entry));
                        break;
                    }
                    within -= entry.images;
                }
                let missing =
                    || DataError::NoSuchImage { index, images: files.iter().map(|f| f.images).sum() };
                let (place, entry) = found.ok_or_else(missing)?;
                let shard = self.shard(split, place, entry).await?;
                let bytes = shard.pixels.len() / shard.labels.len().max(1);
                let start = within as usize * bytes;
                let stored = shard.pixels.get(start..start + bytes).ok_or_else(missing)?;
                let label = shard.labels.get(within as usize).ok_or_else(missing)?;
                batch.pixels.extend(fit(stored, self.manifest.size, self.manifest.channels, self.size));
                batch.labels.push(u32::from(*label));
            }
            Ok(batch)
        })
    }
}

/// Mean and standard deviation to train with: the published ones of Fashion-MNIST (its images unscaled) and CIFAR-10,
/// otherwise ImageNet's.
fn statistics(id: &str) -> ([f32; 3], [f32; 3]) {
    match id {
        "fashion-mnist" => ([0.2860; 3], [0.3530; 3]),
        "cifar-10" => ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
        _ => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    }
}

/// A stored image `[channels, from, from]` as `[to, to, 3]`: padded with zeros where the network's input is a little
/// larger (28 pixels in 32), otherwise scaled.
pub(crate) fn fit(stored: &[u8], from: u32, channels: u32, to: u32) -> Vec<u8> {
    let area = from as usize * from as usize;
    let mut rgb = vec![0; area * 3];
    for (channel, plane) in stored.chunks_exact(area.max(1)).enumerate() {
        for (pixel, value) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(plane) {
            match channels {
                1 => *pixel = [*value; 3],
                _ => {
                    if let Some(place) = pixel.get_mut(channel) {
                        *place = *value;
                    }
                }
            }
        }
    }
    if from == to {
        return rgb;
    }
    if from < to && to - from <= from / 4 {
        return pad(&rgb, from as usize, to as usize);
    }
    scale(&Image { width: from, height: from, rgb }, to, to).rgb
}

fn pad(rgb: &[u8], from: usize, to: usize) -> Vec<u8> {
    let border = (to - from) / 2;
    let mut out = vec![0; to * to * 3];
    for (row, line) in rgb.chunks_exact(from * 3).enumerate() {
        let start = ((row + border) * to + border) * 3;
        if let Some(target) = out.get_mut(start..start + from * 3) {
            target.copy_from_slice(line);
        }
    }
    out
}
