//! Augmentation: from bytes to the network's input in one pass, with random numbers keyed by step and image.

use alexnet_protocol::{Preprocess, RunOptions};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::preprocess::{levels, planes};
use crate::rng::{Purpose, rng};
use crate::{Samples, normalize};

/// Weights of red, green and blue in a pixel's grey (ITU-R BT.601, as in torchvision).
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// Largest ratio of a random crop's sides (torchvision's `RandomResizedCrop`: 3/4 to 4/3).
const MAX_ASPECT: f64 = 4.0 / 3.0;

/// Share of the image's area that erasing blanks (torchvision's `RandomErasing`).
const ERASED_AREA: std::ops::RangeInclusive<f64> = 0.02..=0.33;

/// Largest ratio of the blanked rectangle's sides.
const ERASED_ASPECT: f64 = 10.0 / 3.0;

/// The batch as the network trains on it, `[n, 3, size, size]`, normalised as by [`normalize`](crate::normalize).
///
/// Each image has its own random numbers (seed, step, index in the batch), used in this order:
/// - `crop`: an area between `crop` and 1 of the image, sides between 3:4 and 4:3, scaled back bilinearly;
/// - `flip`: mirrored with probability 1/2;
/// - `shift`: moved by whole pixels, by at most that share of the side in either direction; the image is
///   reflected at the edge;
/// - `colour`: brightness, contrast and saturation each multiplied by 1 − colour to 1 + colour, clamped to 0..255;
/// - `erase`: with that probability a rectangle of 2 to 33 % of the area, sides between 3:10 and 10:3, is set to the
///   mean colour, which normalised is 0 (torchvision's `RandomErasing`; Zhong et al. 2017).
///
/// With all of them off the result has the bits of [`normalize`](crate::normalize).
pub fn augment(
    samples: &Samples,
    options: &RunOptions,
    preprocess: &Preprocess,
    seed: u32,
    step: u64,
) -> Vec<f32> {
    let side = samples.size as usize;
    let moves = options.flip || options.shift > 0.0 || options.crop < 1.0;
    if !(moves || options.colour > 0.0 || options.erase > 0.0) || side == 0 {
        return normalize(&samples.pixels, samples.len(), samples.size, preprocess);
    }
    let bytes = samples.image_bytes();
    let mut out = vec![0.0; samples.len() * bytes];
    let levels = levels(preprocess);
    let mut worker = Augmenter::new(side, preprocess);
    let images = samples.pixels.chunks_exact(bytes).zip(out.chunks_exact_mut(bytes));
    for (place, (image, target)) in images.enumerate() {
        let mut rng = rng(seed, Purpose::Augment, step, place as u64);
        let whole = worker.draw_place(options, &mut rng);
        let colour = Colour::draw(options, image, &mut rng);
        match (whole, colour) {
            (true, None) => {
                worker.move_pixels(image);
                planes(&worker.moved, target, &levels);
            }
            (_, colour) => worker.sample(image, target, colour.unwrap_or(Colour::NONE)),
        }
        erase(target, side, options.erase, &mut rng);
    }
    out
}

/// Blanks a rectangle of the image, or nothing. A rectangle that does not fit is drawn again, at most ten times.
fn erase(image: &mut [f32], side: usize, probability: f64, rng: &mut ChaCha8Rng) {
    if probability <= 0.0 || rng.random::<f64>() >= probability {
        return;
    }
    for _ in 0..10 {
        let area = rng.random_range(ERASED_AREA) * (side * side) as f64;
        let aspect = draw_aspect(ERASED_ASPECT, rng);
        let [width, height] = [area * aspect, area / aspect].map(|square| square.sqrt().round() as usize);
        if width == 0 || height == 0 || width >= side || height >= side {
            continue;
        }
        let left = rng.random_range(0..=(side - width) as u32) as usize;
        let top = rng.random_range(0..=(side - height) as u32) as usize;
        for plane in image.chunks_exact_mut(side * side) {
            for row in plane.chunks_exact_mut(side).skip(top).take(height) {
                row[left..left + width].fill(0.0);
            }
        }
        return;
    }
}

/// Width divided by height; wide and tall are equally likely.
///
/// A coin toss and a division instead of a logarithm: exact, so every machine gives the same bits.
fn draw_aspect(most: f64, rng: &mut ChaCha8Rng) -> f64 {
    let stretch = rng.random_range(1.0..=most);
    if rng.random::<bool>() { stretch } else { 1.0 / stretch }
}

/// Whether [`augment`] mirrors each image of a step; `None` where the options also crop, shift, recolour, erase or
/// mix.
///
/// With `Some`, features of an image can be cached: once as it is and once mirrored.
pub fn flip_flags(options: &RunOptions, images: usize, seed: u32, step: u64) -> Option<Vec<bool>> {
    let kept = options.shift <= 0.0 && options.crop >= 1.0 && options.colour <= 0.0;
    if !kept || options.erase > 0.0 || options.cutmix > 0.0 {
        return None;
    }
    let draw = |place: usize| options.flip && rng(seed, Purpose::Augment, step, place as u64).random();
    Some((0..images).map(draw).collect())
}

