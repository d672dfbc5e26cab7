//! The preprocessing against Pillow's (torchvision's `Resize` and `CenterCrop` on a PIL image).

mod common;

use alexnet_data::{Image, normalize, preprocess_image};
use alexnet_protocol::Preprocess;

fn preprocess(resize: u32, crop: u32) -> Preprocess {
    Preprocess { resize, crop, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
}

#[test]
fn within_one_level_of_pillow() {
    let cases = [
        (500, 375, 64, 64),
        (375, 500, 73, 64),
        (331, 247, 41, 32),
        (33, 47, 64, 64),
        (90, 30, 32, 48),
        (28, 28, 32, 32),
    ];
    for (width, height, resize, crop) in cases {
        let path = format!(
            "{}/tests/fixtures/view-{width}x{height}-{resize}-{crop}.png",
            env!("CARGO_MANIFEST_DIR")
        );
        let expected = image::open(path).unwrap().into_rgb8();
        let picture = Image::new(width, height, common::picture(width, height).into_raw()).unwrap();
        let seen = preprocess_image(&picture, &preprocess(resize, crop));
        assert_eq!((seen.width, seen.height), (crop, crop));
        let worst = seen.rgb.iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "{width}x{height} to {resize}, {crop}: {worst:?} levels off");
        assert!(expected.iter().any(|value| *value > 100), "the fixture shows something");
    }
}

#[test]
fn a_picture_at_the_size_of_the_network_is_untouched() {
    let rgb = common::picture(64, 64).into_raw();
    let seen = preprocess_image(&Image::new(64, 64, rgb.clone()).unwrap(), &preprocess(64, 64));
    assert_eq!(seen.rgb, rgb);
}

#[test]
fn a_strip_is_scaled_without_taking_memory_for_its_ends() {
    let strip = Image::new(200_000, 4, vec![200; 200_000 * 4 * 3]).unwrap();
    let seen = preprocess_image(&strip, &preprocess(256, 224));
    assert_eq!(seen.rgb, vec![200; 224 * 224 * 3]);
}

#[test]
fn normalised_values_are_torchvisions() {
    // ToTensor divides by 255, Normalize subtracts and divides: one image of 2 × 2 pixels, then another.
    let pixels: Vec<u8> = (0..24).map(|v| v * 10).collect();
    let values = normalize(&pixels, 2, 2, &preprocess(2, 2));
    assert_eq!(values.len(), 24);
    assert!((values[0] - (0.0 / 255.0 - 0.485) / 0.229).abs() < 1e-6);
    assert!((values[1] - (30.0 / 255.0 - 0.485) / 0.229).abs() < 1e-6);
    assert!((values[4] - (10.0 / 255.0 - 0.456) / 0.224).abs() < 1e-6);
    assert!((values[12 + 8 + 3] - (230.0 / 255.0 - 0.406) / 0.225).abs() < 1e-6);
}
