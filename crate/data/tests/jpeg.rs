//! JPEG files of every kind against libjpeg-turbo's pixels, and those that are cut off.

mod common;

use alexnet_data::{DataError, Image, decode, decode_as_far};
use alexnet_protocol::messages::JpegKind;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/jpeg/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn expected(name: &str) -> Vec<u8> {
    image::load_from_memory(&fixture(&format!("{name}.png"))).unwrap().into_rgb8().into_raw()
}

/// The largest difference, and the share of values that are off by more than two levels.
fn difference(image: &[u8], expected: &[u8]) -> (u8, f64) {
    assert_eq!(image.len(), expected.len());
    let off: Vec<u8> = image.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).collect();
    let far = off.iter().filter(|off| **off > 2).count();
    (off.iter().copied().max().unwrap(), far as f64 / off.len() as f64)
}

#[test]
fn every_kind_of_file_has_the_pixels_of_libjpeg_turbo() {
    let mut read = 0;
    for sampling in ["1x1", "2x1", "2x2", "1x2", "4x1", "grey"] {
        for kind in ["baseline", "progressive", "restart", "scans", "cb-first", "two-scans"] {
            let name = format!("{kind}-{sampling}.jpg");
            let folder = format!("{}/tests/fixtures/jpeg/{name}", env!("CARGO_MANIFEST_DIR"));
            if !std::path::Path::new(&folder).exists() {
                continue;
            }
            let decoded = decode_as_far(&fixture(&name)).unwrap();
            let (most, far) = difference(&decoded.image.rgb, &expected(sampling));
            // Both round YCbCr to RGB and the cosine transform; where they round differently a value is off by more.
            assert!(
                most <= 4 && far < 0.002,
                "{name}: {most} levels at most, {far} of values off by more than 2"
            );
            assert!(!decoded.cut_off, "{name}");
            read += 1;
        }
    }
    assert_eq!(read, 19, "files");
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let kind = |bytes: &[u8]| match decode(bytes) {
        Err(DataError::JpegKind { kind }) => kind,
        other => panic!("{:?}", other.map(|image| image.width)),
    };
    let arithmetic = fixture("arithmetic-2x2.jpg");
    assert_eq!(kind(&arithmetic), JpegKind::Arithmetic);
    assert_eq!(
        decode(&arithmetic).unwrap_err().to_string(),
        "The JPEG image uses arithmetic coding, which cannot be read: save it again as a usual JPEG or as PNG."
    );
    let mut bits = fixture("baseline-2x2.jpg");
    let frame = bits.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    // Extended sequential with 12 bits for each sample.
    bits[frame + 1] = 0xc1;
    bits[frame + 4] = 12;
    assert_eq!(kind(&bits), JpegKind::Bits);
}

/// Rows from the top that are equal to those of the whole image.
fn equal_rows(image: &Image, whole: &Image) -> u32 {
    let row = |image: &Image, y: usize| image.rgb.chunks(image.width as usize * 3).nth(y).map(<[u8]>::to_vec);
    let equal = (0..whole.height as usize).take_while(|&y| row(image, y) == row(whole, y));
    equal.count() as u32
}

#[test]
fn a_file_without_its_last_bytes_is_whole_but_for_a_word() {
    for kind in ["baseline-1x1", "baseline-2x2", "restart-2x2", "baseline-grey"] {
        let whole = fixture(&format!("{kind}.jpg"));
        let expected = decode(&whole).unwrap();
        let cut = decode_as_far(&whole[..whole.len() - 2]).unwrap();
        assert!(cut.cut_off, "{kind}");
        assert_eq!(cut.image, expected, "{kind}");
    }
}

#[test]
fn a_file_that_is_cut_is_decoded_as_far_as_it_goes() {
    for kind in ["baseline-1x1", "baseline-2x2", "restart-2x2", "baseline-grey", "baseline-1x2"] {
        let whole = fixture(&format!("{kind}.jpg"));
        let expected = decode(&whole).unwrap();
        let cut = decode_as_far(&whole[..whole.len() * 9 / 10]).unwrap();
        assert!(cut.cut_off, "{kind}");
        assert_eq!((cut.image.width, cut.image.height), (83, 61), "{kind}");
        // Upsampling mixes the last row of colours with those below.
        let rows = equal_rows(&cut.image, &expected);
        assert!((30..61).contains(&rows), "{kind}: {rows} rows");
        let last = cut.image.rgb.chunks(83 * 3).last().unwrap();
        assert!(last.iter().all(|value| *value == 128), "{kind}: what is missing is grey");
        let most = &whole[..whole.len() * 4 / 10];
        assert_eq!(decode(most).unwrap_err(), DataError::Truncated { format: "JPEG" }, "{kind}");
    }
}

#[test]
fn a_progressive_file_that_is_cut_is_a_rougher_image() {
    let whole = fixture("progressive-2x2.jpg");
    let expected = decode(&whole).unwrap();
    let cut = decode_as_far(&whole[..whole.len() - 2]).unwrap();
    assert!(cut.cut_off);
    let off: u64 = cut.image.rgb.iter().zip(&expected.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let mean = off as f64 / expected.rgb.len() as f64;
    assert!(mean > 0.0 && mean < 6.0, "{mean} levels off on average");
    let start = whole.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    assert_eq!(decode(&whole[..start + 60]).unwrap_err(), DataError::Truncated { format: "JPEG" });
}
