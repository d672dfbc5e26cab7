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

use crate::conv_shape::{Conv2d, area, pad_and_dilate};
use crate::matmul::{ROWS, tile};
use crate::winograd_transform::{self, InputTransform, KernelTransform, MAX_LANES, OutputTransform, SIDE};

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
pub struct WinogradWorkspace {
    weights: Vec<CachedWeights>,
    inputs: Vec<f32>,
    outputs: Vec<f32>,
    padded: Vec<f32>,
}

/// The transformed weights of one layer. They are cached because inference uses the same weights for every
/// image.
#[derive(Debug, Default)]
struct CachedWeights {
    kernels: KernelOrder,
    channels: [usize; 2],
    source: Vec<f32>,
    values: Vec<f32>,
}

/// Returns the transformed weights of a layer. They come from the cache if they were computed from the same
/// bits; otherwise `transform` computes them and they replace the layer's old entry.
fn cached_weights<'a>(
    cache: &'a mut Vec<CachedWeights>,
    (kernels, channels): (KernelOrder, [usize; 2]),
    weight: &[f32],
    length: usize,
    transform: impl FnOnce(&mut [f32]),
) -> &'a [f32] {
    let is_layer = |entry: &CachedWeights| {
        (entry.kernels, entry.channels, entry.source.len()) == (kernels, channels, weight.len())
    };
    let mut layer = match cache.iter().position(is_layer) {
        Some(at) => cache.remove(at),
        None => CachedWeights { kernels, channels, ..CachedWeights::default() },
    };
    if !same_bits(&layer.source, weight) {
        layer.source.clear();
        layer.source.extend_from_slice(weight);
        layer.values.resize(length, 0.0);
        transform(&mut layer.values);
    }
    let len = |entry: &CachedWeights| entry.source.len() + entry.values.len();
    let mut total = len(&layer) + cache.iter().map(len).sum::<usize>();
    // The least recently used entries come first.
    while total > CACHE_VALUES && !cache.is_empty() {
        total -= len(&cache.remove(0));
    }
    cache.push(layer);
    cache.last().map(|layer| layer.values.as_slice()).unwrap_or_default()
}

/// Whether two slices have the same bits. Stops at the first piece that differs.
fn same_bits(a: &[f32], b: &[f32]) -> bool {
    const PIECE: usize = 512;
    let differ = |(a, b): (&[f32], &[f32])| {
        a.iter().zip(b).fold(0, |bits, (a, b)| bits | (a.to_bits() ^ b.to_bits())) != 0
    };
    a.len() == b.len() && !a.chunks(PIECE).zip(b.chunks(PIECE)).any(differ)
}

/// How the kernels of a convolution are read from its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KernelOrder {
    /// `[out, in]`, as stored.
    #[default]
    Forward,
    /// For the input gradient: `[in, out]`, each kernel flipped.
    Flipped,
}

impl Winograd {
    /// The tiling of a convolution, or none where the direct way is faster or Winograd does not apply.
    pub(crate) fn for_conv(conv: &Conv2d) -> Option<Self> {
        let [size, other] = conv.kernel;
        let fits = size == other && conv.stride == [1, 1] && matches!(size, 3 | 5);
        if !fits || conv.channels.iter().any(|channels| *channels < CHANNELS) {
            return None;
        }
        let result = SIDE + 1 - size;
        Some(Self { conv: *conv, result, tiles: conv.output().map(|size| size.div_ceil(result)) })
    }

    /// `out = weight ⋆ x + bias`, as [`Conv2d::forward`].
    pub(crate) fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        kernels: KernelOrder,
        bias: Option<&[f32]>,
        out: &mut [f32],
        workspace: &mut WinogradWorkspace,
    ) {
        self.check(x, weight, out);
        match self.conv.kernel[0] {
            3 => {
                Arch::new().dispatch(Forward::<3, 4> { plan: self, x, weight, kernels, bias, out, workspace })
            }
            _ => {
                Arch::new().dispatch(Forward::<5, 2> { plan: self, x, weight, kernels, bias, out, workspace })
            }
        }
    }

    fn check(&self, x: &[f32], weight: &[f32], out: &[f32]) {
        let Conv2d { batch_size, channels: [in_channels, out_channels], input, kernel, .. } = self.conv;
        assert_eq!(x.len(), batch_size * in_channels * area(input), "length of x");
        assert_eq!(weight.len(), in_channels * out_channels * area(kernel), "length of the weight");
        assert_eq!(out.len(), batch_size * out_channels * area(self.conv.output()), "length of the result");
    }

    fn tiles_per_image(&self) -> usize {
        area(self.tiles)
    }

    /// Height and width of the padded input, which holds every tile completely.
    fn padded(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.result + self.conv.kernel[0] - 1)
    }

    /// Where the outputs of tile `index` go. Tiles are numbered through the images of a block.
    fn output_tile(&self, at: usize) -> OutputTile {
        let (size, [image, tile]) =
            (self.conv.output(), [at / self.tiles_per_image(), at % self.tiles_per_image()]);
        let [top, left] = [tile / self.tiles[1], tile % self.tiles[1]].map(|tile| tile * self.result);
        let inside = [size[0] - top, size[1] - left].map(|rest| rest.min(self.result));
        OutputTile { image, first: top * size[1] + left, inside }
    }

    /// The offset of the first value of tile `index` in a tensor of `channels` planes of this size.
    fn offset(&self, at: usize, channels: usize, size: [usize; 2]) -> usize {
        let (image, tile) = (at / self.tiles_per_image(), at % self.tiles_per_image());
        let [row, column] = [tile / self.tiles[1], tile % self.tiles[1]];
        (image * channels * size[0] + row * self.result) * size[1] + column * self.result
    }
}

