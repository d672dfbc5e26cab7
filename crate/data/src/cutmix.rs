//! CutMix: a rectangle of a training image is replaced by another image's. The target is mixed by area.
//!
//! Yun et al. 2019, "CutMix: Regularization strategy to train strong classifiers with localizable features". λ is drawn
//! uniformly (their Beta(1, 1)) and separately for each image, as timm's mode `elem` does.

use alexnet_protocol::RunOptions;
use rand::Rng;

use crate::rng::{Purpose, rng};

/// Replaces a rectangle of images by the same rectangle of the next image in the batch (the last by the first's).
/// Returns the share of each image that is its own, from 0 to 1; empty where the option is off.
///
/// `pixels` is `[images, 3, side, side]`. Each image has its own random numbers (seed, step, index in the batch).
/// With probability `options.cutmix` the rectangle has 1 − λ of the area, any centre, and is clipped at the edges.
pub fn cutmix(pixels: &mut [f32], images: usize, options: &RunOptions, seed: u32, step: u64) -> Vec<f32> {
    let image = pixels.len() / images.max(1);
    let side = (image / 3).isqrt();
    if options.cutmix <= 0.0 || images < 2 || side == 0 {
        return Vec::new();
    }
    // The last image needs the first one as it was before it changed.
    let first = pixels[..image].to_vec();
    let mut own = Vec::with_capacity(images);
    for place in 0..images {
        let mut rng = rng(seed, Purpose::CutMix, step, place as u64);
        if rng.random::<f64>() >= options.cutmix {
            own.push(1.0);
            continue;
        }
        let reach = (side as f64 * (1.0 - rng.random::<f64>()).sqrt() / 2.0).round() as usize;
        let [rows, columns] = [(); 2].map(|()| {
            let centre = rng.random_range(0..side as u32) as usize;
            centre.saturating_sub(reach)..(centre + reach).min(side)
        });
        let (before, after) = pixels.split_at_mut((place + 1) * image);
        let (target, other) = (&mut before[place * image..], after.get(..image).unwrap_or(&first));
        for plane in 0..3 {
            for row in rows.clone() {
                let line = (plane * side + row) * side;
                let part = line + columns.start..line + columns.end;
                target[part.clone()].copy_from_slice(&other[part]);
            }
        }
        own.push(1.0 - (rows.len() * columns.len()) as f32 / (side * side) as f32);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIDE: usize = 16;

    /// Images of one number each.
    fn plain(images: usize) -> Vec<f32> {
        (0..images).flat_map(|i| [i as f32; 3 * SIDE * SIDE]).collect()
    }

    proptest! {
        #[test]
        fn each_image_holds_its_share_of_itself_and_the_rest_of_the_next(
            images in 2usize..9,
            step in 0u64..1000,
            cutmix in 0.01f64..=1.0,
        ) {
            let mut pixels = plain(images);
            let options = RunOptions { cutmix, ..RunOptions::default() };
            let own = super::cutmix(&mut pixels, images, &options, 1, step);
            prop_assert_eq!(own.len(), images);
            for (i, (image, own)) in pixels.chunks(3 * SIDE * SIDE).zip(own).enumerate() {
                let next = ((i + 1) % images) as f32;
                prop_assert!(image.iter().all(|&x| x == i as f32 || x == next));
                let kept = image.iter().filter(|&&x| x == i as f32).count() as f32;
                prop_assert_eq!(kept / (3 * SIDE * SIDE) as f32, own);
            }
        }
    }

    #[test]
    fn off_nothing_is_touched_and_on_half_of_the_area_goes() {
        let mut pixels = plain(4);
        assert!(cutmix(&mut pixels, 4, &RunOptions::default(), 1, 0).is_empty());
        assert_eq!(pixels, plain(4));
        let options = RunOptions { cutmix: 1.0, ..RunOptions::default() };
        assert!(cutmix(&mut plain(1), 1, &options, 1, 0).is_empty(), "alone there is no other");
        let all: Vec<f32> = (0..500).flat_map(|step| cutmix(&mut plain(8), 8, &options, 1, step)).collect();
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        // λ is 1/2 on average; clipping at the edges makes the kept share larger.
        assert!((0.5..0.75).contains(&mean), "{mean}");
        assert_ne!(cutmix(&mut plain(8), 8, &options, 1, 0), cutmix(&mut plain(8), 8, &options, 2, 0));
    }
}
