//! 2D convolution with zero padding, and its gradients with respect to input, weight and bias.

use pulp::{Arch, Simd, WithSimd};

pub use crate::conv_shape::Conv2d;
use crate::conv_shape::{area, spread};
use crate::matmul::{IndexedMatrix, IndexedMatrixMut, MatmulWorkspace, matmul, offsets};
use crate::simd_ops;
use crate::winograd::{self, WeightTransform, Winograd};

/// Scratch memory of the convolutions, reused from call to call.
#[derive(Debug, Default)]
pub struct Workspace {
    padded: Vec<f32>,
    tiles: winograd::TransformCache,
    /// Scratch memory of the matrix products.
    pub scratch: MatmulWorkspace,
}

impl Conv2d {
    fn patch(&self) -> usize {
        self.channels[0] * area(self.kernel)
    }

    /// `out[n, o] = Σ_i weight[o, i] ⋆ x[n, i] + bias[o]`, as PyTorch's `conv2d`.
    ///
    /// `x` is `[batch, in, height, width]`, `weight` `[out, in, kernel height, kernel width]`, `out` `[batch,
    /// out, output height, output width]`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        out: &mut [f32],
        work: &mut Workspace,
    ) {
        if let Some(tiled) = Winograd::for_conv(self) {
            return tiled.forward(x, weight, WeightTransform::Forward, bias, out, &mut work.tiles);
        }
        let Workspace { padded, scratch, .. } = work;
        let (x, side) = self.pad(x, padded);
        let (rows, columns) = (self.taps(side), self.places(side));
        let left = (offsets(self.channels[1], self.patch()), offsets(self.patch(), 1));
        let to = self.maps_out();
        let target = IndexedMatrixMut::new(out, &to.0, &to.1);
        matmul(
            IndexedMatrix::new(weight, &left.0, &left.1),
            IndexedMatrix::new(x, &rows, &columns),
            bias,
            target,
            scratch,
        );
    }

    /// The gradient with respect to `weight`, given the gradient with respect to `out`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn weight_gradient(&self, x: &[f32], gradient: &[f32], weight: &mut [f32], work: &mut Workspace) {
        let Workspace { padded, scratch, .. } = work;
        let (x, side) = self.pad(x, padded);
        let (rows, columns) = (self.places(side), self.taps(side));
        let left = self.maps_out();
        let to = (offsets(self.channels[1], self.patch()), offsets(self.patch(), 1));
        let target = IndexedMatrixMut::new(weight, &to.0, &to.1);
        matmul(
            IndexedMatrix::new(gradient, &left.0, &left.1),
            IndexedMatrix::new(x, &rows, &columns),
            None,
            target,
            scratch,
        );
    }

    /// The gradient with respect to `x`, given the gradient with respect to `out`: a convolution of the
    /// stride-dilated gradient with the flipped kernels.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn input_gradient(&self, gradient: &[f32], weight: &[f32], x: &mut [f32], work: &mut Workspace) {
        let [incoming, outgoing] = self.channels;
        if let Some(tiled) = Winograd::for_conv(&self.turned()) {
            return tiled.forward(gradient, weight, WeightTransform::Turned, None, x, &mut work.tiles);
        }
        let [height, width] = self.kernel;
        let Workspace { padded, scratch, .. } = work;
        let side = [0, 1].map(|d| self.input[d] + self.kernel[d] - 1);
        let before = [0, 1].map(|d| self.kernel[d] - 1 - self.padding[d]);
        spread(gradient, self.images * outgoing, self.output(), side, before, self.stride, padded);
        let mut rows = Vec::with_capacity(outgoing * area(self.kernel));
        for channel in 0..outgoing {
            for y in (0..height).rev() {
                rows.extend((0..width).rev().map(|x| channel * area(side) + y * side[1] + x));
            }
        }
        let columns = places(self.images, outgoing * area(side), self.input, [side[1], 1]);
        let left =
            (offsets(incoming, area(self.kernel)), places(outgoing, self.patch(), self.kernel, [width, 1]));
        let to = (offsets(incoming, area(self.input)), self.maps(incoming, self.input));
        let target = IndexedMatrixMut::new(x, &to.0, &to.1);
        let (left, right) =
            (IndexedMatrix::new(weight, &left.0, &left.1), IndexedMatrix::new(padded, &rows, &columns));
        matmul(left, right, None, target, scratch);
    }

    /// For stride 1: the convolution that maps the output gradient to the input gradient.
    fn turned(&self) -> Self {
        let [incoming, outgoing] = self.channels;
        let padding = [0, 1].map(|d| self.kernel[d] - 1 - self.padding[d]);
        Self { channels: [outgoing, incoming], input: self.output(), padding, ..*self }
    }

    /// The zero-padded input, and its height and width.
    fn pad<'a>(&self, x: &'a [f32], padded: &'a mut Vec<f32>) -> (&'a [f32], [usize; 2]) {
        let side = [0, 1].map(|d| self.input[d] + 2 * self.padding[d]);
        if self.padding == [0, 0] {
            return (x, side);
        }
        spread(x, self.images * self.channels[0], self.input, side, self.padding, [1, 1], padded);
        (padded, side)
    }

    /// Offsets of the values of one patch, in the order of a kernel's weights.
    fn taps(&self, side: [usize; 2]) -> Vec<usize> {
        places(self.channels[0], area(side), self.kernel, [side[1], 1])
    }

    /// Offsets of the first value of each patch, in the order of the output pixels.
    fn places(&self, side: [usize; 2]) -> Vec<usize> {
        let [down, right] = self.stride;
        places(self.images, self.channels[0] * area(side), self.output(), [down * side[1], right])
    }

    /// Row and column offsets of the output as a matrix: one row per channel, one column per pixel of an
    /// image.
    fn maps_out(&self) -> (Vec<usize>, Vec<usize>) {
        (offsets(self.channels[1], area(self.output())), self.maps(self.channels[1], self.output()))
    }

    fn maps(&self, channels: usize, side: [usize; 2]) -> Vec<usize> {
        places(self.images, channels * area(side), side, [side[1], 1])
    }
}

