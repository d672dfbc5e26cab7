//! Winograd convolution: stride 1, 3x3 and 5x5 kernels, after Lavin & Gray 2016 ("Fast algorithms for
//! convolutional neural networks"). Input tiles of 6x6 values and kernels are transformed so that the
//! convolution becomes an element-wise product. Over the channels that is 36 small matrix products, which do
//! the work of one that is 2.8 to 4 times as large.
//!
//! A tile yields 4x4 outputs of a 3x3 kernel and 2x2 outputs of a 5x5 kernel. Both interpolate at 0, ±1, ±2
//! and ∞. Results differ from the direct sum only by rounding (a few 1e-6 of the largest value).
//!
//! Weight gradients do not use it. AdamW divides each gradient by its own magnitude, so a gradient that is
//! only rounding error would move its weight as far as any other.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd, bytemuck};

use crate::conv_shape::{Conv2d, area, spread};
use crate::matmul::{ROWS, tile};
use crate::winograd_transform::{self, InputTransform, KernelTransform, LARGEST, OutputTransform, SIDE};

/// Values per tile, which is also the number of matrix products per convolution.
const VALUES: usize = SIDE * SIDE;
/// From this many channels on the saved multiplications outweigh the transforms.
const CHANNELS: usize = 16;
/// Tiles processed at once, so that the data between the transforms stays in the L2 cache.
const TILES_PER_BLOCK: usize = 32;

/// How a convolution is split into tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Winograd {
    conv: Conv2d,
    /// Side of the output of one tile.
    result: usize,
    /// Number of tiles vertically and horizontally.
    tiles: [usize; 2],
}

/// Limit of the weight cache, in values, transformed and original weights together: 64 MB. `alexnet-224`
/// needs 12 million values.
const CACHE_VALUES: usize = 1 << 24;

/// Scratch memory and transformed weights, reused from call to call.
#[derive(Debug, Default)]
pub struct TransformCache {
    weights: Vec<Transformed>,
    maps: Vec<f32>,
    results: Vec<f32>,
    padded: Vec<f32>,
}

/// The transformed weights of one layer. They are cached because inference uses the same weights for every
/// image.
#[derive(Debug, Default)]
struct Transformed {
    kernels: WeightTransform,
    channels: [usize; 2],
    of: Vec<f32>,
    values: Vec<f32>,
}

/// Returns the transformed weights of a layer. They come from the cache if they were computed from the same
/// bits; otherwise `transform` computes them and they replace the layer's old entry.
fn transformed<'a>(
    kept: &'a mut Vec<Transformed>,
    (kernels, channels): (WeightTransform, [usize; 2]),
    weight: &[f32],
    length: usize,
    make: impl FnOnce(&mut [f32]),
) -> &'a [f32] {
    let is_layer =
        |one: &Transformed| (one.kernels, one.channels, one.of.len()) == (kernels, channels, weight.len());
    let mut layer = match kept.iter().position(is_layer) {
        Some(at) => kept.remove(at),
        None => Transformed { kernels, channels, ..Transformed::default() },
    };
    if !same(&layer.of, weight) {
        layer.of.clear();
        layer.of.extend_from_slice(weight);
        layer.values.resize(length, 0.0);
        make(&mut layer.values);
    }
    let size = |one: &Transformed| one.of.len() + one.values.len();
    let mut total = size(&layer) + kept.iter().map(size).sum::<usize>();
    // The least recently used entries come first.
    while total > CACHE_VALUES && !kept.is_empty() {
        total -= size(&kept.remove(0));
    }
    kept.push(layer);
    kept.last().map(|layer| layer.values.as_slice()).unwrap_or_default()
}

/// Whether two slices have the same bits. Stops at the first piece that differs.
fn same(a: &[f32], b: &[f32]) -> bool {
    const PIECE: usize = 512;
    let differ = |(a, b): (&[f32], &[f32])| {
        a.iter().zip(b).fold(0, |bits, (a, b)| bits | (a.to_bits() ^ b.to_bits())) != 0
    };
    a.len() == b.len() && !a.chunks(PIECE).zip(b.chunks(PIECE)).any(differ)
}

