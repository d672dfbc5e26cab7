//! The transforms of [`crate::winograd`]. A vector holds the same value of several tiles, one tile per lane.
//!
//! The matrices are those of Lavin & Gray 2016, section 5.2, for F(4x4, 3x3), and from the same interpolation
//! points (0, ±1, ±2, ∞) for F(2x2, 5x5). Products are written out, since most factors are 0, 1, 2, 4 or 5.

use pulp::Simd;

/// Side of a tile.
pub(crate) const SIDE: usize = 6;
/// Lanes of the widest vector in use.
pub(crate) const MAX_LANES: usize = 8;

type Line<S> = [<S as Simd>::f32s; SIDE];
type Tile<S> = [Line<S>; SIDE];

/// A matrix that a tile is multiplied with from both sides. Missing rows and columns of a tile are ignored.
pub(crate) trait Matrix {
    /// The matrix times a column of `from` values.
    fn times<S: Simd>(simd: S, x: Line<S>, from: usize) -> Line<S>;
}

/// Bᵀ: transforms 6 input values.
pub(crate) struct InputTransform;
/// G: transforms 3 or 5 kernel values.
pub(crate) struct KernelTransform;
/// Aᵀ: transforms back to 4 or 2 output values.
pub(crate) struct OutputTransform;

impl Matrix for InputTransform {
    #[inline(always)]
    fn times<S: Simd>(simd: S, d: Line<S>, _from: usize) -> Line<S> {
        let by = |factor: f32, x, onto| simd.mul_add_e_f32s(simd.splat_f32s(factor), x, onto);
        let even = by(-4.0, d[2], d[4]);
        let odd = by(-4.0, d[1], d[3]);
        let (low, high) = (simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[3], d[1]));
        [
            by(4.0, d[0], by(-5.0, d[2], d[4])),
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            by(2.0, high, low),
            by(-2.0, high, low),
            by(4.0, d[1], by(-5.0, d[3], d[5])),
        ]
    }
}

impl Matrix for KernelTransform {
    #[inline(always)]
    fn times<S: Simd>(simd: S, g: Line<S>, from: usize) -> Line<S> {
        let by = |factor: f32, x, onto| simd.mul_add_e_f32s(simd.splat_f32s(factor), x, onto);
        let times = |factor: f32, x| simd.mul_f32s(simd.splat_f32s(factor), x);
        let (mut even, mut odd) = (simd.add_f32s(g[0], g[2]), g[1]);
        let (mut even_of_two, mut odd_of_two) = (by(4.0, g[2], g[0]), times(2.0, g[1]));
        let mut last = g[2];
        if from == 5 {
            even = simd.add_f32s(even, g[4]);
            odd = simd.add_f32s(odd, g[3]);
            even_of_two = by(16.0, g[4], even_of_two);
            odd_of_two = by(8.0, g[3], odd_of_two);
            last = g[4];
        }
        [
            times(0.25, g[0]),
            times(-1.0 / 6.0, simd.add_f32s(even, odd)),
            times(-1.0 / 6.0, simd.sub_f32s(even, odd)),
            times(1.0 / 24.0, simd.add_f32s(even_of_two, odd_of_two)),
            times(1.0 / 24.0, simd.sub_f32s(even_of_two, odd_of_two)),
            last,
        ]
    }
}

impl Matrix for OutputTransform {
    #[inline(always)]
    fn times<S: Simd>(simd: S, s: Line<S>, to: usize) -> Line<S> {
        let by = |factor: f32, x, onto| simd.mul_add_e_f32s(simd.splat_f32s(factor), x, onto);
        let (sum, difference) = (simd.add_f32s(s[1], s[2]), simd.sub_f32s(s[1], s[2]));
        let (sum_of_two, difference_of_two) = (simd.add_f32s(s[3], s[4]), simd.sub_f32s(s[3], s[4]));
        let first = simd.add_f32s(simd.add_f32s(s[0], sum), sum_of_two);
        let second = by(2.0, difference_of_two, difference);
        if to == 2 {
            return [first, simd.add_f32s(second, s[5]), s[5], s[5], s[5], s[5]];
        }
        let third = by(4.0, sum_of_two, sum);
        let fourth = simd.add_f32s(by(8.0, difference_of_two, difference), s[5]);
        [first, second, third, fourth, s[5], s[5]]
    }
}

/// Applies the matrix on both sides: a tile of `FROM` rows and columns becomes one of `TO`.
#[inline(always)]
pub(crate) fn apply_both_sides<S: Simd, M: Matrix, const FROM: usize, const TO: usize>(
    simd: S,
    tile: &mut Tile<S>,
) {
    // One of the two sizes is the tile's side. The other selects the matrix (3x3 or 5x5 kernels).
    let kind = if FROM == SIDE { TO } else { FROM };
    for column in 0..FROM {
        let t = &*tile;
        let line = [t[0][column], t[1][column], t[2][column], t[3][column], t[4][column], t[5][column]];
        let line = M::times(simd, line, kind);
        for (row, value) in line.into_iter().enumerate().take(TO) {
            tile[row][column] = value;
        }
    }
    for line in &mut tile[..TO] {
        *line = M::times(simd, *line, kind);
    }
}

/// Loads a square of side `N` from each base offset into its lane.
///
/// # Panics
/// If a square does not lie inside `data`.
#[inline(always)]
pub(crate) fn load<S: Simd, const N: usize>(
    simd: S,
    data: &[f32],
    bases: &[usize; MAX_LANES],
    row_stride: usize,
) -> Tile<S> {
    let lanes = S::F32_LANES;
    let last = bases[..lanes].iter().max().map_or(0, |base| base + (N - 1) * row_stride + N);
    assert!(last <= data.len() && N <= SIDE && lanes <= MAX_LANES, "a tile outside its data");
    let mut tile = [[simd.splat_f32s(0.0); SIDE]; SIDE];
    for (row, line) in tile.iter_mut().enumerate().take(N) {
        let mut values = [0.0f32; SIDE * MAX_LANES];
        for (lane, base) in bases[..lanes].iter().enumerate() {
            for column in 0..N {
                // SAFETY: the assertion has checked the largest index, and `values` has room for every lane
                // of a row.
                unsafe {
                    *values.get_unchecked_mut(column * lanes + lane) =
                        *data.get_unchecked(base + row * row_stride + column);
                }
            }
        }
        line[..N].copy_from_slice(&S::as_simd_f32s(&values).0[..N]);
    }
    tile
}

/// Loads a tile whose values are `stride` apart, one vector each, from `start` on.
#[inline(always)]
pub(crate) fn gather<S: Simd>(simd: S, from: &[f32], stride: usize, start: usize) -> Tile<S> {
    let mut tile = [[simd.splat_f32s(0.0); SIDE]; SIDE];
    for (at, value) in tile.as_flattened_mut().iter_mut().enumerate() {
        let start = at * stride + start;
        *value = S::as_simd_f32s(&from[start..start + S::F32_LANES]).0[0];
    }
    tile
}