/// The gradient with respect to the bias, given the gradient with respect to the output `[batch, channels,
/// pixels]`: its sum over batch and pixels.
pub fn bias_gradient(gradient: &[f32], [channels, pixels]: [usize; 2], bias: &mut [f32]) {
    bias.fill(0.0);
    Arch::new().dispatch(MapSums { gradient, shape: [channels, pixels], sums: bias });
}

struct MapSums<'a> {
    gradient: &'a [f32],
    shape: [usize; 2],
    sums: &'a mut [f32],
}

impl WithSimd for MapSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { gradient, shape: [channels, pixels], sums } = self;
        for image in gradient.chunks_exact(channels * pixels) {
            for (sum, map) in sums.iter_mut().zip(image.chunks_exact(pixels)) {
                *sum += simd_ops::sum(simd, [map], |[values]| values);
            }
        }
    }
}

/// Offsets of a `size` grid of values in each of `count` planes that are `plane` values apart. `steps` are
/// the distances from row to row and from column to column.
fn places(count: usize, plane: usize, side: [usize; 2], steps: [usize; 2]) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(count * area(side));
    for i in 0..count {
        for y in 0..side[0] {
            offsets.extend((0..side[1]).map(|x| i * plane + y * steps[0] + x * steps[1]));
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small integers: their sums are exact in any order.
    fn values(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 7919 + seed * 104_729) % 7) as f32 - 3.0).collect()
    }

    /// Every product of the definition, as `[x index, weight index, out index]`.
    fn products(conv: &Conv2d) -> Vec<[usize; 3]> {
        let ([incoming, outgoing], [height, width], [oh, ow]) = (conv.channels, conv.input, conv.output());
        let mut all = Vec::new();
        for n in 0..conv.images {
            for o in 0..outgoing {
                for (y, x) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
                    for i in 0..incoming {
                        for ky in 0..conv.kernel[0] {
                            for kx in 0..conv.kernel[1] {
                                let (iy, ix) = (y * conv.stride[0] + ky, x * conv.stride[1] + kx);
                                let (top, left) = (conv.padding[0], conv.padding[1]);
                                if iy < top || ix < left || iy - top >= height || ix - left >= width {
                                    continue;
                                }
                                all.push([
                                    ((n * incoming + i) * height + iy - top) * width + ix - left,
                                    ((o * incoming + i) * conv.kernel[0] + ky) * conv.kernel[1] + kx,
                                    ((n * outgoing + o) * oh + y) * ow + x,
                                ]);
                            }
                        }
                    }
                }
            }
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn forward_and_gradients_are_those_of_the_definition(
            images in 1usize..4,
            channels in [1usize..9, 1usize..14],
            more in [0usize..9, 0usize..9],
            kernel in [1usize..6, 1usize..6],
            stride in [1usize..4, 1usize..4],
            padding in [0usize..5, 0usize..5],
        ) {
            let padding = [0, 1].map(|d| padding[d].min(kernel[d] - 1));
            let input = [0, 1].map(|d| kernel[d] + more[d]);
            let conv = Conv2d { images, channels, input, kernel, stride, padding };
            let x = values(images * channels[0] * area(input), 1);
            let weight = values(channels[1] * conv.patch(), 2);
            let bias = values(channels[1], 3);
            let gradient = values(images * channels[1] * area(conv.output()), 4);
            let mut expected = [vec![0.0; gradient.len()], vec![0.0; weight.len()], vec![0.0; x.len()]];
            for (i, out) in expected[0].iter_mut().enumerate() {
                *out = bias[i / area(conv.output()) % channels[1]];
            }
            for [i, w, o] in products(&conv) {
                expected[0][o] += x[i] * weight[w];
                expected[1][w] += x[i] * gradient[o];
                expected[2][i] += weight[w] * gradient[o];
            }
            let mut work = Workspace::default();
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; weight.len()], vec![f32::NAN; x.len()]];
            conv.forward(&x, &weight, Some(&bias), &mut out[0], &mut work);
            conv.weight_gradient(&x, &gradient, &mut out[1], &mut work);
            conv.input_gradient(&gradient, &weight, &mut out[2], &mut work);
            prop_assert_eq!(out, expected);
            let mut sums = vec![f32::NAN; channels[1]];
            bias_gradient(&gradient, [channels[1], area(conv.output())], &mut sums);
            let maps: Vec<f32> = gradient.chunks(area(conv.output())).map(|map| map.iter().sum()).collect();
            let expected: Vec<f32> = (0..channels[1]).map(|o| maps.iter().skip(o).step_by(channels[1]).sum()).collect();
            prop_assert_eq!(sums, expected);
        }
    }
}