/// How the kernels of a convolution are read from its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum WeightTransform {
    /// `[out, in]`, as stored.
    #[default]
    Forward,
    /// For the input gradient: `[in, out]`, each kernel flipped.
    Turned,
}

impl Winograd {
    /// The tiling of a convolution, or none where the direct way is faster or Winograd does not apply.
    pub(crate) fn for_conv(conv: &Conv2d) -> Option<Self> {
        let [side, other] = conv.kernel;
        let fits = side == other && conv.stride == [1, 1] && matches!(side, 3 | 5);
        if !fits || conv.channels.iter().any(|channels| *channels < CHANNELS) {
            return None;
        }
        let result = SIDE + 1 - side;
        Some(Self { conv: *conv, result, tiles: conv.output().map(|side| side.div_ceil(result)) })
    }

    /// `out = weight ⋆ x + bias`, as [`Conv2d::forward`].
    pub(crate) fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        kernels: WeightTransform,
        bias: Option<&[f32]>,
        out: &mut [f32],
        memory: &mut TransformCache,
    ) {
        self.check(x, weight, out);
        let by = self;
        match self.conv.kernel[0] {
            3 => Arch::new().dispatch(Forward::<3, 4> { by, x, weight, kernels, bias, out, memory }),
            _ => Arch::new().dispatch(Forward::<5, 2> { by, x, weight, kernels, bias, out, memory }),
        }
    }

    fn check(&self, x: &[f32], weight: &[f32], out: &[f32]) {
        let Conv2d { images, channels: [incoming, outgoing], input, kernel, .. } = self.conv;
        assert_eq!(x.len(), images * incoming * area(input), "length of x");
        assert_eq!(weight.len(), incoming * outgoing * area(kernel), "length of the weight");
        assert_eq!(out.len(), images * outgoing * area(self.conv.output()), "length of the result");
    }

    fn tiles_of_an_image(&self) -> usize {
        area(self.tiles)
    }

    /// Height and width of the padded input, which holds every tile completely.
    fn padded(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.result + self.conv.kernel[0] - 1)
    }

    /// Where the outputs of tile `index` go. Tiles are numbered through the images of a block.
    fn place(&self, at: usize) -> Place {
        let (side, [image, tile]) =
            (self.conv.output(), [at / self.tiles_of_an_image(), at % self.tiles_of_an_image()]);
        let [top, left] = [tile / self.tiles[1], tile % self.tiles[1]].map(|tile| tile * self.result);
        let size = [side[0] - top, side[1] - left].map(|rest| rest.min(self.result));
        Place { image, first: top * side[1] + left, size }
    }

    /// The offset of the first value of tile `index` in a tensor of `channels` planes of this size.
    fn offset(&self, at: usize, channels: usize, side: [usize; 2]) -> usize {
        let (image, tile) = (at / self.tiles_of_an_image(), at % self.tiles_of_an_image());
        let [row, column] = [tile / self.tiles[1], tile % self.tiles[1]];
        (image * channels * side[0] + row * self.result) * side[1] + column * self.result
    }
}

/// Where the outputs of one tile go.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    image: usize,
    /// Offset of its first value in the channel.
    first: usize,
    /// Rows and columns of the tile that lie inside the output.
    size: [usize; 2],
}

/// The forward pass with kernels of side `K` and tile outputs of side `M`.
struct Forward<'a, const K: usize, const M: usize> {
    by: &'a Winograd,
    x: &'a [f32],
    weight: &'a [f32],
    kernels: WeightTransform,
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    memory: &'a mut TransformCache,
}