/// Where the outputs of one tile go.
#[derive(Debug, Clone, Copy, Default)]
struct OutputTile {
    image: usize,
    /// Offset of its first value in the channel.
    first: usize,
    /// Rows and columns of the tile that lie inside the output.
    inside: [usize; 2],
}

/// The forward pass with kernels of side `K` and tile outputs of side `M`.
struct Forward<'a, const K: usize, const M: usize> {
    plan: &'a Winograd,
    x: &'a [f32],
    weight: &'a [f32],
    kernels: KernelOrder,
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    workspace: &'a mut WinogradWorkspace,
}

impl<const K: usize, const M: usize> WithSimd for Forward<'_, K, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, x, weight, kernels, bias, out, workspace } = self;
        let Conv2d { channels: [in_channels, out_channels], input, .. } = plan.conv;
        let stride = odd_cache_lines(out_channels.next_multiple_of(ROWS) * in_channels);
        let WinogradWorkspace { weights, inputs, outputs, padded } = workspace;
        let layer = (kernels, plan.conv.channels);
        let weights = cached_weights(weights, layer, weight, VALUES * stride, |to| {
            transform_weights::<S, K>(simd, plan, weight, kernels, stride, to);
        });
        let images = TILES_PER_BLOCK.div_ceil(plan.tiles_per_image());
        let each = [images * in_channels * area(input), images * out_channels * area(plan.conv.output())];
        for (x, out) in x.chunks(each[0]).zip(out.chunks_mut(each[1])) {
            let images = x.len() / (in_channels * area(input));
            let count = images * plan.tiles_per_image();
            let planes = images * in_channels;
            pad_and_dilate(x, planes, input, plan.padded(), plan.conv.padding, [1, 1], padded);
            for from in (0..count).step_by(TILES_PER_BLOCK) {
                let to = (from + TILES_PER_BLOCK).min(count);
                let columns = (to - from).next_multiple_of(2 * S::F32_LANES);
                transform_inputs(simd, plan, padded, from..to, inputs);
                outputs.resize(VALUES * odd_cache_lines(out_channels * columns), 0.0);
                let shape = [out_channels, in_channels, columns];
                matmul(simd, shape, [weights, inputs], outputs);
                transform_outputs::<S, M>(simd, plan, outputs, columns, from..to, bias, out);
            }
        }
    }
}

/// Transforms weights to `[value][panel of rows][in][row]`, one row per output channel, `stride` apart from
/// value to value.
#[inline(always)]
fn transform_weights<S: Simd, const K: usize>(
    simd: S,
    plan: &Winograd,
    weight: &[f32],
    kernels: KernelOrder,
    stride: usize,
    to: &mut [f32],
) {
    let Conv2d { channels: [in_channels, out_channels], .. } = plan.conv;
    let area = K * K;
    let mut values = Vec::new();
    for i in 0..in_channels {
        for first in (0..out_channels).step_by(S::F32_LANES) {
            let bases: [usize; MAX_LANES] = std::array::from_fn(|lane| {
                let o = (first + lane).min(out_channels - 1);
                area * match kernels {
                    KernelOrder::Forward => o * in_channels + i,
                    KernelOrder::Flipped => i * out_channels + o,
                }
            });
            let mut tile = match kernels {
                KernelOrder::Forward => winograd_transform::load::<S, K>(simd, weight, &bases, K),
                KernelOrder::Flipped => {
                    if values.is_empty() {
                        values = weight.chunks_exact(area).flat_map(|k| k.iter().rev().copied()).collect();
                    }
                    winograd_transform::load::<S, K>(simd, &values, &bases, K)
                }
            };
            winograd_transform::apply_both_sides::<S, KernelTransform, K, SIDE>(simd, &mut tile);
            for (value, vector) in tile.as_flattened().iter().enumerate() {
                let to = &mut to[value * stride..][..stride];
                if S::F32_LANES == ROWS {
                    S::as_mut_simd_f32s(&mut to[first * in_channels + i * ROWS..][..ROWS]).0[0] = *vector;
                    continue;
                }
                for (o, value) in (first..out_channels).zip(bytemuck::cast_slice::<_, f32>(&[*vector])) {
                    to[(o / ROWS * in_channels + i) * ROWS + o % ROWS] = *value;
                }
            }
        }
    }
}

