//! Every kind of picture that is read, and every kind that is not, with its sentence.

mod common;

use alexnet_data::{DataError, Image, decode};
use common::{encode, picture};
use image::{DynamicImage, ImageFormat, Luma, Rgba, RgbaImage};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sentence(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

/// The picture as a JPEG whose EXIF data say how it is to be turned.
fn oriented(orientation: u8) -> Vec<u8> {
    let jpeg = encode(&picture(40, 24).into(), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    out.extend(exif);
    out.extend(&jpeg[2..]);
    out
}

#[test]
fn lossless_formats_give_the_pixels() {
    let rgb = picture(40, 24);
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp] {
        let decoded = decode(&encode(&rgb.clone().into(), format)).unwrap();
        assert_eq!((decoded.width, decoded.height), (40, 24));
        assert_eq!(decoded.rgb, *rgb.as_raw(), "{format:?}");
    }
}

#[test]
fn a_cmyk_jpeg_has_the_colours_that_pillow_sees() {
    let decoded = decode(&fixture("cmyk.jpg")).unwrap();
    let expected = image::load_from_memory(&fixture("cmyk.png")).unwrap().into_rgb8();
    let off = decoded.rgb.iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(off <= Some(6), "{off:?}");
}

#[test]
fn sixteen_bits_and_grey() {
    let grey16 = image::ImageBuffer::from_fn(20, 10, |x, _| Luma([(x * 3277) as u16]));
    let decoded = decode(&encode(&DynamicImage::ImageLuma16(grey16), ImageFormat::Png)).unwrap();
    for (x, pixel) in decoded.rgb.chunks(3).take(20).enumerate() {
        let expected = (x as f64 * 3277.0 / 257.0).round() as u8;
        assert_eq!(pixel, [expected; 3]);
    }
    let grey = image::GrayImage::from_fn(20, 10, |x, y| Luma([(x * 10 + y) as u8]));
    let decoded = decode(&encode(&grey.clone().into(), ImageFormat::Png)).unwrap();
    assert!(decoded.rgb.chunks(3).zip(grey.as_raw()).all(|(pixel, value)| pixel == [*value; 3]));
    let jpeg = decode(&encode(&grey.into(), ImageFormat::Jpeg)).unwrap();
    assert!(jpeg.rgb.chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
}

#[test]
fn transparent_parts_are_white() {
    let rgba = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 100, 0, [0, 51, 255][x as usize]]));
    let expected = [255, 255, 255, 244, 224, 204, 200, 100, 0];
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        assert_eq!(decode(&encode(&rgba.clone().into(), format)).unwrap().rgb, expected, "{format:?}");
    }
    assert_eq!(Image::from_rgba(3, 1, rgba.as_raw()).unwrap().rgb, expected);
}

#[test]
fn an_animated_gif_is_its_first_frame() {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    for colour in [[255, 0, 0, 255], [0, 0, 255, 255]] {
        encoder.encode_frame(image::Frame::new(RgbaImage::from_pixel(8, 6, Rgba(colour)))).unwrap();
    }
    drop(encoder);
    let decoded = decode(&bytes).unwrap();
    assert_eq!((decoded.width, decoded.height), (8, 6));
    assert!(decoded.rgb.chunks(3).all(|pixel| pixel == [255, 0, 0]));
}

#[test]
fn a_photo_is_turned_as_its_exif_data_say() {
    let upright = decode(&oriented(1)).unwrap();
    let at = |p: &Image, x: u32, y: u32| p.rgb[((y * p.width + x) * 3) as usize];
    // 6: the camera was held a quarter to the left; the picture is turned to the right.
    let turned = decode(&oriented(6)).unwrap();
    assert_eq!((turned.width, turned.height), (24, 40));
    let half = decode(&oriented(3)).unwrap();
    for (x, y) in [(0, 0), (39, 0), (7, 20)] {
        assert_eq!(at(&turned, 23 - y, x), at(&upright, x, y));
        assert_eq!(at(&half, 39 - x, 23 - y), at(&upright, x, y));
    }
}

#[test]
fn an_empty_file_a_text_and_other_formats() {
    assert_eq!(sentence(b""), "The file is empty: choose a JPEG, PNG, WebP, GIF or BMP image.");
    assert_eq!(
        sentence(b"Dear diary, this is a text named photo.jpg.\n"),
        "This file is not an image but a text: choose a JPEG, PNG, WebP, GIF or BMP image."
    );
    assert!(sentence(b"\0\0\0\x18ftypheic\0\0\0\0").contains("a HEIC photo"));
    assert!(sentence(b"PK\x03\x04").contains("a ZIP archive"));
    assert!(sentence(&[0; 100]).contains("no known format"));
}

#[test]
fn a_truncated_picture_of_any_format_is_cut_off() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp]
    {
        let whole = encode(&picture(64, 48).into(), format);
        // Of a JPEG, more than half is used: tests/jpeg.rs.
        for share in if format == ImageFormat::Jpeg { [10, 30, 45] } else { [30, 60, 95] } {
            let cut = &whole[..whole.len() * share / 100];
            let error = decode(cut).unwrap_err();
            assert!(
                matches!(error, DataError::Truncated { .. } | DataError::Broken { .. }),
                "{format:?} at {share} %: {error}"
            );
            let ends_well = error.to_string().ends_with("download or export it again.");
            assert!(ends_well && !error.to_string().contains('\n'), "{error}");
        }
        if format == ImageFormat::Jpeg {
            let error = decode(&whole[..whole.len() / 2]).unwrap_err();
            assert_eq!(error, DataError::Truncated { format: "JPEG" });
        }
    }
}

/// A PNG that only claims to be this large.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = encode(&picture(8, 8).into(), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    png
}

#[test]
fn more_than_120_megapixels_are_refused_before_anything_is_allocated() {
    assert_eq!(
        sentence(&png_header(60_000, 60_000)),
        "The image has 60000 × 60000 pixels, which needs too much memory: scale it down to 120 megapixels or less."
    );
    assert!(!matches!(decode(&png_header(10_000, 10_000)), Err(DataError::TooLarge { .. })));
}

#[test]
fn a_number_of_bytes_that_does_not_fit_is_refused() {
    assert!(Image::new(2, 2, vec![0; 11]).is_err());
    assert!(Image::from_rgba(0, 2, &[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_bytes_never_panic(
        format in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(), truncate in prop::bool::weighted(0.2),
    ) {
        let format = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp][format];
        let mut bytes = encode(&picture(24, 16).into(), format);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        match decode(&bytes) {
            Ok(decoded) => prop_assert_eq!(decoded.rgb.len(), (decoded.width * decoded.height * 3) as usize),
            Err(error) => prop_assert!(error.to_string().ends_with('.')),
        }
    }
}