impl<const K: usize, const M: usize> WithSimd for Forward<'_, K, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { by, x, weight, kernels, bias, out, memory } = self;
        let Conv2d { channels: [incoming, outgoing], input, .. } = by.conv;
        let apart = uneven(outgoing.next_multiple_of(ROWS) * incoming);
        let TransformCache { weights, maps, results, padded } = memory;
        let layer = (kernels, by.conv.channels);
        let weights = transformed(weights, layer, weight, VALUES * apart, |to| {
            transform_weights::<S, K>(simd, by, weight, kernels, apart, to);
        });
        let images = TILES_PER_BLOCK.div_ceil(by.tiles_of_an_image());
        let each = [images * incoming * area(input), images * outgoing * area(by.conv.output())];
        for (x, out) in x.chunks(each[0]).zip(out.chunks_mut(each[1])) {
            let images = x.len() / (incoming * area(input));
            let count = images * by.tiles_of_an_image();
            let planes = images * incoming;
            spread(x, planes, input, by.padded(), by.conv.padding, [1, 1], padded);
            for from in (0..count).step_by(TILES_PER_BLOCK) {
                let to = (from + TILES_PER_BLOCK).min(count);
                let columns = (to - from).next_multiple_of(2 * S::F32_LANES);
                transform_maps(simd, by, padded, from..to, maps);
                results.resize(VALUES * uneven(outgoing * columns), 0.0);
                let shape = [outgoing, incoming, columns];
                matmul(simd, shape, [weights, maps], results);
                transform_results::<S, M>(simd, by, results, columns, from..to, bias, out);
            }
        }
    }
}

/// Transforms weights to `[value][panel of rows][in][row]`, one row per output channel, `stride` apart from
/// value to value.
#[inline(always)]
fn transform_weights<S: Simd, const K: usize>(
    simd: S,
    by: &Winograd,
    weight: &[f32],
    kernels: WeightTransform,
    apart: usize,
    to: &mut [f32],
) {
    let Conv2d { channels: [incoming, outgoing], .. } = by.conv;
    let area = K * K;
    let mut values = Vec::new();
    for i in 0..incoming {
        for first in (0..outgoing).step_by(S::F32_LANES) {
            let bases: [usize; LARGEST] = std::array::from_fn(|lane| {
                let o = (first + lane).min(outgoing - 1);
                area * match kernels {
                    WeightTransform::Forward => o * incoming + i,
                    WeightTransform::Turned => i * outgoing + o,
                }
            });
            let mut tile = match kernels {
                WeightTransform::Forward => winograd_transform::load::<S, K>(simd, weight, &bases, K),
                WeightTransform::Turned => {
                    if values.is_empty() {
                        values = weight.chunks_exact(area).flat_map(|k| k.iter().rev().copied()).collect();
                    }
                    winograd_transform::load::<S, K>(simd, &values, &bases, K)
                }
            };
            winograd_transform::both::<S, KernelTransform, K, SIDE>(simd, &mut tile);
            for (value, vector) in tile.as_flattened().iter().enumerate() {
                let to = &mut to[value * apart..][..apart];
                if S::F32_LANES == ROWS {
                    S::as_mut_simd_f32s(&mut to[first * incoming + i * ROWS..][..ROWS]).0[0] = *vector;
                    continue;
                }
                for (o, value) in (first..outgoing).zip(bytemuck::cast_slice::<_, f32>(&[*vector])) {
                    to[(o / ROWS * incoming + i) * ROWS + o % ROWS] = *value;
                }
            }
        }
    }
}

/// Transforms input tiles to `[value][panel of two vectors of tiles][in][tile]`.
#[inline(always)]
fn transform_maps<S: Simd>(simd: S, by: &Winograd, padded: &[f32], of: Range<usize>, to: &mut Vec<f32>) {
    let ([incoming, _], width) = (by.conv.channels, 2 * S::F32_LANES);
    let (side, panels) = (by.padded(), of.len().div_ceil(width));
    let plane = area(side);
    let value_apart = uneven(panels * incoming * width);
    to.resize(VALUES * value_apart, 0.0);
    for (half, first) in (0..panels * width).step_by(S::F32_LANES).enumerate() {
        let start: [usize; LARGEST] =
            std::array::from_fn(|lane| by.offset((of.start + first + lane).min(of.end - 1), incoming, side));
        for channel in 0..incoming {
            let bases = start.map(|base| base + channel * plane);
            let mut tile = winograd_transform::load::<S, SIDE>(simd, padded, &bases, side[1]);
            winograd_transform::both::<S, InputTransform, SIDE, SIDE>(simd, &mut tile);
            let place = (half / 2 * incoming + channel) * width + half % 2 * S::F32_LANES;
            for (value, vector) in tile.as_flattened().iter().enumerate() {
                let start = value * value_apart + place;
                S::as_mut_simd_f32s(&mut to[start..start + S::F32_LANES]).0[0] = *vector;
            }
        }
    }
}

