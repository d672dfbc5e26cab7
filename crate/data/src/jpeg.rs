//! Decodes JPEG files, those that are cut off as far as they go.
//!
//! The `jpeg-decoder` crate reads baseline and progressive files in any number of scans and in any order of them. It
//! reports an error where the data end early: [`crate::jpeg_cut`] then shortens the file to what is whole.

use alexnet_protocol::messages::{Cause, ImageDamage, JpegKind};
use image::metadata::Orientation;
use jpeg_decoder::{Decoder, Error, PixelFormat, UnsupportedFeature};

use crate::pixels::{Image, Limits, check_size};
use crate::{DataError, jpeg_cut};

const NAME: &str = "JPEG";
/// Of the part of an image that is missing.
const GREY: u8 = 128;

/// A decoded JPEG, not yet turned.
pub(crate) struct Jpeg {
    pub image: Image,
    pub orientation: Orientation,
    /// Whether the file ends before its image does. Missing rows are grey.
    pub cut_off: bool,
}

/// Decodes a JPEG.
///
/// # Errors
/// Damage; a method that is not built in; less than half of the image.
pub(crate) fn decode(bytes: &[u8], limits: Limits) -> Result<Jpeg, DataError> {
    if jpeg_cut::is_whole(bytes) {
        let (image, orientation) = decode_whole(bytes, limits)?;
        return Ok(Jpeg { image, orientation, cut_off: false });
    }
    // The header tells what is wrong with a file of another kind; that it is cut off matters less.
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().map_err(explain)?;
    let height = decoder.info().map_or(0, |info| u32::from(info.height));
    let cut = jpeg_cut::shorten(bytes).ok_or(DataError::Truncated { format: NAME })?;
    if cut.rows * 2 < height {
        return Err(DataError::Truncated { format: NAME });
    }
    let (image, orientation) = decode_whole(&cut.bytes, limits)?;
    let mut rgb = image.rgb;
    rgb.resize(image.width as usize * height as usize * 3, GREY);
    Ok(Jpeg { image: Image::new(image.width, height, rgb)?, orientation, cut_off: true })
}

fn decode_whole(bytes: &[u8], limits: Limits) -> Result<(Image, Orientation), DataError> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().map_err(explain)?;
    let Some(info) = decoder.info() else { return Err(broken(ImageDamage::NoPixels)) };
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let pixels = u64::from(width) * u64::from(height);
    check_size(width, height, pixels * info.pixel_format.pixel_bytes() as u64, NAME, limits)?;
    decoder.set_max_decoding_buffer_size(limits.bytes as usize);
    let decoded = decoder.decode().map_err(explain)?;
    let orientation = decoder.exif_data().and_then(Orientation::from_exif_chunk);
    let rgb = match info.pixel_format {
        PixelFormat::RGB24 => decoded,
        PixelFormat::L8 => decoded.iter().flat_map(|&grey| [grey; 3]).collect(),
        PixelFormat::CMYK32 => decoded.as_chunks::<4>().0.iter().copied().flat_map(cmyk).collect(),
        PixelFormat::L16 => return Err(DataError::JpegKind { kind: JpegKind::Bits }),
    };
    Ok((Image::new(width, height, rgb)?, orientation.unwrap_or(Orientation::NoTransforms)))
}

fn cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let over = |ink: u8| ((u32::from(255 - ink) * u32::from(255 - black) + 127) / 255) as u8;
    [over(cyan), over(magenta), over(yellow)]
}

fn broken(reason: ImageDamage) -> DataError {
    DataError::Broken { format: NAME, reason }
}

fn explain(error: Error) -> DataError {
    match error {
        Error::Unsupported(feature) => DataError::JpegKind {
            kind: match feature {
                UnsupportedFeature::ArithmeticEntropyCoding => JpegKind::Arithmetic,
                UnsupportedFeature::SamplePrecision(_) => JpegKind::Bits,
                _ => JpegKind::Other,
            },
        },
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DataError::Truncated { format: NAME }
        }
        other => broken(Cause::of(&other).into()),
    }
}
