//! Preprocessing: from an image to the network's input, the same for training and prediction.

use alexnet_protocol::Preprocess;
use fast_image_resize::images::{Image as ResizeImage, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::Image;

/// Where the ratio of the sides is larger, only the part that the centre crop keeps is scaled: scaling a whole strip of
/// 100,000 × 10 pixels would take gigabytes.
const MAX_ASPECT: u32 = 16;

/// The crop that the network sees: the shorter side is scaled to `preprocess.resize` pixels, then the centre square of
/// `preprocess.crop` pixels is cut out. 8 bits per channel.
///
/// Differs by at most one level (of 256) from torchvision's `Resize(resize, antialias=True)` and
/// `CenterCrop(crop)` on a PIL image: the longer side is truncated, half pixels of the crop's corner round to even, and a crop larger than the image has
/// a black border.
pub fn preprocess_image(picture: &Image, preprocess: &Preprocess) -> Image {
    let crop = preprocess.crop.max(1);
    let (short, long) = (picture.width.min(picture.height).max(1), picture.width.max(picture.height));
    let resize = preprocess.resize.max(1);
    let scaled_long = (u64::from(resize) * u64::from(long) / u64::from(short)) as u32;
    let (width, height) =
        if picture.width <= picture.height { (resize, scaled_long) } else { (scaled_long, resize) };
    if (picture.width, picture.height) == (width, height) {
        return centre(picture, crop);
    }
    if long / short >= MAX_ASPECT && scaled_long > crop {
        return centre(&scale_middle(picture, [width, height], crop), crop);
    }
    centre(&scale(picture, width, height), crop)
}

/// The scaled image, its longer side reduced to what the centre crop keeps.
fn scale_middle(picture: &Image, [width, height]: [u32; 2], crop: u32) -> Image {
    let (from, to) = (corner(width.max(height), crop) as f64, f64::from(crop));
    let [wide, high] = [(picture.width, width), (picture.height, height)];
    let pixel = |(own, scaled): (u32, u32)| f64::from(own) / f64::from(scaled);
    if width > height {
        let window = [from * pixel(wide), 0.0, to * pixel(wide), f64::from(picture.height)];
        scale_window(picture, window, [crop, height])
    } else {
        let window = [0.0, from * pixel(high), f64::from(picture.width), to * pixel(high)];
        scale_window(picture, window, [width, crop])
    }
}

/// Anti-aliased bilinear scaling, like Pillow's.
pub(crate) fn scale(picture: &Image, width: u32, height: u32) -> Image {
    let whole = [0.0, 0.0, f64::from(picture.width), f64::from(picture.height)];
    scale_window(picture, whole, [width.max(1), height.max(1)])
}

/// The same for a window: left, top, width, height. Pixels around it count at its borders.
fn scale_window(picture: &Image, [left, top, wide, high]: [f64; 4], [width, height]: [u32; 2]) -> Image {
    let mut target = ResizeImage::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false)
        .crop(left, top, wide, high);
    // Both calls fail only where the number of bytes does not fit the sides, which `Image::new` rules out. Such an
    // image would be black.
    if let Ok(source) = ImageRef::new(picture.width, picture.height, &picture.rgb, PixelType::U8x3) {
        let _ = Resizer::new().resize(&source, &mut target, &options);
    }
    Image { width, height, rgb: target.into_vec() }
}

/// torchvision's `CenterCrop`.
fn centre(picture: &Image, crop: u32) -> Image {
    if (picture.width, picture.height) == (crop, crop) {
        return picture.clone();
    }
    window(picture, corner(picture.width, crop), corner(picture.height, crop), crop, crop)
}

/// Start of the crop: `int(round((side - crop) / 2))`, where Python rounds halves to even. A crop larger than the side
/// starts before it, by half the padding, rounded down.
fn corner(side: u32, crop: u32) -> i64 {
    let spare = i64::from(side) - i64::from(crop);
    if spare < 0 {
        return -(-spare / 2);
    }
    let half = spare / 2;
    if spare % 2 == 1 && half % 2 == 1 { half + 1 } else { half }
}

/// A window of an image, black outside of the image.
pub(crate) fn window(picture: &Image, left: i64, top: i64, width: u32, height: u32) -> Image {
    let mut rgb = vec![0; width as usize * height as usize * 3];
    let from = left.max(0);
    let to = (left + i64::from(width)).min(i64::from(picture.width));
    if from < to {
        let stride = picture.width as usize * 3;
        let (begin, end) = (from as usize * 3, to as usize * 3);
        let offset = (from - left) as usize * 3;
        for (row, target) in rgb.chunks_exact_mut(width as usize * 3).enumerate() {
            let Ok(y) = usize::try_from(top + row as i64) else { continue };
            let source = picture.rgb.get(y * stride + begin..y * stride + end);
            if let (Some(source), Some(target)) = (source, target.get_mut(offset..offset + (end - begin))) {
                target.copy_from_slice(source);
            }
        }
    }
    Image { width, height, rgb }
}

/// For each channel, the normalised value of each of the 256 levels.
pub(crate) fn levels(preprocess: &Preprocess) -> [[f32; 256]; 3] {
    std::array::from_fn(|channel| {
        std::array::from_fn(|level| {
            (level as f32 / 255.0 - preprocess.mean[channel]) / preprocess.std[channel]
        })
    })
}

/// Bytes `[n, size, size, 3]` as the network's input `[n, 3, size, size]`: `(value / 255 - mean) / std`.
/// An incomplete last image is left out.
pub fn normalize(pixels: &[u8], n: usize, size: u32, preprocess: &Preprocess) -> Vec<f32> {
    let area = size as usize * size as usize;
    let mut out = vec![0.0; n * area * 3];
    if area > 0 {
        let levels = levels(preprocess);
        for (image, target) in pixels.chunks_exact(area * 3).zip(out.chunks_exact_mut(area * 3)) {
            planes(image, target, &levels);
        }
    }
    out
}

/// One image, `[size, size, 3]` bytes to `[3, size, size]` floats.
pub(crate) fn planes(image: &[u8], target: &mut [f32], levels: &[[f32; 256]; 3]) {
    let area = target.len() / 3;
    for (channel, (plane, level)) in target.chunks_exact_mut(area.max(1)).zip(levels).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(image.as_chunks::<3>().0) {
            *value = level[pixel[channel] as usize];
        }
    }
}
