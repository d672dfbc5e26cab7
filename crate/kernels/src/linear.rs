//! The fully connected layer.

use pulp::{Arch, Simd, WithSimd};

use self::lanes::Sums;
use crate::matmul::{IndexedMatrix, IndexedMatrixMut, MatmulWorkspace, matmul, offsets};

/// From this batch size on a matrix product is faster than one pass over the weights per sample.
const FEW: usize = 3;

/// Rows of int8 weights dequantised at once for a matrix product. The result fits into the cache.
const PANEL: usize = 64;

/// Weights of a fully connected layer in int8, with one scale per output unit: `weight = scale · value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8Rows {
    /// `[out, in]`.
    pub bytes: Vec<i8>,
    /// `[out]`.
    pub scales: Vec<f32>,
}

impl Int8Rows {
    /// Writes the `f32` weights of as many rows as fit into `into`, starting at row `first`.
    pub fn widen(&self, first: usize, into: &mut [f32]) {
        let incoming = self.bytes.len() / self.scales.len().max(1);
        let rows = self.bytes.chunks_exact(incoming.max(1)).zip(&self.scales).skip(first);
        for (into, (bytes, scale)) in into.chunks_exact_mut(incoming.max(1)).zip(rows) {
            let ((blocks, last), (bytes, end)) = (into.as_chunks_mut::<BLOCK>(), bytes.as_chunks::<BLOCK>());
            blocks.iter_mut().zip(bytes).for_each(|(into, bytes)| *into = lanes::widened(bytes, *scale));
            last.iter_mut().zip(end).for_each(|(weight, byte)| *weight = f32::from(*byte) * scale);
        }
    }
}

/// The shape of a fully connected layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    /// Number of samples in the batch.
    pub images: usize,
    /// Input and output units.
    pub units: [usize; 2],
}

impl Linear {
    /// `out[n, o] = Σ_i weight[o, i] · x[n, i] + bias[o]`, with `weight` `[out, in]`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        out: &mut [f32],
        scratch: &mut MatmulWorkspace,
    ) {
        let (images, [incoming, outgoing]) = (self.images, self.units);
        assert_eq!((x.len(), weight.len()), (images * incoming, outgoing * incoming), "lengths");
        assert_eq!(out.len(), images * outgoing, "length of the result");
        if images < FEW && incoming > 0 {
            let values = x.chunks_exact(incoming).zip(out.chunks_exact_mut(outgoing));
            for (x, out) in values {
                Arch::new().dispatch(Rows { x, weight, out });
                if let Some(bias) = bias {
                    out.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
                }
            }
            return;
        }
        let (rows, inner) = (offsets(outgoing, incoming), offsets(incoming, 1));
        let (columns, to) = (offsets(images, incoming), (offsets(outgoing, 1), offsets(images, outgoing)));
        let (left, right) =
            (IndexedMatrix::new(weight, &rows, &inner), IndexedMatrix::new(x, &inner, &columns));
        matmul(left, right, bias, IndexedMatrixMut::new(out, &to.0, &to.1), scratch);
    }

    /// [`Linear::forward`] with int8 weights, which are a quarter of the memory to read.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward_int8(
        &self,
        x: &[f32],
        weight: &Int8Rows,
        bias: &[f32],
        out: &mut [f32],
        scratch: &mut MatmulWorkspace,
    ) {
        let (images, [incoming, outgoing]) = (self.images, self.units);
        assert_eq!((x.len(), weight.bytes.len()), (images * incoming, outgoing * incoming), "lengths");
        assert_eq!((out.len(), weight.scales.len()), (images * outgoing, outgoing), "lengths");
        if incoming == 0 || outgoing == 0 {
            return out.chunks_exact_mut(outgoing.max(1)).for_each(|out| out.copy_from_slice(bias));
        }
        if images < FEW {
            for (x, out) in x.chunks_exact(incoming).zip(out.chunks_exact_mut(outgoing)) {
                Arch::new().dispatch(Rows { x: &planes(x), weight: weight.bytes.as_slice(), out });
                for ((out, scale), bias) in out.iter_mut().zip(&weight.scales).zip(bias) {
                    *out = *out * scale + bias;
                }
            }
            return;
        }
        let (inner, rows) = (offsets(incoming, 1), offsets(PANEL, incoming));
        let columns = offsets(images, incoming);
        let (to_rows, to_columns) = (offsets(outgoing, 1), offsets(images, outgoing));
        let right = IndexedMatrix::new(x, &inner, &columns);
        let mut widened = vec![0.0; PANEL.min(outgoing) * incoming];
        for (panel, to_rows) in to_rows.chunks(PANEL).enumerate() {
            let first = panel * PANEL;
            let widened = &mut widened[..to_rows.len() * incoming];
            weight.widen(first, widened);
            let left = IndexedMatrix::new(widened, &rows[..to_rows.len()], &inner);
            let bias = &bias[first..][..to_rows.len()];
            matmul(left, right, Some(bias), IndexedMatrixMut::new(out, to_rows, &to_columns), scratch);
        }
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
        scratch: &mut MatmulWorkspace,
    ) {
        let (images, [incoming, outgoing]) = (self.images, self.units);
        let (rows, inner) = (offsets(outgoing, 1), offsets(images, outgoing));
        let (from, columns) = (offsets(images, incoming), offsets(incoming, 1));
        let to = offsets(outgoing, incoming);
        let (left, right) =
            (IndexedMatrix::new(gradient, &rows, &inner), IndexedMatrix::new(x, &from, &columns));
        matmul(left, right, None, IndexedMatrixMut::new(weight, &to, &columns), scratch);
    }

    /// The gradient with respect to `x`, given the gradient with respect to `out`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn input_gradient(
        &self,
        gradient: &[f32],
        weight: &[f32],
        x: &mut [f32],
        scratch: &mut MatmulWorkspace,
    ) {
        let (images, [incoming, outgoing]) = (self.images, self.units);
        let (rows, inner) = (offsets(images, outgoing), offsets(outgoing, 1));
        let (from, columns) = (offsets(outgoing, incoming), offsets(incoming, 1));
        let to = offsets(images, incoming);
        let (left, right) =
            (IndexedMatrix::new(gradient, &rows, &inner), IndexedMatrix::new(weight, &from, &columns));
        matmul(left, right, None, IndexedMatrixMut::new(x, &to, &columns), scratch);
    }
}

