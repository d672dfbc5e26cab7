//! Pixels of an image, and how many of them are allowed.

use alexnet_protocol::messages::ImageDamage;

use crate::DataError;

/// Images with more pixels are refused; a photo of 100 megapixels is allowed.
pub const MAX_PIXELS: u64 = 120_000_000;

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

/// Blends `[…, 4]` bytes with straight alpha over white.
pub(crate) fn over_white(rgba: &[u8]) -> Vec<u8> {
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

/// What an image may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of its pixels.
    pub bytes: u64,
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
