//! Decodes image files.

use std::io::Cursor;

use alexnet_protocol::messages::{Cause, FileContent, ImageDamage};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::DataError;

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

/// Decodes a JPEG, PNG, WebP, GIF (first frame) or BMP by its content, applies its EXIF orientation,
/// and blends transparent parts over white.
///
/// The size in the header is checked before memory is allocated.
///
/// # Errors
/// One sentence for files that are empty, no image, cut off, damaged or too large.
pub fn decode(bytes: &[u8]) -> Result<Image, DataError> {
    if bytes.is_empty() {
        return Err(DataError::Empty);
    }
    let format = image::guess_format(bytes).ok().and_then(|f| name(f).map(|n| (f, n)));
    let Some((format, name)) = format else {
        return Err(DataError::NotAnImage { found: describe(bytes) });
    };
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(DataError::Truncated { format: name });
    }
    let explain = |error| explain(error, name);
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(DataError::Broken { format: name, reason: ImageDamage::NoPixels });
    }
    if pixels > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
        let by_bytes = MAX_BYTES / (decoder.total_bytes() / pixels).max(1);
        return Err(DataError::TooLarge {
            width,
            height,
            limit: (by_bytes.min(MAX_PIXELS) / 1_000_000) as u32,
        });
    }
    let mut limits = Limits::default();
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
            return Image::new(width, height, over_white(&rgba));
        }
        other => other.into_rgb8(),
    };
    let (width, height) = rgb.dimensions();
    Image::new(width, height, rgb.into_raw())
}

fn name(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        _ => return None,
    })
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

/// What the content of a file that is not an image looks like.
fn describe(bytes: &[u8]) -> FileContent {
    let head = bytes.get(..bytes.len().min(512)).unwrap_or(bytes);
    let after = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if after(0, b"PK\x03\x04") {
        FileContent::Zip
    } else if after(0, b"%PDF") {
        FileContent::Pdf
    } else if after(4, b"ftypheic") || after(4, b"ftypheix") || after(4, b"ftypmif1") {
        FileContent::Heic
    } else if after(4, b"ftypavif") {
        FileContent::Avif
    } else if after(4, b"ftyp") {
        FileContent::Video
    } else if after(0, b"II*\0") || after(0, b"MM\0*") {
        FileContent::Tiff
    } else if after(0, b"\x1f\x8b") {
        FileContent::Gzip
    } else if !head.contains(&0)
        && String::from_utf8_lossy(head).chars().filter(|c| *c == '\u{fffd}').count() <= 1
    {
        FileContent::Text
    } else {
        FileContent::Unknown
    }
}

/// Whether a JPEG ends with its end-of-image marker. Decoders fill missing parts with grey and report no error.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    let mut in_scan = false;
    while let Some(&byte) = bytes.get(at) {
        if byte != 0xff {
            // Only markers may stand between segments; some encoders leave stray bytes, which decoders skip.
            at += 1;
            continue;
        }
        match bytes.get(at + 1) {
            None => return false,
            Some(0xff) => at += 1,
            Some(0xd9) => return in_scan,
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 2,
            Some(marker) => {
                let (Some(&high), Some(&low)) = (bytes.get(at + 2), bytes.get(at + 3)) else { return false };
                in_scan |= *marker == 0xda;
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
    false
}
