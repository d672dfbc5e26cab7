//! Pictures from a formula and archives of them.
#![allow(dead_code)]

use std::io::{Cursor, Write};

use alexnet_data::File;
use image::{ImageFormat, RgbImage};

/// The twin of `pixel` in make_fixtures.py.
pub fn pixel(x: u32, y: u32, c: u32) -> u8 {
    let waves = (x * (3 + c) + y * (5 - c)) % 510;
    let smooth = if waves < 256 { waves } else { 510 - waves };
    ((smooth * 3 + ((x * 7 + y * 13 + c * 31) ^ (x * y / 5)) % 256) / 4) as u8
}

pub fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([pixel(x, y, 0), pixel(x, y, 1), pixel(x, y, 2)]))
}

pub fn encode(image: &image::DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// An encoded picture of one colour, as the sets of these tests are made of.
pub fn flat(colour: [u8; 3], side: u32) -> Vec<u8> {
    encode(&RgbImage::from_pixel(side, side, image::Rgb(colour)).into(), ImageFormat::Png)
}

pub fn file(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    File { path: path.into(), bytes: bytes.into() }
}

/// A ZIP of these files.
pub fn zip(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A gzipped tar of these files.
pub fn tar_gz(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        // Written as it is, so that names with `..` can be made.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, bytes.as_slice()).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A picture of a scene, each of which has its own waves and colours; shots of it are moved by a few pixels.
pub fn scene(number: u32, shot: u32) -> Vec<u8> {
    let phase = f64::from(number) * 1.7;
    let green = (20 + number * 31 % 220) as u8;
    let picture = RgbImage::from_fn(48, 48, |x, y| {
        let (x, y) = (f64::from(x + shot % 3), f64::from(y + shot % 2));
        let wave = (x / (6.0 + 3.0 * phase.sin()) + phase).sin()
            + (y / (5.0 + 3.0 * phase.cos()) + x * phase.cos() / 9.0).cos();
        let level = (128.0 + 55.0 * wave) as u8;
        image::Rgb([level, green, 255 - level])
    });
    encode(&picture.into(), ImageFormat::Png)
}
