//! Max-pooling without padding (section 3.4 of the AlexNet paper: overlapping windows), and its gradient.

use pulp::{Arch, Simd, WithSimd};

/// The shape of a max-pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Height and width of the input, in pixels.
    pub input: [usize; 2],
    /// Side of the square window, in pixels. At most the input's height and width.
    pub kernel: usize,
    /// Stride of the window, in pixels.
    pub stride: usize,
}

impl MaxPool2d {
    /// Height and width of the output, in pixels. Windows that would reach past the border are dropped, as in
    /// PyTorch (`ceil_mode=False`).
    pub fn output(&self) -> [usize; 2] {
        self.input.map(|side| (side - self.kernel) / self.stride + 1)
    }

    /// Writes the maximum of each window to `out`, and its index within the input channel to `indices`. Of
    /// equal values the first one counts. A window with a NaN gives NaN.
    ///
    /// If a slice has a length that does not match the shape.
    pub fn forward(&self, x: &[f32], out: &mut [f32], indices: &mut [u32]) {
        let ([height, width], [rows, columns]) = (self.input, self.output());
        assert_eq!(out.len(), indices.len(), "one index per value");
        assert_eq!(x.len() / (height * width), out.len() / (rows * columns), "maps");
        Arch::new().dispatch(Forward { pool: *self, x, out, indices });
    }

    /// The gradient with respect to `x`: each window's gradient is added at the index of its maximum.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape, or an index lies outside its channel.
    pub fn gradient(&self, gradient: &[f32], indices: &[u32], x: &mut [f32]) {
        let ([height, width], [rows, columns]) = (self.input, self.output());
        assert_eq!(gradient.len(), indices.len(), "one index per value");
        assert_eq!(x.len() / (height * width), gradient.len() / (rows * columns), "maps");
        x.fill(0.0);
        let maps = gradient.chunks_exact(rows * columns).zip(indices.chunks_exact(rows * columns));
        for ((gradient, indices), x) in maps.zip(x.chunks_exact_mut(height * width)) {
            for (value, index) in gradient.iter().zip(indices) {
                x[*index as usize] += value;
            }
        }
    }
}

struct Forward<'a> {
    pool: MaxPool2d,
    x: &'a [f32],
    out: &'a mut [f32],
    indices: &'a mut [u32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { pool, x, out, indices } = self;
        let ([height, width], [rows, columns]) = (pool.input, pool.output());
        let (map, windows) = (height * width, rows * columns);
        let mut padded = Vec::new();
        let mut row = Row::new::<S>(width, pool.kernel);
        let maps = out.chunks_exact_mut(windows).zip(indices.chunks_exact_mut(windows)).enumerate();
        for (channel, (out, indices)) in maps {
            let mut x = &x[channel * map..];
            // Whole vectors are read past the end of a row, and nothing follows the last channel.
            if x.len() < map + S::F32_LANES {
                padded.clear();
                padded.extend_from_slice(&x[..map]);
                padded.resize(map + S::F32_LANES, 0.0);
                x = &padded;
            }
            let lines = out.chunks_exact_mut(columns).zip(indices.chunks_exact_mut(columns)).enumerate();
            for (y, (out, indices)) in lines {
                row.max_of_columns(simd, x, y * pool.stride * width, [pool.kernel, width]);
                row.max_of_windows(simd, pool.kernel);
                for (column, (out, index)) in out.iter_mut().zip(indices).enumerate() {
                    (*out, *index) = (row.max[column * pool.stride], row.index[column * pool.stride]);
                }
            }
        }
    }
}

/// Buffers for one row of windows. First they hold the maximum of each column and its index, then the maximum
/// of the window that starts at each column.
struct Row {
    max: Vec<f32>,
    index: Vec<u32>,
    /// 0, 1, 2, …: the column of each lane relative to the first.
    lane_numbers: Vec<u32>,
    columns: usize,
}

impl Row {
    fn new<S: Simd>(width: usize, kernel: usize) -> Self {
        let columns = width.next_multiple_of(S::F32_LANES);
        let length = columns + kernel;
        Self {
            max: vec![0.0; length],
            index: vec![0; length],
            lane_numbers: (0..S::F32_LANES as u32).collect(),
            columns,
        }
    }

    /// The maximum of each column over the window's height, from offset `first` of `x` on.
    #[inline(always)]
    fn max_of_columns<S: Simd>(&mut self, simd: S, x: &[f32], first: usize, [kernel, width]: [usize; 2]) {
        let lane_numbers = S::as_simd_u32s(&self.lane_numbers).0[0];
        for column in (0..self.columns).step_by(S::F32_LANES) {
            let start = first + column;
            let index = |ky: usize| simd.add_u32s(simd.splat_u32s((start + ky * width) as u32), lane_numbers);
            let (mut best, mut at) = (load::<S>(x, start), index(0));
            for ky in 1..kernel {
                let value = load::<S>(x, start + ky * width);
                let better = replaces(simd, value, best);
                best = simd.select_f32s(better, value, best);
                at = simd.select_u32s(better, index(ky), at);
            }
            self.store::<S>(column, best, at);
        }
    }