/// Rows read in parallel. Several memory streams are faster than one (1.5 times, on a matrix of 151 MB).
const STREAMS: usize = 4;

/// Matrix-vector product. It is limited by memory bandwidth.
struct Rows<'a, W> {
    x: &'a [f32],
    weight: &'a [W],
    out: &'a mut [f32],
}

/// The element type of a weight matrix.
trait Number: Sized {
    /// The dot products of `x` with each of the rows.
    fn products<S: Simd, const ROWS: usize>(simd: S, x: &[f32], rows: &[Self]) -> [f32; ROWS];
}

impl<W: Number> WithSimd for Rows<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, weight, out } = self;
        let (outs, last) = out.as_chunks_mut::<STREAMS>();
        let (weights, rest) = weight.split_at(outs.len() * STREAMS * x.len());
        for (rows, out) in weights.chunks_exact(STREAMS * x.len()).zip(outs) {
            *out = W::products(simd, x, rows);
        }
        for (row, out) in rest.chunks_exact(x.len()).zip(last) {
            [*out] = W::products(simd, x, row);
        }
    }
}

impl Number for f32 {
    #[inline(always)]
    fn products<S: Simd, const ROWS: usize>(simd: S, x: &[f32], rows: &[Self]) -> [f32; ROWS] {
        let length = x.len();
        let (x, x_end) = S::as_simd_f32s(x);
        let (x, x_last) = x.as_chunks::<2>();
        let rows: [_; ROWS] = std::array::from_fn(|row| {
            let (row, end) = S::as_simd_f32s(&rows[row * length..][..length]);
            let (row, last) = row.as_chunks::<2>();
            (&row[..x.len()], last, end)
        });
        let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
        for (at, x) in x.iter().enumerate() {
            for (sums, (row, ..)) in sums.iter_mut().zip(&rows) {
                for ((sum, x), weight) in sums.iter_mut().zip(x).zip(&row[at]) {
                    *sum = simd.mul_add_e_f32s(*x, *weight, *sum);
                }
            }
        }
        std::array::from_fn(|at| {
            let ([even, odd], (_, last, end)) = (sums[at], rows[at]);
            let even = x_last.iter().zip(last).fold(even, |sum, (x, w)| simd.mul_add_e_f32s(*x, *w, sum));
            let end: f32 = x_end.iter().zip(end).map(|(x, w)| x * w).sum();
            simd.reduce_sum_f32s(simd.add_f32s(even, odd)) + end
        })
    }
}

