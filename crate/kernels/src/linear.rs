//! The fully connected layer.

use pulp::{Arch, Simd, WithSimd};

use self::lanes::LaneSums;
use crate::matmul::{IndexedMatrix, IndexedMatrixMut, MatmulWorkspace, matmul, offsets};

/// From this batch size on a matrix product is faster than one pass over the weights per sample.
const SMALL_BATCH: usize = 3;

/// Rows of int8 weights dequantised at once for a matrix product. The result fits into the cache.
const PANEL: usize = 64;

/// Weights of a fully connected layer in int8, with one scale per output unit: `weight = scale · value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8Weights {
    /// `[out, in]`.
    pub values: Vec<i8>,
    /// `[out]`.
    pub scales: Vec<f32>,
}

impl Int8Weights {
    /// Writes the `f32` weights of as many rows as fit into `into`, starting at row `first`.
    pub fn dequantize(&self, first: usize, into: &mut [f32]) {
        let inputs = self.values.len() / self.scales.len().max(1);
        let rows = self.values.chunks_exact(inputs.max(1)).zip(&self.scales).skip(first);
        for (into, (values, scale)) in into.chunks_exact_mut(inputs.max(1)).zip(rows) {
            let ((blocks, last), (values, end)) =
                (into.as_chunks_mut::<BLOCK>(), values.as_chunks::<BLOCK>());
            blocks
                .iter_mut()
                .zip(values)
                .for_each(|(into, values)| *into = lanes::dequantized(values, *scale));
            last.iter_mut().zip(end).for_each(|(weight, byte)| *weight = f32::from(*byte) * scale);
        }
    }
}

/// The shape of a fully connected layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    /// Number of samples in the batch.
    pub batch_size: usize,
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
        workspace: &mut MatmulWorkspace,
    ) {
        let (batch_size, [inputs, outputs]) = (self.batch_size, self.units);
        assert_eq!((x.len(), weight.len()), (batch_size * inputs, outputs * inputs), "lengths");
        assert_eq!(out.len(), batch_size * outputs, "length of the result");
        if batch_size < SMALL_BATCH && inputs > 0 {
            let values = x.chunks_exact(inputs).zip(out.chunks_exact_mut(outputs));
            for (x, out) in values {
                Arch::new().dispatch(MatrixVector { x, weight, out });
                if let Some(bias) = bias {
                    out.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
                }
            }
            return;
        }
        let (rows, inner) = (offsets(outputs, inputs), offsets(inputs, 1));
        let (columns, to) =
            (offsets(batch_size, inputs), (offsets(outputs, 1), offsets(batch_size, outputs)));
        let (left, right) =
            (IndexedMatrix::new(weight, &rows, &inner), IndexedMatrix::new(x, &inner, &columns));
        matmul(left, right, bias, IndexedMatrixMut::new(out, &to.0, &to.1), workspace);
    }

    /// [`Linear::forward`] with int8 weights, which are a quarter of the memory to read.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward_int8(
        &self,
        x: &[f32],
        weight: &Int8Weights,
        bias: &[f32],
        out: &mut [f32],
        workspace: &mut MatmulWorkspace,
    ) {
        let (batch_size, [inputs, outputs]) = (self.batch_size, self.units);
        assert_eq!((x.len(), weight.values.len()), (batch_size * inputs, outputs * inputs), "lengths");
        assert_eq!((out.len(), weight.scales.len()), (batch_size * outputs, outputs), "lengths");
        if inputs == 0 || outputs == 0 {
            return out.chunks_exact_mut(outputs.max(1)).for_each(|out| out.copy_from_slice(bias));
        }
        if batch_size < SMALL_BATCH {
            for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact_mut(outputs)) {
                Arch::new().dispatch(MatrixVector {
                    x: &interleave(x),
                    weight: weight.values.as_slice(),
                    out,
                });
                for ((out, scale), bias) in out.iter_mut().zip(&weight.scales).zip(bias) {
                    *out = *out * scale + bias;
                }
            }
            return;
        }
        let (inner, rows) = (offsets(inputs, 1), offsets(PANEL, inputs));
        let columns = offsets(batch_size, inputs);
        let (to_rows, to_columns) = (offsets(outputs, 1), offsets(batch_size, outputs));
        let right = IndexedMatrix::new(x, &inner, &columns);
        let mut dequantized = vec![0.0; PANEL.min(outputs) * inputs];
        for (panel, to_rows) in to_rows.chunks(PANEL).enumerate() {
            let first = panel * PANEL;
            let dequantized = &mut dequantized[..to_rows.len() * inputs];
            weight.dequantize(first, dequantized);
            let left = IndexedMatrix::new(dequantized, &rows[..to_rows.len()], &inner);
            let bias = &bias[first..][..to_rows.len()];
            matmul(left, right, Some(bias), IndexedMatrixMut::new(out, to_rows, &to_columns), workspace);
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
        workspace: &mut MatmulWorkspace,
    ) {
        let (batch_size, [inputs, outputs]) = (self.batch_size, self.units);
        let (rows, inner) = (offsets(outputs, 1), offsets(batch_size, outputs));
        let (from, columns) = (offsets(batch_size, inputs), offsets(inputs, 1));
        let to = offsets(outputs, inputs);
        let (left, right) =
            (IndexedMatrix::new(gradient, &rows, &inner), IndexedMatrix::new(x, &from, &columns));
        matmul(left, right, None, IndexedMatrixMut::new(weight, &to, &columns), workspace);
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
        workspace: &mut MatmulWorkspace,
    ) {
        let (batch_size, [inputs, outputs]) = (self.batch_size, self.units);
        let (rows, inner) = (offsets(batch_size, outputs), offsets(outputs, 1));
        let (from, columns) = (offsets(outputs, inputs), offsets(inputs, 1));
        let to = offsets(batch_size, inputs);
        let (left, right) =
            (IndexedMatrix::new(gradient, &rows, &inner), IndexedMatrix::new(weight, &from, &columns));
        matmul(left, right, None, IndexedMatrixMut::new(x, &to, &columns), workspace);
    }
}

