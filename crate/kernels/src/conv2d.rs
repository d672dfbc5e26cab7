//! 2D convolution with zero padding, and its gradients with respect to input, weight and bias.

use pulp::{Arch, Simd, WithSimd};

pub use crate::conv_shape::Conv2d;
use crate::conv_shape::{area, pad_and_dilate};
use crate::matmul::{IndexedMatrix, IndexedMatrixMut, MatmulWorkspace, matmul, offsets};
use crate::simd_ops;
use crate::winograd::{self, KernelOrder, Winograd};

/// Scratch memory of the convolutions, reused from call to call.
#[derive(Debug, Default)]
pub struct Workspace {
    padded: Vec<f32>,
    winograd: winograd::WinogradWorkspace,
    /// Scratch memory of the matrix products.
    pub matmul_workspace: MatmulWorkspace,
}

impl Conv2d {
    fn patch_len(&self) -> usize {
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
        workspace: &mut Workspace,
    ) {
        if let Some(winograd_conv) = Winograd::for_conv(self) {
            return winograd_conv.forward(
                x,
                weight,
                KernelOrder::Forward,
                bias,
                out,
                &mut workspace.winograd,
            );
        }
        let Workspace { padded, matmul_workspace, .. } = workspace;
        let (x, size) = self.pad_input(x, padded);
        let (rows, columns) = (self.kernel_offsets(size), self.patch_offsets(size));
        let left = (offsets(self.channels[1], self.patch_len()), offsets(self.patch_len(), 1));
        let to = self.output_offsets();
        let target = IndexedMatrixMut::new(out, &to.0, &to.1);
        matmul(
            IndexedMatrix::new(weight, &left.0, &left.1),
            IndexedMatrix::new(x, &rows, &columns),
            bias,
            target,
            matmul_workspace,
        );
    }