/// Int8 values processed at once: four 32-bit words of four.
const BLOCK: usize = 16;

/// Reorders each whole block of 16 values as the int8 kernel unpacks them: first byte 0 of each of the four
/// words, then byte 1, and so on.
fn planes(x: &[f32]) -> Vec<f32> {
    let mut x = x.to_vec();
    for block in x.as_chunks_mut::<BLOCK>().0 {
        *block = std::array::from_fn(|at| block[at % 4 * 4 + at / 4]);
    }
    x
}

impl Number for i8 {
    // Not pulp's vectors, which have no conversion from bytes. Bytes are shifted out of 32-bit words, which
    // takes half the instructions of widening them in order. `x` must be in the order of [`interleave`].
    #[inline(always)]
    fn products<S: Simd, const ROWS: usize>(_simd: S, x: &[f32], rows: &[Self]) -> [f32; ROWS] {
        let length = x.len();
        let (x, x_end) = x.as_chunks::<BLOCK>();
        let rows: [_; ROWS] = std::array::from_fn(|row| {
            let (row, end) = rows[row * length..][..length].as_chunks::<BLOCK>();
            (&row[..x.len()], end)
        });
        let mut sums = [Sums::ZERO; ROWS];
        for (at, x) in x.iter().enumerate() {
            for (sums, (row, _)) in sums.iter_mut().zip(&rows) {
                *sums = sums.and(x, &row[at]);
            }
        }
        std::array::from_fn(|at| {
            let end: f32 = x_end.iter().zip(rows[at].1).map(|(x, w)| x * f32::from(*w)).sum();
            sums[at].total() + end
        })
    }
}

/// Four lanes, in portable Rust.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::BLOCK;

    #[derive(Clone, Copy)]
    pub struct Sums([f32; 4]);

    impl Sums {
        pub const ZERO: Self = Self([0.0; 4]);

        /// Adds the products of a block of `x`, in the order of [`super::interleave`], and a block of int8
        /// weights.
        #[inline(always)]
        pub fn and(mut self, x: &[f32; BLOCK], row: &[i8; BLOCK]) -> Self {
            let words: [i32; 4] = std::array::from_fn(|word| {
                i32::from_le_bytes(std::array::from_fn(|byte| row[4 * word + byte] as u8))
            });
            for (plane, x) in x.as_chunks::<4>().0.iter().enumerate() {
                for lane in 0..4 {
                    self.0[lane] += x[lane] * ((words[lane] << (24 - 8 * plane)) >> 24) as f32;
                }
            }
            self
        }

        #[inline(always)]
        pub fn total(self) -> f32 {
            self.0.iter().sum()
        }
    }

    /// Converts int8 values to `f32`, in order.
    #[inline(always)]
    pub fn widened(bytes: &[i8; BLOCK], scale: f32) -> [f32; BLOCK] {
        bytes.map(|byte| f32::from(byte) * scale)
    }
}

