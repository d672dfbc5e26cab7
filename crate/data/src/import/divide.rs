//! Takes a tenth of each class for validation; images that look alike stay together.

use std::collections::{BTreeMap, BTreeSet};

use super::Parts;
use super::folders::{Planned, interleaved};
use super::look_alikes::{Fingerprint, groups, natural_key};
use crate::{ImportNote, Samples};

/// Share of each class used for validation where the data set has no validation split.
const VAL_SHARE: f64 = 0.1;

/// Moves a tenth of each class of two or more images from the training to the validation images. `planned` has the
/// plan of each training image.
pub(super) fn divide(parts: &mut Parts, planned: Vec<Planned>) {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, image) in planned.iter().enumerate() {
        classes.entry(image.label).or_default().push(place);
    }
    let mut val = BTreeSet::new();
    let mut alike = 0;
    for (label, mut members) in classes {
        members.sort_by_cached_key(|&place| planned.get(place).map(|image| natural_key(&image.path)));
        let size = parts.train.size as usize;
        let print = |&place: &usize| Fingerprint::of(parts.train.image(place).unwrap_or_default(), size);
        let group = groups(&members.iter().map(print).collect::<Vec<_>>());
        let hash = |place: usize| planned.get(place).map_or((0, 0), |image| (image.hash, image.entry));
        let mut scenes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (&place, group) in members.iter().zip(group) {
            scenes.entry(group).or_default().push(place);
        }
        let mut scenes: Vec<Vec<usize>> = scenes.into_values().collect();
        scenes.sort_by_cached_key(|scene| scene.iter().map(|&place| hash(place)).min());
        let share = (members.len() as f64 * VAL_SHARE).round().max(1.0) as usize;
        match scenes.as_slice() {
            [scene] if scene.len() > 1 => {
                val.extend(scene.iter().rev().take(share));
                let class = parts.labels.get(label as usize).cloned().unwrap_or_default();
                parts.report.notes.push(ImportNote::OneScene { class });
            }
            [_] | [] => {}
            _ => {
                alike += scenes.iter().filter(|scene| scene.len() > 1).map(Vec::len).sum::<usize>();
                val.extend(chosen(&scenes, share));
            }
        }
    }
    if alike > 0 {
        parts.report.notes.push(ImportNote::LookAlikes { images: alike });
    }
    move_images(parts, &planned, &val);
}

/// Whole groups of at most `share` images; where none is that small, the smallest.
fn chosen(scenes: &[Vec<usize>], share: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    for scene in scenes {
        if chosen.len() + scene.len() <= share {
            chosen.extend(scene);
        }
    }
    match scenes.iter().min_by_key(|scene| scene.len()) {
        Some(smallest) if chosen.is_empty() => smallest.clone(),
        _ => chosen,
    }
}

/// Copies the images in `val`, and brings the others to the order of the interleaved classes in their place.
fn move_images(parts: &mut Parts, planned: &[Planned], val: &BTreeSet<usize>) {
    let order = |wanted: bool| -> Vec<usize> {
        let places: Vec<usize> = (0..planned.len()).filter(|place| val.contains(place) == wanted).collect();
        let images = places.iter().filter_map(|&place| planned.get(place));
        interleaved(images).into_iter().filter_map(|at| places.get(at).copied()).collect()
    };
    let train = &mut parts.train;
    let apart = order(true);
    let mut taken = Samples { size: train.size, ..Samples::default() };
    for &place in &apart {
        taken.pixels.extend_from_slice(train.image(place).unwrap_or_default());
        taken.labels.extend(train.labels.get(place));
    }
    let kept = order(false);
    permute(train, &kept);
    train.pixels.truncate(kept.len() * train.image_bytes());
    train.labels.truncate(kept.len());
    parts.val = taken;
}

/// Brings the images with these indices to the front, in this order, without a copy of all.
fn permute(samples: &mut Samples, order: &[usize]) {
    let bytes = samples.image_bytes();
    // Where each image is now, and which image each place has now.
    let mut place_of: Vec<usize> = (0..samples.len()).collect();
    let mut image_at = place_of.clone();
    for (to, &image) in order.iter().enumerate() {
        let Some(&from) = place_of.get(image) else { continue };
        if from == to {
            continue;
        }
        let (low, high) = (from.min(to), from.max(to));
        let (front, back) = samples.pixels.split_at_mut(high * bytes);
        if let (Some(a), Some(b)) = (front.get_mut(low * bytes..(low + 1) * bytes), back.get_mut(..bytes)) {
            a.swap_with_slice(b);
        }
        samples.labels.swap(low, high);
        image_at.swap(low, high);
        for at in [low, high] {
            if let Some(place) = image_at.get(at).and_then(|&image| place_of.get_mut(image)) {
                *place = at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_move_to_the_front_in_order() {
        let pixels = (0..5).flat_map(|n| [n; 3]).collect();
        let mut samples = Samples { size: 1, pixels, labels: (0..5).collect() };
        permute(&mut samples, &[3, 0, 4]);
        assert_eq!(samples.labels[..3], [3, 0, 4]);
        assert_eq!(samples.pixels[..9], [3, 3, 3, 0, 0, 0, 4, 4, 4]);
        let mut all = samples.labels.clone();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn groups_are_taken_whole() {
        let scenes = vec![vec![1, 2, 3], vec![4], vec![5, 6], vec![7]];
        assert_eq!(chosen(&scenes, 2), [4, 7]);
        assert_eq!(chosen(&scenes, 1), [4]);
        assert_eq!(chosen(&[vec![1, 2, 3], vec![4, 5]], 1), [4, 5]);
    }
}