/// Mirrors the images whose flag is set.
pub fn flip(samples: &mut Samples, marked: &[bool]) {
    let (bytes, row) = (samples.image_bytes(), samples.size as usize * 3);
    for (image, _) in samples.pixels.chunks_exact_mut(bytes.max(1)).zip(marked).filter(|(_, marked)| **marked)
    {
        for line in image.chunks_exact_mut(row) {
            line.as_chunks_mut::<3>().0.reverse();
        }
    }
}

/// The source of each output pixel along one axis: `first` and `second`, blended by `weight`.
#[derive(Clone)]
struct Axis {
    taps: Vec<(usize, usize, f32)>,
}

impl Axis {
    /// Scales `extent` pixels from `start` (a shift included) to the whole side; mirrored on request.
    fn set(&mut self, start: f64, extent: f64, mirrored: bool) {
        let side = self.taps.len();
        let scale = extent / side as f64;
        for (place, tap) in self.taps.iter_mut().enumerate() {
            let place = if mirrored { side - 1 - place } else { place };
            let at = start + (place as f64 + 0.5) * scale - 0.5;
            let floor = at.floor();
            *tap = (reflect(floor as i64, side), reflect(floor as i64 + 1, side), (at - floor) as f32);
        }
    }
}

/// An index beyond an edge, reflected there without repeating the edge (PyTorch's `reflect`).
fn reflect(index: i64, side: usize) -> usize {
    let last = side as i64 - 1;
    if last <= 0 {
        return 0;
    }
    let folded = index.rem_euclid(2 * last);
    (if folded > last { 2 * last - folded } else { folded }) as usize
}

/// Buffers, reused for all images of a batch.
struct Augmenter {
    side: usize,
    x: Axis,
    y: Axis,
    /// Two rows blended, `[side, 3]`.
    row: Vec<f32>,
    /// An image moved by whole pixels, `[side, side, 3]`.
    moved: Vec<u8>,
    scale: [f32; 3],
    bias: [f32; 3],
}

impl Augmenter {
    fn new(side: usize, preprocess: &Preprocess) -> Self {
        let axis = Axis { taps: vec![(0, 0, 0.0); side] };
        let (mean, std) = (preprocess.mean, preprocess.std);
        Self {
            side,
            x: axis.clone(),
            y: axis,
            row: vec![0.0; side * 3],
            moved: vec![0; side * side * 3],
            scale: std.map(|std| 1.0 / (255.0 * std)),
            bias: std::array::from_fn(|channel| -mean[channel] / std[channel]),
        }
    }

    /// Draws crop, flip and shift; true where pixels only move, without blending.
    fn draw_place(&mut self, options: &RunOptions, rng: &mut ChaCha8Rng) -> bool {
        let side = self.side as f64;
        let (mut left, mut top, mut width, mut height) = (0.0, 0.0, side, side);
        if options.crop < 1.0 {
            let area = rng.random_range(options.crop.max(0.01)..=1.0);
            let aspect = draw_aspect(MAX_ASPECT, rng);
            width = side * (area * aspect).sqrt().min(1.0);
            height = side * (area / aspect).sqrt().min(1.0);
            left = rng.random_range(0.0..=1.0) * (side - width);
            top = rng.random_range(0.0..=1.0) * (side - height);
        }
        let mirrored = options.flip && rng.random::<bool>();
        if options.shift > 0.0 {
            let most = (options.shift * side).round() as i32;
            left += f64::from(rng.random_range(-most..=most));
            top += f64::from(rng.random_range(-most..=most));
        }
        self.x.set(left, width, mirrored);
        self.y.set(top, height, false);
        options.crop >= 1.0
    }

    fn move_pixels(&mut self, image: &[u8]) {
        let stride = self.side * 3;
        for ((from, ..), row) in self.y.taps.iter().zip(self.moved.chunks_exact_mut(stride)) {
            let source = image[from * stride..(from + 1) * stride].as_chunks::<3>().0;
            for ((from, ..), pixel) in self.x.taps.iter().zip(row.as_chunks_mut::<3>().0) {
                *pixel = source[*from];
            }
        }
    }

