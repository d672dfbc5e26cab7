//! What a file is, by its content.

use alexnet_protocol::messages::FileContent;
use image::ImageFormat;

/// Bytes at the start of a file that tell what it is.
pub(crate) const HEAD: usize = 512;

/// The format of an image that can be decoded, with its name.
pub(crate) fn image_format(bytes: &[u8]) -> Option<(ImageFormat, &'static str)> {
    let format = image::guess_format(bytes).ok()?;
    let name = match format {
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        _ => return None,
    };
    Some((format, name))
}

/// What the content of a file that is not such an image looks like.
pub(crate) fn describe(bytes: &[u8]) -> FileContent {
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or(bytes);
    let after = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if after(0, b"PK\x03\x04") {
        FileContent::Zip
    } else if after(0, b"%PDF") {
        FileContent::Pdf
    } else if after(4, b"ftyp") {
        iso_media(head)
    } else if after(0, b"II*\0") || after(0, b"MM\0*") {
        FileContent::Tiff
    } else if after(0, b"\x1f\x8b") {
        FileContent::Gzip
    } else if after(0, b"Rar!") {
        FileContent::Rar
    } else if after(0, b"7z\xbc\xaf\x27\x1c") {
        FileContent::SevenZip
    } else if after(0, b"BZh") || after(0, b"\xfd7zXZ\0") || after(0, b"\x28\xb5\x2f\xfd") {
        FileContent::Compressed
    } else if !head.contains(&0)
        && String::from_utf8_lossy(head).chars().filter(|c| *c == '\u{fffd}').count() <= 1
    {
        FileContent::Text
    } else {
        FileContent::Unknown
    }
}

/// HEIC, AVIF or a video: the brands in the `ftyp` box tell (ISO/IEC 23008-12, AV1 Image File Format).
fn iso_media(head: &[u8]) -> FileContent {
    let length = head.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let brands = head.get(8..length.min(head.len())).or_else(|| head.get(8..12)).unwrap_or_default();
    let has = |names: &[&[u8; 4]]| brands.as_chunks::<4>().0.iter().any(|brand| names.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        FileContent::Avif
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        FileContent::Heic
    } else {
        FileContent::Video
    }
}