/// Four lanes, in wasm SIMD. The wasm build optimises for size, where the compiler does not vectorise.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use std::arch::wasm32::{
        f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, f32x4_splat,
        i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_extend_high_i16x8, i32x4_extend_low_i16x8,
        i32x4_shl, i32x4_shr, v128, v128_load, v128_store,
    };

    use super::BLOCK;

    #[derive(Clone, Copy)]
    pub struct Sums(v128);

    impl Sums {
        pub const ZERO: Self = Self(f32x4(0.0, 0.0, 0.0, 0.0));

        #[inline(always)]
        pub fn and(self, x: &[f32; BLOCK], row: &[i8; BLOCK]) -> Self {
            // SAFETY: reads the 16 bytes of `row`, and below 4 of the 16 values of `x`. Wasm loads need no
            // alignment.
            let words = unsafe { v128_load(row.as_ptr().cast()) };
            let mut sums = self.0;
            for plane in 0..4 {
                let numbers = unsafe { v128_load(x.as_ptr().add(4 * plane).cast()) };
                let bytes = i32x4_shr(i32x4_shl(words, 24 - 8 * plane as u32), 24);
                sums = f32x4_add(sums, f32x4_mul(numbers, f32x4_convert_i32x4(bytes)));
            }
            Self(sums)
        }

        #[inline(always)]
        pub fn total(self) -> f32 {
            let Self(sums) = self;
            f32x4_extract_lane::<0>(sums)
                + f32x4_extract_lane::<1>(sums)
                + f32x4_extract_lane::<2>(sums)
                + f32x4_extract_lane::<3>(sums)
        }
    }

    #[inline(always)]
    pub fn widened(bytes: &[i8; BLOCK], scale: f32) -> [f32; BLOCK] {
        let mut numbers = [0.0f32; BLOCK];
        // SAFETY: reads the 16 bytes of a reference. Wasm loads need no alignment.
        let bytes = unsafe { v128_load(bytes.as_ptr().cast()) };
        let (low, high) = (i16x8_extend_low_i8x16(bytes), i16x8_extend_high_i8x16(bytes));
        let parts = [
            i32x4_extend_low_i16x8(low),
            i32x4_extend_high_i16x8(low),
            i32x4_extend_low_i16x8(high),
            i32x4_extend_high_i16x8(high),
        ];
        for (part, numbers) in parts.into_iter().zip(numbers.as_chunks_mut::<4>().0) {
            let part = f32x4_mul(f32x4_convert_i32x4(part), f32x4_splat(scale));
            // SAFETY: writes the four values of a reference. Wasm stores need no alignment.
            unsafe { v128_store(numbers.as_mut_ptr().cast(), part) };
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn forward_and_gradients_are_those_of_the_definition(
            images in 1usize..12, units in [1usize..90, 1usize..20],
        ) {
            let linear = Linear { images, units };
            let value = |i: usize| ((i * 7919) % 7) as f32 - 3.0;
            let [incoming, outgoing] = units;
            let x: Vec<f32> = (0..images * incoming).map(value).collect();
            let weight: Vec<f32> = (1..=outgoing * incoming).map(value).collect();
            let bias: Vec<f32> = (2..outgoing + 2).map(value).collect();
            let gradient: Vec<f32> = (3..images * outgoing + 3).map(value).collect();
            let mut expected: Vec<f32> = (0..images).flat_map(|_| bias.clone()).collect();
            let (mut by_weight, mut by_x) = (vec![0.0; weight.len()], vec![0.0; x.len()]);
            for n in 0..images {
                for o in 0..outgoing {
                    for i in 0..incoming {
                        expected[n * outgoing + o] += weight[o * incoming + i] * x[n * incoming + i];
                        by_weight[o * incoming + i] += gradient[n * outgoing + o] * x[n * incoming + i];
                        by_x[n * incoming + i] += gradient[n * outgoing + o] * weight[o * incoming + i];
                    }
                }
            }
            let mut scratch = MatmulWorkspace::default();
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; weight.len()], vec![f32::NAN; x.len()]];
            linear.forward(&x, &weight, Some(&bias), &mut out[0], &mut scratch);
            linear.weight_gradient(&x, &gradient, &mut out[1], &mut scratch);
            linear.input_gradient(&gradient, &weight, &mut out[2], &mut scratch);
            let bytes = Int8Rows {
                bytes: weight.iter().map(|weight| (weight * 2.0) as i8).collect(),
                scales: vec![0.5; outgoing],
            };
            let mut in_bytes = vec![f32::NAN; gradient.len()];
            linear.forward_int8(&x, &bytes, &bias, &mut in_bytes, &mut scratch);
            prop_assert_eq!(&in_bytes, &expected);
            prop_assert_eq!(out, [expected, by_weight, by_x]);
        }
    }
}