    fn sample(&mut self, image: &[u8], target: &mut [f32], colour: Colour) {
        let stride = self.side * 3;
        let (red, rest) = target.split_at_mut(self.side * self.side);
        let (green, blue) = rest.split_at_mut(self.side * self.side);
        for (line, &(above, below, weight)) in self.y.taps.iter().enumerate() {
            let above = &image[above * stride..(above + 1) * stride];
            let below = &image[below * stride..(below + 1) * stride];
            for ((blend, above), below) in self.row.iter_mut().zip(above).zip(below) {
                let above = f32::from(*above);
                *blend = above + weight * (f32::from(*below) - above);
            }
            let row = self.row.as_chunks::<3>().0;
            let span = line * self.side..(line + 1) * self.side;
            let outputs = red[span.clone()].iter_mut().zip(&mut green[span.clone()]).zip(&mut blue[span]);
            for (&(left, right, weight), ((red, green), blue)) in self.x.taps.iter().zip(outputs) {
                let (left, right) = (row[left], row[right]);
                let pixel: [f32; 3] = std::array::from_fn(|c| left[c] + weight * (right[c] - left[c]));
                let grey = GREY[0] * pixel[0] + GREY[1] * pixel[1] + GREY[2] * pixel[2];
                let common = colour.grey * grey + colour.offset;
                let value = |c: usize| {
                    (colour.own * pixel[c] + common).clamp(0.0, 255.0) * self.scale[c] + self.bias[c]
                };
                (*red, *green, *blue) = (value(0), value(1), value(2));
            }
        }
    }
}

/// Brightness b, contrast k and saturation s in one formula. torchvision's three blends, one after the other, are
/// `k b s · value + k b (1 − s) · grey + (1 − k) b · mean grey`.
#[derive(Clone, Copy)]
struct Colour {
    own: f32,
    grey: f32,
    offset: f32,
}

impl Colour {
    const NONE: Self = Self { own: 1.0, grey: 0.0, offset: 0.0 };

