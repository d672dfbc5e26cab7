//! Several crops of one image, whose predictions are averaged (section 4.1 of the 2012 paper).
//!
//! This is today's test-time augmentation.

use alexnet_protocol::{Preprocess, TestCrops};

use crate::dataset::Samples;
use crate::preprocess::{preprocess_image, window};
use crate::{Image, flip};

/// The preprocessing of the square that the crops are taken from. For ten crops it is larger than the network's input,
/// in the paper's ratio of 256 to 224 pixels; otherwise it is the network's own.
pub fn crops_preprocess(preprocess: &Preprocess, views: TestCrops) -> Preprocess {
    match views {
        TestCrops::One | TestCrops::Mirrored => *preprocess,
        TestCrops::Ten => {
            let side = preprocess.resize.max((preprocess.crop * 8 + 3) / 7);
            Preprocess { resize: side, crop: side, ..*preprocess }
        }
    }
}

/// The crops of an image, the centre crop first.
pub fn test_crops(picture: &Image, preprocess: &Preprocess, views: TestCrops) -> Samples {
    crop_views(&preprocess_image(picture, &crops_preprocess(preprocess, views)), preprocess.crop, views)
}

/// The crops of a square made with [`crops_preprocess`]: the centre and, for ten, the four corners; first as they are,
/// then mirrored.
pub fn crop_views(square: &Image, crop: u32, views: TestCrops) -> Samples {
    let far = i64::from(square.width) - i64::from(crop);
    let corners: &[[i64; 2]] = match views {
        TestCrops::One | TestCrops::Mirrored => &[[far / 2; 2]],
        TestCrops::Ten => &[[far / 2; 2], [0, 0], [far, 0], [0, far], [far; 2]],
    };
    let mut seen = Samples { size: crop, ..Samples::default() };
    for [left, top] in corners {
        seen.pixels.extend(window(square, *left, *top, crop, crop).rgb);
    }
    if views != TestCrops::One {
        let mut turned = Samples { pixels: seen.pixels.clone(), ..seen };
        flip(&mut turned, &vec![true; corners.len()]);
        seen.pixels.extend(turned.pixels);
    }
    seen.labels = vec![0; views.count()];
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREPROCESS: Preprocess = Preprocess { resize: 16, crop: 14, mean: [0.0; 3], std: [1.0; 3] };

    /// An image whose pixels hold their own coordinates.
    fn picture(side: u32) -> Image {
        let rgb = (0..side).flat_map(|y| (0..side).flat_map(move |x| [x as u8, y as u8, 0])).collect();
        Image::new(side, side, rgb).unwrap()
    }

    #[test]
    fn ten_views_are_the_centre_the_corners_and_their_mirror_images() {
        let ten = test_crops(&picture(16), &PREPROCESS, TestCrops::Ten);
        assert_eq!((ten.size, ten.len()), (14, 10));
        let corner = |at: usize| <[u8; 2]>::try_from(&ten.image(at).unwrap()[..2]).unwrap();
        assert_eq!([0, 1, 2, 3, 4].map(corner), [[1, 1], [0, 0], [2, 0], [0, 2], [2, 2]]);
        assert_eq!([5, 6, 7, 8, 9].map(corner), [[14, 1], [13, 0], [15, 0], [13, 2], [15, 2]]);
    }

    #[test]
    fn one_view_is_what_the_network_sees_and_the_second_its_mirror_image() {
        let picture = picture(31);
        let seen = preprocess_image(&picture, &PREPROCESS);
        let [one, two] =
            [TestCrops::One, TestCrops::Mirrored].map(|which| test_crops(&picture, &PREPROCESS, which));
        assert_eq!((&one.pixels, one.len()), (&seen.rgb, 1));
        assert_eq!((two.image(0).unwrap(), two.len()), (&seen.rgb[..], 2));
        let mut back = Samples { pixels: two.image(1).unwrap().to_vec(), ..one };
        flip(&mut back, &[true]);
        assert_eq!(back.pixels, seen.rgb);
    }

    #[test]
    fn ten_views_need_room_around_the_centre() {
        let tight = Preprocess { resize: 64, crop: 64, ..PREPROCESS };
        assert_eq!(
            crops_preprocess(&tight, TestCrops::Ten),
            Preprocess { resize: 73, crop: 73, ..PREPROCESS }
        );
        let published = Preprocess { resize: 256, crop: 224, ..PREPROCESS };
        assert_eq!(crops_preprocess(&published, TestCrops::Ten), Preprocess { crop: 256, ..published });
        assert_eq!(crops_preprocess(&published, TestCrops::Mirrored), published);
    }
}