/// Rows read in parallel. Several memory streams are faster than one (1.5 times, on a matrix of 151 MB).
const PARALLEL_ROWS: usize = 4;

/// Matrix-vector product. It is limited by memory bandwidth.
struct MatrixVector<'a, W> {
    x: &'a [f32],
    weight: &'a [W],
    out: &'a mut [f32],
}

/// The element type of a weight matrix.
trait WeightElement: Sized {
    /// The dot products of `x` with each of the rows.
    fn dot_products<S: Simd, const ROWS: usize>(simd: S, x: &[f32], rows: &[Self]) -> [f32; ROWS];
}

impl<W: WeightElement> WithSimd for MatrixVector<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, weight, out } = self;
        let (outs, last) = out.as_chunks_mut::<PARALLEL_ROWS>();
        let (weights, rest) = weight.split_at(outs.len() * PARALLEL_ROWS * x.len());
        for (rows, out) in weights.chunks_exact(PARALLEL_ROWS * x.len()).zip(outs) {
            *out = W::dot_products(simd, x, rows);
        }
        for (row, out) in rest.chunks_exact(x.len()).zip(last) {
            [*out] = W::dot_products(simd, x, row);
        }
    }
}

impl WeightElement for f32 {
    #[inline(always)]
    fn dot_products<S: Simd, const ROWS: usize>(simd: S, x: &[f32], rows: &[Self]) -> [f32; ROWS] {
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
fn interleave(x: &[f32]) -> Vec<f32> {
    let mut x = x.to_vec();
    for block in x.as_chunks_mut::<BLOCK>().0 {
        *block = std::array::from_fn(|at| block[at % 4 * 4 + at / 4]);
    }
    x
}

impl WeightElement for i8 {
    // Not pulp's vectors, which have no conversion from bytes. Bytes are shifted out of 32-bit words, which
    // takes half the instructions of widening them in order. `x` must be in the order of [`interleave`].
    #[inline(always)]
    fn dot_products<S: Simd, const ROWS: usize>(_simd: S, x: &[f32], rows: &[Self]) -> [f32; ROWS] {
        let length = x.len();
        let (x, x_end) = x.as_chunks::<BLOCK>();
        let rows: [_; ROWS] = std::array::from_fn(|row| {
            let (row, end) = rows[row * length..][..length].as_chunks::<BLOCK>();
            (&row[..x.len()], end)
        });
        let mut sums = [LaneSums::ZERO; ROWS];
        for (at, x) in x.iter().enumerate() {
            for (sums, (row, _)) in sums.iter_mut().zip(&rows) {
                *sums = sums.add_products(x, &row[at]);
            }
        }
        std::array::from_fn(|at| {
            let end: f32 = x_end.iter().zip(rows[at].1).map(|(x, w)| x * f32::from(*w)).sum();
            sums[at].sum() + end
        })
    }
}

/// Four lanes, in portable Rust.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::BLOCK;

    #[derive(Clone, Copy)]
    pub struct LaneSums([f32; 4]);

    impl LaneSums {
        pub const ZERO: Self = Self([0.0; 4]);

        /// Adds the products of a block of `x`, in the order of [`super::interleave`], and a block of int8
        /// weights.
        #[inline(always)]
        pub fn add_products(mut self, x: &[f32; BLOCK], row: &[i8; BLOCK]) -> Self {
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
        pub fn sum(self) -> f32 {
            self.0.iter().sum()
        }
    }

    /// Converts int8 values to `f32`, in order.
    #[inline(always)]
    pub fn dequantized(values: &[i8; BLOCK], scale: f32) -> [f32; BLOCK] {
        values.map(|byte| f32::from(byte) * scale)
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
    pub struct LaneSums(v128);

    impl LaneSums {
        pub const ZERO: Self = Self(f32x4(0.0, 0.0, 0.0, 0.0));

        #[inline(always)]
        pub fn add_products(self, x: &[f32; BLOCK], row: &[i8; BLOCK]) -> Self {
            // SAFETY: reads the 16 bytes of `row`, and below 4 of the 16 values of `x`. Wasm loads need no
            // alignment.
            let words = unsafe { v128_load(row.as_ptr().cast()) };
            let mut sums = self.0;
            for plane in 0..4 {
                let numbers = unsafe { v128_load(x.as_ptr().add(4 * plane).cast()) };
                let values = i32x4_shr(i32x4_shl(words, 24 - 8 * plane as u32), 24);
                sums = f32x4_add(sums, f32x4_mul(numbers, f32x4_convert_i32x4(values)));
            }
            Self(sums)
        }

        #[inline(always)]
        pub fn sum(self) -> f32 {
            let Self(sums) = self;
            f32x4_extract_lane::<0>(sums)
                + f32x4_extract_lane::<1>(sums)
                + f32x4_extract_lane::<2>(sums)
                + f32x4_extract_lane::<3>(sums)
        }
    }

    #[inline(always)]
    pub fn dequantized(values: &[i8; BLOCK], scale: f32) -> [f32; BLOCK] {
        let mut numbers = [0.0f32; BLOCK];
        // SAFETY: reads the 16 bytes of a reference. Wasm loads need no alignment.
        let values = unsafe { v128_load(values.as_ptr().cast()) };
        let (low, high) = (i16x8_extend_low_i8x16(values), i16x8_extend_high_i8x16(values));
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
        fn forward_and_gradients_match_the_definition(
            batch_size in 1usize..12, units in [1usize..90, 1usize..20],
        ) {
            let linear = Linear { batch_size, units };
            let value = |i: usize| ((i * 7919) % 7) as f32 - 3.0;
            let [inputs, outputs] = units;
            let x: Vec<f32> = (0..batch_size * inputs).map(value).collect();
            let weight: Vec<f32> = (1..=outputs * inputs).map(value).collect();
            let bias: Vec<f32> = (2..outputs + 2).map(value).collect();
            let gradient: Vec<f32> = (3..batch_size * outputs + 3).map(value).collect();
            let mut expected: Vec<f32> = (0..batch_size).flat_map(|_| bias.clone()).collect();
            let (mut grad_weight, mut grad_x) = (vec![0.0; weight.len()], vec![0.0; x.len()]);
            for n in 0..batch_size {
                for o in 0..outputs {
                    for i in 0..inputs {
                        expected[n * outputs + o] += weight[o * inputs + i] * x[n * inputs + i];
                        grad_weight[o * inputs + i] += gradient[n * outputs + o] * x[n * inputs + i];
                        grad_x[n * inputs + i] += gradient[n * outputs + o] * weight[o * inputs + i];
                    }
                }
            }
            let mut workspace = MatmulWorkspace::default();
            let mut out = [vec![f32::NAN; gradient.len()], vec![f32::NAN; weight.len()], vec![f32::NAN; x.len()]];
            linear.forward(&x, &weight, Some(&bias), &mut out[0], &mut workspace);
            linear.weight_gradient(&x, &gradient, &mut out[1], &mut workspace);
            linear.input_gradient(&gradient, &weight, &mut out[2], &mut workspace);
            let values = Int8Weights {
                values: weight.iter().map(|weight| (weight * 2.0) as i8).collect(),
                scales: vec![0.5; outputs],
            };
            let mut from_int8 = vec![f32::NAN; gradient.len()];
            linear.forward_int8(&x, &values, &bias, &mut from_int8, &mut workspace);
            prop_assert_eq!(&from_int8, &expected);
            prop_assert_eq!(out, [expected, grad_weight, grad_x]);
        }
    }
}