    fn draw(options: &RunOptions, image: &[u8], rng: &mut ChaCha8Rng) -> Option<Self> {
        if options.colour <= 0.0 {
            return None;
        }
        let most = options.colour.min(1.0) as f32;
        let [brightness, contrast, saturation] =
            std::array::from_fn(|_| rng.random_range(1.0 - most..=1.0 + most));
        let mut sums = [0u32; 3];
        for pixel in image.as_chunks::<3>().0 {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += u32::from(*value);
            }
        }
        let pixels = (image.len() / 3).max(1) as f32;
        let mean: f32 = sums.iter().zip(GREY).map(|(sum, weight)| *sum as f32 / pixels * weight).sum();
        Some(Self {
            own: contrast * brightness * saturation,
            grey: contrast * brightness * (1.0 - saturation),
            offset: (1.0 - contrast) * brightness * mean,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREPROCESS: Preprocess =
        Preprocess { resize: 16, crop: 16, mean: [0.48, 0.45, 0.40], std: [0.23, 0.22, 0.25] };

    fn samples(n: usize, size: u32) -> Samples {
        let mut rng = rng(3, Purpose::Experiment, 0, 0);
        let pixels = (0..n * (size * size * 3) as usize).map(|_| rng.random()).collect();
        Samples { size, pixels, labels: vec![0; n] }
    }

    fn off() -> RunOptions {
        RunOptions { flip: false, shift: 0.0, crop: 1.0, colour: 0.0, erase: 0.0, ..Default::default() }
    }

    fn plain(samples: &Samples) -> Vec<f32> {
        normalize(&samples.pixels, samples.len(), samples.size, &PREPROCESS)
    }

    #[test]
    fn with_all_off_it_only_normalises() {
        let samples = samples(3, 16);
        assert_eq!(augment(&samples, &off(), &PREPROCESS, 1, 5), plain(&samples));
    }

    #[test]
    fn a_flip_mirrors_each_row_or_leaves_it() {
        let samples = samples(32, 16);
        let plain = plain(&samples);
        let flipped = augment(&samples, &RunOptions { flip: true, ..off() }, &PREPROCESS, 1, 5);
        let mut mirrored = 0;
        for (before, after) in plain.chunks(3 * 256).zip(flipped.chunks(3 * 256)) {
            let mirror: Vec<f32> = before.chunks(16).flat_map(|row| row.iter().rev().copied()).collect();
            assert!(after == before || after == mirror);
            mirrored += usize::from(after == mirror);
        }
        assert!((8..=24).contains(&mirrored), "{mirrored} of 32");
    }

    #[test]
    fn mirroring_alone_can_be_told_beforehand() {
        let samples = samples(32, 16);
        let options = RunOptions { flip: true, ..off() };
        let marked = flip_flags(&options, 32, 1, 5).unwrap();
        let mut turned = samples.clone();
        flip(&mut turned, &marked);
        assert_eq!(augment(&samples, &options, &PREPROCESS, 1, 5), plain(&turned));
        assert_eq!(flip_flags(&off(), 3, 1, 5), Some(vec![false; 3]));
        let more = [
            RunOptions { shift: 0.1, ..off() },
            RunOptions { crop: 0.9, ..off() },
            RunOptions { erase: 0.1, ..off() },
            RunOptions { cutmix: 0.1, ..off() },
        ];
        for more in more {
            assert_eq!(flip_flags(&more, 3, 1, 5), None);
        }
    }

    #[test]
    fn a_shift_moves_whole_pixels_and_reflects_at_the_edge() {
        let samples = samples(1, 16);
        let plain = plain(&samples);
        for step in 0..20 {
            let shifted = augment(&samples, &RunOptions { shift: 0.25, ..off() }, &PREPROCESS, 1, step);
            let matches = |dx: i64, dy: i64| {
                (0..3 * 256).all(|at| {
                    let (channel, y, x) = (at / 256, at / 16 % 16, at % 16);
                    let from = reflect(y as i64 + dy, 16) * 16 + reflect(x as i64 + dx, 16);
                    shifted[at] == plain[channel * 256 + from]
                })
            };
            assert!((-4..=4).any(|dy| (-4..=4).any(|dx| matches(dx, dy))), "step {step}");
        }
    }

    #[test]
    fn a_crop_enlarges_a_ramp_smoothly() {
        // A picture that rises evenly to the right: any crop of it rises evenly, less steeply.
        let pixels: Vec<u8> = (0..16 * 16).flat_map(|at| [(at % 16 * 16) as u8; 3]).collect();
        let samples = Samples { size: 16, pixels, labels: vec![0] };
        let cropped = augment(&samples, &RunOptions { crop: 0.3, ..off() }, &PREPROCESS, 1, 0);
        let row = &cropped[..16];
        let rises: Vec<f32> = row.windows(2).map(|w| (w[1] - w[0]) * PREPROCESS.std[0] * 255.0).collect();
        for rise in &rises[1..14] {
            assert!((rise - rises[5]).abs() < 0.01 && *rise > 4.0 && *rise <= 16.01, "{rises:?}");
        }
    }

    #[test]
    fn colours_stay_within_the_levels_of_a_picture() {
        let samples = samples(16, 16);
        let all = RunOptions { flip: true, shift: 0.1, crop: 0.5, colour: 1.0, ..Default::default() };
        let values = augment(&samples, &all, &PREPROCESS, 1, 0);
        for (at, value) in values.iter().enumerate() {
            let channel = at / 256 % 3;
            let level = value * PREPROCESS.std[channel] + PREPROCESS.mean[channel];
            assert!((-1e-5..=1.0 + 1e-5).contains(&level));
        }
    }

    #[test]
    fn erasing_blanks_one_rectangle_of_the_size_that_was_drawn() {
        let samples = samples(64, 32);
        let plain = plain(&samples);
        let options = RunOptions { erase: 0.5, ..off() };
        let erased = augment(&samples, &options, &PREPROCESS, 1, 5);
        let mut touched = 0;
        for (before, after) in plain.chunks(3 * 1024).zip(erased.chunks(3 * 1024)) {
            let blank: Vec<usize> =
                (0..1024).filter(|at| (0..3).all(|c| after[c * 1024 + at] == 0.0)).collect();
            let (Some(first), Some(last)) = (blank.first(), blank.last()) else {
                assert_eq!(after, before);
                continue;
            };
            touched += 1;
            let (width, height) = (last % 32 - first % 32 + 1, last / 32 - first / 32 + 1);
            assert_eq!(blank.len(), width * height, "a rectangle");
            assert!((0.01..0.36).contains(&(blank.len() as f64 / 1024.0)), "{width} x {height}");
            for at in (0..3 * 1024).filter(|at| !blank.contains(&(at % 1024))) {
                assert_eq!(after[at], before[at]);
            }
        }
        assert!((16..=48).contains(&touched), "{touched} of 64");
    }

    #[test]
    fn a_neutral_sampling_is_the_picture() {
        // Sampling without any change gives the values of the lookup table.
        let samples = samples(1, 16);
        let mut worker = Augmenter::new(16, &PREPROCESS);
        worker.draw_place(&off(), &mut rng(1, Purpose::Augment, 0, 0));
        let mut target = vec![0.0; 16 * 16 * 3];
        worker.sample(&samples.pixels, &mut target, Colour::NONE);
        for (sampled, exact) in target.iter().zip(plain(&samples)) {
            assert!((sampled - exact).abs() < 1e-5);
        }
    }

    #[test]
    fn step_and_seed_decide() {
        let samples = samples(4, 16);
        let all =
            RunOptions { flip: true, shift: 0.1, crop: 0.5, colour: 0.3, erase: 0.5, ..Default::default() };
        let run = |seed, step| augment(&samples, &all, &PREPROCESS, seed, step);
        assert_eq!(run(1, 1), run(1, 1));
        assert_ne!(run(1, 1), run(1, 2));
        assert_ne!(run(1, 1), run(2, 1));
    }
}