/// Transforms input tiles to `[value][panel of two vectors of tiles][in][tile]`.
#[inline(always)]
fn transform_inputs<S: Simd>(
    simd: S,
    plan: &Winograd,
    padded: &[f32],
    tiles: Range<usize>,
    to: &mut Vec<f32>,
) {
    let ([in_channels, _], width) = (plan.conv.channels, 2 * S::F32_LANES);
    let (size, panels) = (plan.padded(), tiles.len().div_ceil(width));
    let plane = area(size);
    let value_stride = odd_cache_lines(panels * in_channels * width);
    to.resize(VALUES * value_stride, 0.0);
    for (half, first) in (0..panels * width).step_by(S::F32_LANES).enumerate() {
        let start: [usize; MAX_LANES] = std::array::from_fn(|lane| {
            plan.offset((tiles.start + first + lane).min(tiles.end - 1), in_channels, size)
        });
        for channel in 0..in_channels {
            let bases = start.map(|base| base + channel * plane);
            let mut tile = winograd_transform::load::<S, SIDE>(simd, padded, &bases, size[1]);
            winograd_transform::apply_both_sides::<S, InputTransform, SIDE, SIDE>(simd, &mut tile);
            let start_in_panel = (half / 2 * in_channels + channel) * width + half % 2 * S::F32_LANES;
            for (value, vector) in tile.as_flattened().iter().enumerate() {
                let start = value * value_stride + start_in_panel;
                S::as_mut_simd_f32s(&mut to[start..start + S::F32_LANES]).0[0] = *vector;
            }
        }
    }
}

