//! Preprocessing against torchvision's transforms: at most one 8-bit level of difference at every pixel.
#![allow(missing_docs)]

mod support;

use alexnet::data::{Image, preprocess_image};
use alexnet::protocol::Preprocess;
use support::{Reference, mixed};

/// The same image as `picture` in generate_reference.py: diagonal ramps with noise.
fn picture(width: u32, height: u32) -> Image {
    let count = width as usize * height as usize * 3;
    let key = format!("picture.{width}x{height}");
    let noise = mixed(&key, count).map(|x| x >> 26);
    let rgb = noise.enumerate().map(|(i, noise)| {
        let (pixel, channel) = (i as u32 / 3, i as u32 % 3);
        let (x, y) = (pixel % width, pixel / width);
        ((x * 5 + y * 3 + channel * 80 + noise) % 256) as u8
    });
    Image::new(width, height, rgb.collect()).unwrap()
}

fn seen(width: u32, height: u32, resize: u32, crop: u32) -> Image {
    preprocess_image(&picture(width, height), &Preprocess { resize, crop, mean: [0.0; 3], std: [1.0; 3] })
}

fn worst(values: impl Iterator<Item = u8>, reference: &[f64]) -> f64 {
    let differences = values.zip(reference).map(|(a, b)| (f64::from(a) - b).abs());
    let (count, worst) = differences.fold((0, 0.0f64), |(n, worst), d| (n + 1, worst.max(d)));
    assert_eq!(count, reference.len());
    worst
}

#[test]
fn small_crops_match_at_every_pixel() {
    let reference = Reference::open("preprocessing");
    for (width, height, side) in
        [(37, 53, 64), (200, 64, 64), (65, 64, 64), (301, 199, 64), (301, 199, 32), (199, 401, 224)]
    {
        let own = seen(width, height, side, side);
        let worst = worst(own.rgb.into_iter(), reference.get(&format!("{width}x{height}.{side}")));
        assert!(worst <= 1.0, "{width}x{height} to {side}: {worst} levels off");
    }
}

#[test]
fn imagenet_preprocessing_matches_for_odd_tiny_and_huge_images() {
    let reference = Reference::open("preprocessing");
    for (width, height) in [(333, 501), (501, 333), (257, 255), (5, 7), (1, 1), (997, 31), (4001, 2999)] {
        let own = seen(width, height, 256, 224);
        let every_seventh = own.rgb.as_chunks::<3>().0.iter().enumerate().filter_map(|(i, pixel)| {
            ((i / 224).is_multiple_of(7) && (i % 224).is_multiple_of(7)).then_some(*pixel)
        });
        let worst = worst(every_seventh.flatten(), reference.get(&format!("{width}x{height}.256.224")));
        assert!(worst <= 1.0, "{width}x{height}: {worst} levels off");
    }
}
