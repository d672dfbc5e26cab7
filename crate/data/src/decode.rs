//! Decodes image files.

use std::io::Cursor;

use alexnet_protocol::messages::Cause;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};

use crate::DataError;
use crate::content::{describe, image_format};
use crate::jpeg::{self, Jpeg};
use crate::pixels::{Image, Limits, check_size, over_white};

/// Images that decode to more bytes are refused (16 bits per channel, alpha). Together with the RGB copy this fits
/// into a 32-bit address space.
const MAX_BYTES: u64 = 512 << 20;

/// An image, and whether its file ends before it does.
pub struct Decoded {
    /// The image. The part that is missing is grey.
    pub image: Image,
    /// Whether a part is missing.
    pub cut_off: bool,
}

/// Decodes a JPEG, PNG, WebP, GIF (first frame) or BMP by its content, applies its EXIF orientation,
/// and blends transparent parts over white. A JPEG that is cut off is decoded as far as it goes.
///
/// The size in the header is checked before memory is allocated.
///
/// # Errors
/// One sentence for files that are empty, no image, cut off, damaged or too large.
pub fn decode(bytes: &[u8]) -> Result<Image, DataError> {
    decode_as_far(bytes).map(|decoded| decoded.image)
}

/// As [`decode`], and tells whether a JPEG is cut off. At least half of it must be there.
///
/// # Errors
/// As [`decode`].
pub fn decode_as_far(bytes: &[u8]) -> Result<Decoded, DataError> {
    if bytes.is_empty() {
        return Err(DataError::Empty);
    }
    let Some((format, name)) = image_format(bytes) else {
        return Err(DataError::NotAnImage { found: describe(bytes) });
    };
    if format == ImageFormat::Jpeg {
        let Jpeg { image, orientation, cut_off } = jpeg::decode(bytes, Limits { bytes: MAX_BYTES })?;
        return Ok(Decoded { image: turned(image, orientation)?, cut_off });
    }
    let explain = |error| explain(error, name);
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, decoder.total_bytes(), name, Limits { bytes: MAX_BYTES })?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(2 * MAX_BYTES);
    decoder.set_limits(limits).map_err(explain)?;
    // Without readable metadata the image is not turned.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(explain)?;
    decoded.apply_orientation(orientation);
    let rgb: RgbImage = match decoded {
        DynamicImage::ImageRgb8(rgb) => rgb,
        other if other.color().has_alpha() => {
            let rgba = other.into_rgba8();
            let (width, height) = rgba.dimensions();
            let image = Image::new(width, height, over_white(&rgba))?;
            return Ok(Decoded { image, cut_off: false });
        }
        other => other.into_rgb8(),
    };
    let (width, height) = rgb.dimensions();
    Ok(Decoded { image: Image::new(width, height, rgb.into_raw())?, cut_off: false })
}

fn turned(image: Image, orientation: Orientation) -> Result<Image, DataError> {
    if orientation == Orientation::NoTransforms {
        return Ok(image);
    }
    let Image { width, height, rgb } = image;
    let bytes = rgb.len();
    let pixels = RgbImage::from_raw(width, height, rgb);
    let mut pixels = DynamicImage::from(pixels.ok_or(DataError::PixelCount { width, height, bytes })?);
    pixels.apply_orientation(orientation);
    Image::new(pixels.width(), pixels.height(), pixels.into_rgb8().into_raw())
}

fn explain(error: ImageError, format: &'static str) -> DataError {
    let mut reason = error.to_string();
    if let ImageError::IoError(io) = &error
        && io.kind() == std::io::ErrorKind::UnexpectedEof
    {
        return DataError::Truncated { format };
    }
    let lower = reason.to_ascii_lowercase();
    if ["unexpected eof", "unexpected end", "end of file", "not enough", "failed to fill whole buffer"]
        .iter()
        .any(|hint| lower.contains(hint))
    {
        return DataError::Truncated { format };
    }
    // The decoder's reason without its preamble, shortened to fit into a sentence.
    if let Some((_, cause)) = reason.rsplit_once(": ") {
        reason = cause.to_string();
    }
    DataError::Broken { format, reason: Cause::of(&reason).into() }
}