/// The product of weights and inputs for each value: `[out][column] = Σ [out][in] · [in][column]`.
#[inline(always)]
fn matmul<S: Simd>(simd: S, [rows, inner, columns]: [usize; 3], [left, right]: [&[f32]; 2], to: &mut [f32]) {
    let width = 2 * S::F32_LANES;
    let (left_apart, right_apart, to_apart) =
        (uneven(rows.next_multiple_of(ROWS) * inner), uneven(columns * inner), uneven(rows * columns));
    for value in 0..VALUES {
        let left = &left[value * left_apart..][..left_apart];
        let right = &right[value * right_apart..][..columns * inner];
        let to = &mut to[value * to_apart..][..rows * columns];
        for (panel, right) in right.chunks_exact(inner * width).enumerate() {
            for (first, left) in (0..rows).step_by(ROWS).zip(left.chunks_exact(inner * ROWS)) {
                let sums = tile(simd, left, right, inner);
                for (row, sums) in (first..rows).zip(sums) {
                    let start = row * columns + panel * width;
                    S::as_mut_simd_f32s(&mut to[start..start + width]).0.copy_from_slice(&sums);
                }
            }
        }
    }
}

/// Transforms the products back to output tiles and adds the bias.
#[inline(always)]
fn transform_results<S: Simd, const M: usize>(
    simd: S,
    by: &Winograd,
    from: &[f32],
    columns: usize,
    of: Range<usize>,
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let [_, outgoing] = by.conv.channels;
    let (side, value_apart) = (by.conv.output(), uneven(outgoing * columns));
    let mut places = [Place::default(); TILES_PER_BLOCK];
    for (place, at) in places.iter_mut().zip(of.clone()) {
        *place = by.place(at);
    }
    for channel in 0..outgoing {
        let bias = simd.splat_f32s(bias.map_or(0.0, |bias| bias[channel]));
        for (first, places) in (0..of.len()).step_by(S::F32_LANES).zip(places.chunks(S::F32_LANES)) {
            let mut tile =
                winograd_transform::gather::<S>(simd, from, value_apart, channel * columns + first);
            winograd_transform::both::<S, OutputTransform, SIDE, M>(simd, &mut tile);
            for value in tile[..M].iter_mut().flat_map(|row| &mut row[..M]) {
                *value = simd.add_f32s(*value, bias);
            }
            for (lane, place) in places.iter().enumerate().take(of.len() - first) {
                let map = &mut out[(place.image * outgoing + channel) * area(side)..][..area(side)];
                let lines = map[place.first..].chunks_mut(side[1]).take(place.size[0]);
                for (line, row) in lines.zip(&tile) {
                    let values =
                        bytemuck::cast_slice::<_, f32>(&row[..M])[lane..].iter().step_by(S::F32_LANES);
                    line.iter_mut().zip(values).take(place.size[1]).for_each(|(to, value)| *to = *value);
                }
            }
        }
    }
}

/// Rounds up to an odd number of cache lines. Rows or matrices a power of two apart would compete for a few
/// of the cache's sets.
fn uneven(count: usize) -> usize {
    let lines = count.div_ceil(LINE);
    (lines | 1) * LINE
}