/// The product of weights and inputs for each value: `[out][column] = Σ [out][in] · [in][column]`.
#[inline(always)]
fn matmul<S: Simd>(simd: S, [rows, inner, columns]: [usize; 3], [left, right]: [&[f32]; 2], to: &mut [f32]) {
    let width = 2 * S::F32_LANES;
    let (left_stride, right_stride, to_stride) = (
        odd_cache_lines(rows.next_multiple_of(ROWS) * inner),
        odd_cache_lines(columns * inner),
        odd_cache_lines(rows * columns),
    );
    for value in 0..VALUES {
        let left = &left[value * left_stride..][..left_stride];
        let right = &right[value * right_stride..][..columns * inner];
        let to = &mut to[value * to_stride..][..rows * columns];
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
fn transform_outputs<S: Simd, const M: usize>(
    simd: S,
    plan: &Winograd,
    from: &[f32],
    columns: usize,
    tiles: Range<usize>,
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let [_, out_channels] = plan.conv.channels;
    let (size, value_stride) = (plan.conv.output(), odd_cache_lines(out_channels * columns));
    let mut tiles_out = [OutputTile::default(); TILES_PER_BLOCK];
    for (output_tile, at) in tiles_out.iter_mut().zip(tiles.clone()) {
        *output_tile = plan.output_tile(at);
    }
    for channel in 0..out_channels {
        let bias = simd.splat_f32s(bias.map_or(0.0, |bias| bias[channel]));
        for (first, tiles_out) in (0..tiles.len()).step_by(S::F32_LANES).zip(tiles_out.chunks(S::F32_LANES)) {
            let mut tile =
                winograd_transform::gather::<S>(simd, from, value_stride, channel * columns + first);
            winograd_transform::apply_both_sides::<S, OutputTransform, SIDE, M>(simd, &mut tile);
            for value in tile[..M].iter_mut().flat_map(|row| &mut row[..M]) {
                *value = simd.add_f32s(*value, bias);
            }
            for (lane, output_tile) in tiles_out.iter().enumerate().take(tiles.len() - first) {
                let map = &mut out[(output_tile.image * out_channels + channel) * area(size)..][..area(size)];
                let lines = map[output_tile.first..].chunks_mut(size[1]).take(output_tile.inside[0]);
                for (line, row) in lines.zip(&tile) {
                    let values =
                        bytemuck::cast_slice::<_, f32>(&row[..M])[lane..].iter().step_by(S::F32_LANES);
                    line.iter_mut()
                        .zip(values)
                        .take(output_tile.inside[1])
                        .for_each(|(to, value)| *to = *value);
                }
            }
        }
    }
}

/// Rounds up to an odd number of cache lines. Rows or matrices a power of two apart would compete for a few
/// of the cache's sets.
fn odd_cache_lines(count: usize) -> usize {
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
    fn relative_error(a: &[f32], b: &[f64]) -> f64 {
        let largest = b.iter().fold(f64::MIN_POSITIVE, |most, b| most.max(b.abs()));
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max) / largest
    }

    #[test]
    fn cache_is_invalidated_when_a_weight_changes() {
        let conv = |channels| Conv2d {
            batch_size: 1,
            channels,
            input: [9; 2],
            kernel: [3; 2],
            stride: [1; 2],
            padding: [1; 2],
        };
        let mut workspace = crate::conv2d::Workspace::default();
        let mut run = |channels: [usize; 2], weight: &[f32]| {
            let (conv, x) = (conv(channels), noise(channels[0] * 81, 1));
            let fresh = &mut crate::conv2d::Workspace::default();
            let [cached, new] = [&mut workspace, fresh].map(|workspace| {
                let mut out = [vec![f32::NAN; channels[1] * 81], vec![f32::NAN; channels[0] * 81]];
                conv.forward(&x, weight, None, &mut out[0], workspace);
                conv.input_gradient(&noise(channels[1] * 81, 2), weight, &mut out[1], workspace);
                out.map(|out| out.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
            });
            assert_eq!(cached, new);
            cached
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
    fn cache_evicts_the_least_recently_used_layers() {
        let mut cache = Vec::new();
        for layer in 0..4 {
            cached_weights(
                &mut cache,
                (KernelOrder::Forward, [16, 16 + layer]),
                &[1.0],
                CACHE_VALUES / 3,
                |to| to.fill(1.0),
            );
        }
        let channels: Vec<_> = cache.iter().map(|entry| entry.channels[1]).collect();
        assert_eq!(channels, [18, 19]);
        let mut computed = false;
        cached_weights(&mut cache, (KernelOrder::Forward, [16, 18]), &[1.0], CACHE_VALUES / 3, |_| {
            computed = true
        });
        assert!(!computed && cache.last().unwrap().channels[1] == 18);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn forward_and_input_gradient_match_the_definition(
            batch_size in 1usize..20,
            channels in [16usize..40, 16usize..40],
            more in [0usize..12, 0usize..12],
            five: bool,
            padding in [0usize..5, 0usize..5],
        ) {
            let kernel = if five { 5 } else { 3 };
            let padding = padding.map(|p| p.min(kernel - 1));
            let input = more.map(|more| kernel + more);
            let conv = Conv2d { batch_size, channels, input, kernel: [kernel; 2], stride: [1; 2], padding };
            let [height, width] = conv.output();
            let x = noise(batch_size * channels[0] * area(input), 1);
            let weight = noise(channels[0] * channels[1] * kernel * kernel, 2);
            let bias = noise(channels[1], 3);
            let gradient = noise(batch_size * channels[1] * height * width, 4);
            let mut expected = [vec![0.0; gradient.len()], vec![0.0; x.len()]];
            for (out, sum) in expected[0].iter_mut().enumerate() {
                *sum = f64::from(bias[out / (height * width) % channels[1]]);
            }
            let sides = [batch_size, channels[1], height, width, channels[0], kernel, kernel];
            for at in 0..sides.iter().product() {
                let mut rest: usize = at;
                let mut index = [0; 7];
                for (index, size) in index.iter_mut().zip(sides).rev() {
                    (*index, rest) = (rest % size, rest / size);
                }
                let [n, o, y, c, i, ky, kx] = index;
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
            let mut workspace = crate::conv2d::Workspace::default();
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; x.len()]];
            prop_assert!(Winograd::for_conv(&conv).is_some());
            conv.forward(&x, &weight, Some(&bias), &mut out[0], &mut workspace);
            conv.input_gradient(&gradient, &weight, &mut out[1], &mut workspace);
            for (which, (out, expected)) in ["forward", "input"].iter().zip(out.iter().zip(&expected)) {
                let error = relative_error(out, expected);
                prop_assert!(error < 2e-5, "{which}: {error}");
            }
        }
    }
}