    /// The maximum over the window's width, from each column on. In place: a window reads no column left of
    /// its first.
    #[inline(always)]
    fn max_of_windows<S: Simd>(&mut self, simd: S, kernel: usize) {
        for column in (0..self.columns).step_by(S::F32_LANES) {
            let mut best = load::<S>(&self.max, column);
            let mut at = S::as_simd_u32s(&self.index[column..column + S::F32_LANES]).0[0];
            for kx in column + 1..column + kernel {
                let value = load::<S>(&self.max, kx);
                let index = S::as_simd_u32s(&self.index[kx..kx + S::F32_LANES]).0[0];
                let equal =
                    simd.and_m32s(simd.not_m32s(replaces(simd, best, value)), simd.less_than_u32s(index, at));
                let better = simd.or_m32s(replaces(simd, value, best), equal);
                best = simd.select_f32s(better, value, best);
                at = simd.select_u32s(better, index, at);
            }
            self.store::<S>(column, best, at);
        }
    }

    #[inline(always)]
    fn store<S: Simd>(&mut self, column: usize, best: S::f32s, at: S::u32s) {
        S::as_mut_simd_f32s(&mut self.max[column..column + S::F32_LANES]).0[0] = best;
        S::as_mut_simd_u32s(&mut self.index[column..column + S::F32_LANES]).0[0] = at;
    }
}

#[inline(always)]
fn load<S: Simd>(from: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&from[at..at + S::F32_LANES]).0[0]
}

/// Whether `value` replaces `than`: NaN replaces a number, and no number replaces NaN.
#[inline(always)]
fn replaces<S: Simd>(simd: S, value: S::f32s, than: S::f32s) -> S::m32s {
    simd.and_m32s(simd.not_m32s(simd.less_than_or_equal_f32s(value, than)), simd.equal_f32s(than, than))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_windows_route_gradients_to_the_first_maximum() {
        let pool = MaxPool2d { input: [5, 5], kernel: 3, stride: 2 };
        #[rustfmt::skip]
        let x = [
            1., 2., 9., 2., 1.,
            3., 9., 0., 0., 0.,
            0., 0., 4., 0., 7.,
            0., 5., 0., 0., 0.,
            6., 0., 0., 8., 0.,
        ];
        let (mut out, mut indices) = ([0.0; 4], [0; 4]);
        pool.forward(&x, &mut out, &mut indices);
        assert_eq!((out, indices), ([9., 9., 6., 8.], [2, 2, 20, 23]));
        let mut back = [f32::NAN; 25];
        pool.gradient(&[1., 2., 3., 4.], &indices, &mut back);
        let mut expected = [0.0; 25];
        (expected[2], expected[20], expected[23]) = (3., 3., 4.);
        assert_eq!(back, expected);
    }

    #[test]
    fn nan_propagates() {
        let pool = MaxPool2d { input: [2, 2], kernel: 2, stride: 2 };
        let (mut out, mut indices) = ([0.0], [0]);
        pool.forward(&[1.0, f32::NAN, 2.0, 3.0], &mut out, &mut indices);
        assert!(out[0].is_nan(), "{out:?}");
    }

    proptest::proptest! {
        #[test]
        fn each_window_gives_its_maximum_and_first_index(
            kernel in 1usize..5, stride in 1usize..4, more in [0usize..9, 0usize..9], seed in 0usize..1000,
        ) {
            let pool = MaxPool2d { input: more.map(|more| kernel + more), kernel, stride };
            let ([height, width], [rows, columns]) = (pool.input, pool.output());
            let x: Vec<f32> = (0..2 * height * width).map(|i| ((i * 7919 + seed * 31) % 5) as f32).collect();
            let (mut out, mut indices) = (vec![f32::NAN; 2 * rows * columns], vec![0; 2 * rows * columns]);
            pool.forward(&x, &mut out, &mut indices);
            for (at, (out, index)) in out.iter().zip(&indices).enumerate() {
                let (map, row, column) = (at / (rows * columns), at / columns % rows, at % columns);
                let window = (0..kernel * kernel)
                    .map(|i| (row * stride + i / kernel) * width + column * stride + i % kernel);
                let value = |index: usize| x[map * height * width + index];
                let best = window.rev().max_by(|a, b| value(*a).total_cmp(&value(*b))).unwrap();
                proptest::prop_assert_eq!((*out, *index as usize), (value(best), best));
            }
        }
    }
}