/// Values per cache line.
const LINE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 7919 + seed * 104_729) % 2039) as f32 / 1019.5 - 1.0).collect()
    }

    /// The largest difference, relative to the largest value.
    fn apart(a: &[f32], b: &[f64]) -> f64 {
        let largest = b.iter().fold(f64::MIN_POSITIVE, |most, b| most.max(b.abs()));
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max) / largest
    }

    #[test]
    fn weights_are_transformed_anew_when_a_bit_of_them_changed() {
        let conv = |channels| Conv2d {
            images: 1,
            channels,
            input: [9; 2],
            kernel: [3; 2],
            stride: [1; 2],
            padding: [1; 2],
        };
        let mut work = crate::conv2d::Workspace::default();
        let mut run = |channels: [usize; 2], weight: &[f32]| {
            let (conv, x) = (conv(channels), noise(channels[0] * 81, 1));
            let fresh = &mut crate::conv2d::Workspace::default();
            let [kept, new] = [&mut work, fresh].map(|work| {
                let mut out = [vec![f32::NAN; channels[1] * 81], vec![f32::NAN; channels[0] * 81]];
                conv.forward(&x, weight, None, &mut out[0], work);
                conv.input_gradient(&noise(channels[1] * 81, 2), weight, &mut out[1], work);
                out.map(|out| out.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
            });
            assert_eq!(kept, new);
            kept
        };
        let mut weight = noise(24 * 16 * 9, 3);
        let first = run([24, 16], &weight);
        // Another layer in between, with the channels swapped.
        run([16, 24], &weight);
        assert_eq!(run([24, 16], &weight), first);
        for at in [0, 1700, 24 * 16 * 9 - 1] {
            weight[at] += 1.0;
            assert_ne!(run([24, 16], &weight), first);
        }
    }

    #[test]
    fn what_is_kept_has_a_bound_and_is_what_was_used_last() {
        let mut kept = Vec::new();
        for layer in 0..4 {
            transformed(
                &mut kept,
                (WeightTransform::Forward, [16, 16 + layer]),
                &[1.0],
                CACHE_VALUES / 3,
                |to| to.fill(1.0),
            );
        }
        let channels: Vec<_> = kept.iter().map(|one| one.channels[1]).collect();
        assert_eq!(channels, [18, 19]);
        let mut made = false;
        transformed(&mut kept, (WeightTransform::Forward, [16, 18]), &[1.0], CACHE_VALUES / 3, |_| {
            made = true
        });
        assert!(!made && kept.last().unwrap().channels[1] == 18);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn forward_and_input_gradient_are_those_of_the_definition(
            images in 1usize..20,
            channels in [16usize..40, 16usize..40],
            more in [0usize..12, 0usize..12],
            five: bool,
            padding in [0usize..5, 0usize..5],
        ) {
            let kernel = if five { 5 } else { 3 };
            let padding = padding.map(|p| p.min(kernel - 1));
            let input = more.map(|more| kernel + more);
            let conv = Conv2d { images, channels, input, kernel: [kernel; 2], stride: [1; 2], padding };
            let [height, width] = conv.output();
            let x = noise(images * channels[0] * area(input), 1);
            let weight = noise(channels[0] * channels[1] * kernel * kernel, 2);
            let bias = noise(channels[1], 3);
            let gradient = noise(images * channels[1] * height * width, 4);
            let mut expected = [vec![0.0; gradient.len()], vec![0.0; x.len()]];
            for (out, sum) in expected[0].iter_mut().enumerate() {
                *sum = f64::from(bias[out / (height * width) % channels[1]]);
            }
            let sides = [images, channels[1], height, width, channels[0], kernel, kernel];
            for at in 0..sides.iter().product() {
                let mut rest: usize = at;
                let mut place = [0; 7];
                for (place, side) in place.iter_mut().zip(sides).rev() {
                    (*place, rest) = (rest % side, rest / side);
                }
                let [n, o, y, c, i, ky, kx] = place;
                let (iy, ix) = ((y + ky).wrapping_sub(padding[0]), (c + kx).wrapping_sub(padding[1]));
                if iy >= input[0] || ix >= input[1] {
                    continue;
                }
                let from = ((n * channels[0] + i) * input[0] + iy) * input[1] + ix;
                let w = f64::from(weight[((o * channels[0] + i) * kernel + ky) * kernel + kx]);
                let to = ((n * channels[1] + o) * height + y) * width + c;
                expected[0][to] += f64::from(x[from]) * w;
                expected[1][from] += w * f64::from(gradient[to]);
            }
            let mut work = crate::conv2d::Workspace::default();
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; x.len()]];
            prop_assert!(Winograd::for_conv(&conv).is_some());
            conv.forward(&x, &weight, Some(&bias), &mut out[0], &mut work);
            conv.input_gradient(&gradient, &weight, &mut out[1], &mut work);
            for (which, (out, expected)) in ["forward", "input"].iter().zip(out.iter().zip(&expected)) {
                prop_assert!(apart(out, expected) < 2e-5, "{which}: {}", apart(out, expected));
            }
        }
    }
}