    /// The gradient with respect to `weight`, given the gradient with respect to `out`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn weight_gradient(
        &self,
        x: &[f32],
        gradient: &[f32],
        weight: &mut [f32],
        workspace: &mut Workspace,
    ) {
        let Workspace { padded, matmul_workspace, .. } = workspace;
        let (x, size) = self.pad_input(x, padded);
        let (rows, columns) = (self.patch_offsets(size), self.kernel_offsets(size));
        let left = self.output_offsets();
        let to = (offsets(self.channels[1], self.patch_len()), offsets(self.patch_len(), 1));
        let target = IndexedMatrixMut::new(weight, &to.0, &to.1);
        matmul(
            IndexedMatrix::new(gradient, &left.0, &left.1),
            IndexedMatrix::new(x, &rows, &columns),
            None,
            target,
            matmul_workspace,
        );
    }

    /// The gradient with respect to `x`, given the gradient with respect to `out`: a convolution of the
    /// stride-dilated gradient with the flipped kernels.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn input_gradient(&self, gradient: &[f32], weight: &[f32], x: &mut [f32], workspace: &mut Workspace) {
        let [in_channels, out_channels] = self.channels;
        if let Some(winograd_conv) = Winograd::for_conv(&self.transposed()) {
            return winograd_conv.forward(
                gradient,
                weight,
                KernelOrder::Flipped,
                None,
                x,
                &mut workspace.winograd,
            );
        }
        let [height, width] = self.kernel;
        let Workspace { padded, matmul_workspace, .. } = workspace;
        let size = [0, 1].map(|d| self.input[d] + self.kernel[d] - 1);
        let before = [0, 1].map(|d| self.kernel[d] - 1 - self.padding[d]);
        pad_and_dilate(
            gradient,
            self.batch_size * out_channels,
            self.output(),
            size,
            before,
            self.stride,
            padded,
        );
        let mut rows = Vec::with_capacity(out_channels * area(self.kernel));
        for channel in 0..out_channels {
            for y in (0..height).rev() {
                rows.extend((0..width).rev().map(|x| channel * area(size) + y * size[1] + x));
            }
        }
        let columns = strided_offsets(self.batch_size, out_channels * area(size), self.input, [size[1], 1]);
        let left = (
            offsets(in_channels, area(self.kernel)),
            strided_offsets(out_channels, self.patch_len(), self.kernel, [width, 1]),
        );
        let to = (offsets(in_channels, area(self.input)), self.pixel_offsets(in_channels, self.input));
        let target = IndexedMatrixMut::new(x, &to.0, &to.1);
        let (left, right) =
            (IndexedMatrix::new(weight, &left.0, &left.1), IndexedMatrix::new(padded, &rows, &columns));
        matmul(left, right, None, target, matmul_workspace);
    }

    /// For stride 1: the convolution that maps the output gradient to the input gradient.
    fn transposed(&self) -> Self {
        let [in_channels, out_channels] = self.channels;
        let padding = [0, 1].map(|d| self.kernel[d] - 1 - self.padding[d]);
        Self { channels: [out_channels, in_channels], input: self.output(), padding, ..*self }
    }

    /// The zero-padded input, and its height and width.
    fn pad_input<'a>(&self, x: &'a [f32], padded: &'a mut Vec<f32>) -> (&'a [f32], [usize; 2]) {
        let size = [0, 1].map(|d| self.input[d] + 2 * self.padding[d]);
        if self.padding == [0, 0] {
            return (x, size);
        }
        pad_and_dilate(x, self.batch_size * self.channels[0], self.input, size, self.padding, [1, 1], padded);
        (padded, size)
    }

    /// Offsets of the values of one patch, in the order of a kernel's weights.
    fn kernel_offsets(&self, size: [usize; 2]) -> Vec<usize> {
        strided_offsets(self.channels[0], area(size), self.kernel, [size[1], 1])
    }

    /// Offsets of the first value of each patch, in the order of the output pixels.
    fn patch_offsets(&self, size: [usize; 2]) -> Vec<usize> {
        let [down, right] = self.stride;
        strided_offsets(
            self.batch_size,
            self.channels[0] * area(size),
            self.output(),
            [down * size[1], right],
        )
    }

    /// Row and column offsets of the output as a matrix: one row per channel, one column per pixel of an
    /// image.
    fn output_offsets(&self) -> (Vec<usize>, Vec<usize>) {
        (offsets(self.channels[1], area(self.output())), self.pixel_offsets(self.channels[1], self.output()))
    }

    fn pixel_offsets(&self, channels: usize, size: [usize; 2]) -> Vec<usize> {
        strided_offsets(self.batch_size, channels * area(size), size, [size[1], 1])
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
fn strided_offsets(count: usize, plane: usize, size: [usize; 2], steps: [usize; 2]) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(count * area(size));
    for i in 0..count {
        for y in 0..size[0] {
            offsets.extend((0..size[1]).map(|x| i * plane + y * steps[0] + x * steps[1]));
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
        let ([in_channels, out_channels], [height, width], [oh, ow]) =
            (conv.channels, conv.input, conv.output());
        let mut all = Vec::new();
        for n in 0..conv.batch_size {
            for o in 0..out_channels {
                for (y, x) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
                    for i in 0..in_channels {
                        for ky in 0..conv.kernel[0] {
                            for kx in 0..conv.kernel[1] {
                                let (iy, ix) = (y * conv.stride[0] + ky, x * conv.stride[1] + kx);
                                let (top, left) = (conv.padding[0], conv.padding[1]);
                                if iy < top || ix < left || iy - top >= height || ix - left >= width {
                                    continue;
                                }
                                all.push([
                                    ((n * in_channels + i) * height + iy - top) * width + ix - left,
                                    ((o * in_channels + i) * conv.kernel[0] + ky) * conv.kernel[1] + kx,
                                    ((n * out_channels + o) * oh + y) * ow + x,
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
        fn forward_and_gradients_match_the_definition(
            batch_size in 1usize..4,
            channels in [1usize..9, 1usize..14],
            more in [0usize..9, 0usize..9],
            kernel in [1usize..6, 1usize..6],
            stride in [1usize..4, 1usize..4],
            padding in [0usize..5, 0usize..5],
        ) {
            let padding = [0, 1].map(|d| padding[d].min(kernel[d] - 1));
            let input = [0, 1].map(|d| kernel[d] + more[d]);
            let conv = Conv2d { batch_size, channels, input, kernel, stride, padding };
            let x = values(batch_size * channels[0] * area(input), 1);
            let weight = values(channels[1] * conv.patch_len(), 2);
            let bias = values(channels[1], 3);
            let gradient = values(batch_size * channels[1] * area(conv.output()), 4);
            let mut expected = [vec![0.0; gradient.len()], vec![0.0; weight.len()], vec![0.0; x.len()]];
            for (i, out) in expected[0].iter_mut().enumerate() {
                *out = bias[i / area(conv.output()) % channels[1]];
            }
            for [i, w, o] in products(&conv) {
                expected[0][o] += x[i] * weight[w];
                expected[1][w] += x[i] * gradient[o];
                expected[2][i] += weight[w] * gradient[o];
            }
            let mut workspace = Workspace::default();
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; weight.len()], vec![f32::NAN; x.len()]];
            conv.forward(&x, &weight, Some(&bias), &mut out[0], &mut workspace);
            conv.weight_gradient(&x, &gradient, &mut out[1], &mut workspace);
            conv.input_gradient(&gradient, &weight, &mut out[2], &mut workspace);
            prop_assert_eq!(out, expected);
            let mut sums = vec![f32::NAN; channels[1]];
            bias_gradient(&gradient, [channels[1], area(conv.output())], &mut sums);
            let maps: Vec<f32> = gradient.chunks(area(conv.output())).map(|map| map.iter().sum()).collect();
            let expected: Vec<f32> = (0..channels[1]).map(|o| maps.iter().skip(o).step_by(channels[1]).sum()).collect();
            prop_assert_eq!(sums, expected);
        }
    }
}
