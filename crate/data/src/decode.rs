//! Decodes image files.

use std::io::Cursor;

use alexnet_protocol::messages::{Cause, ImageDamage};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};

use crate::DataError;
use crate::content::{describe, image_format};
use crate::jpeg::{self, Jpeg};

/// Images with more pixels are refused; a photo of 100 megapixels is allowed.
pub const MAX_PIXELS: u64 = 120_000_000;

/// Images that decode to more bytes are refused (16 bits per channel, alpha). Together with the RGB copy this fits
/// into a 32-bit address space.
const MAX_BYTES: u64 = 512 << 20;

/// Pixels of an image, 8 bits per channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
    /// `[height, width, 3]`: row by row, red, green, blue.
    pub rgb: Vec<u8>,
}

impl Image {
    /// An image of these pixels, `[height, width, 3]`.
    ///
    /// # Errors
    /// A side of zero, or a number of bytes that does not fit.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, DataError> {
        check(width, height, rgb.len(), 3)?;
        Ok(Self { width, height, rgb })
    }

    /// An image of `[height, width, 4]` bytes with straight alpha, as a canvas gives them, blended over white.
    ///
    /// # Errors
    /// A side of zero, or a number of bytes that does not fit.
    pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Result<Self, DataError> {
        check(width, height, rgba.len(), 4)?;
        Ok(Self { width, height, rgb: over_white(rgba) })
    }
}

fn check(width: u32, height: u32, bytes: usize, channels: u64) -> Result<(), DataError> {
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) * channels != bytes as u64 {
        return Err(DataError::PixelCount { width, height, bytes });
    }
    Ok(())
}

fn over_white(rgba: &[u8]) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(rgba.len() / 4 * 3);
    for &[red, green, blue, alpha] in rgba.as_chunks::<4>().0 {
        let over = |value: u8| {
            let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            ((sum + 127) / 255) as u8
        };
        rgb.extend([over(red), over(green), over(blue)]);
    }
    rgb
}

/// An image, and whether its file ends before it does.
pub struct Decoded {
    /// The image. The part that is missing is grey.
    pub image: Image,
    /// Whether a part is missing.
    pub cut_off: bool,
}

/// What an image may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of its pixels.
    pub bytes: u64,
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

/// Checks the size in an image's header; its pixels take `total` bytes.
pub(crate) fn check_size(
    width: u32,
    height: u32,
    total: u64,
    format: &'static str,
    limits: Limits,
) -> Result<(), DataError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(DataError::Broken { format, reason: ImageDamage::NoPixels });
    }
    if pixels > MAX_PIXELS || total > limits.bytes {
        let by_bytes = limits.bytes / (total / pixels).max(1);
        let limit = (by_bytes.min(MAX_PIXELS) / 1_000_000) as u32;
        return Err(DataError::TooLarge { width, height, limit });
    }
    Ok(())
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
