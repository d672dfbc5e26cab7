//! Element-wise loops and sums in explicit SIMD. The wasm build optimises for size, where the compiler does
//! not vectorise: a plain loop takes four times as long there.

use pulp::{Simd, bytemuck};

use crate::winograd_transform::MAX_LANES;

/// Number of accumulators of a sum. Additions then do not wait for each other, and rounding errors stay
/// small.
const ACCUMULATORS: usize = 4;

/// `to = f(to, from)`, element by element.
///
/// # Panics
/// If a slice is shorter than `to`.
#[inline(always)]
pub(crate) fn update<S: Simd, const N: usize>(
    _: S,
    to: &mut [f32],
    from: [&[f32]; N],
    f: impl Fn(S::f32s, [S::f32s; N]) -> S::f32s,
) {
    let from = from.map(|from| S::as_simd_f32s(&from[..to.len()]));
    let (to, rest) = S::as_mut_simd_f32s(to);
    for (at, to) in to.iter_mut().enumerate() {
        *to = f(*to, from.map(|(from, _)| from[at]));
    }
    if !rest.is_empty() {
        let values = [f(load_partial::<S>(rest), from.map(|(_, rest)| load_partial::<S>(rest)))];
        rest.iter_mut().zip(bytemuck::cast_slice(&values)).for_each(|(to, value)| *to = *value);
    }
}

/// `Σ f(from)`.
///
/// # Panics
/// If a slice is shorter than the first.
#[inline(always)]
pub(crate) fn sum<S: Simd, const N: usize>(
    simd: S,
    from: [&[f32]; N],
    f: impl Fn([S::f32s; N]) -> S::f32s,
) -> f32 {
    let length = from.first().map_or(0, |from| from.len());
    let from = from.map(|from| S::as_simd_f32s(&from[..length]));
    let mut sums = [simd.splat_f32s(0.0); ACCUMULATORS];
    let vectors = length / S::F32_LANES;
    for first in (0..vectors / ACCUMULATORS).map(|at| at * ACCUMULATORS) {
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum = simd.add_f32s(*sum, f(from.map(|(from, _)| from[first + at])));
        }
    }
    for at in vectors - vectors % ACCUMULATORS..vectors {
        sums[0] = simd.add_f32s(sums[0], f(from.map(|(from, _)| from[at])));
    }
    let rest = [f(from.map(|(_, rest)| load_partial::<S>(rest)))];
    let rest: f32 = bytemuck::cast_slice::<_, f32>(&rest).iter().take(length % S::F32_LANES).sum();
    let [a, b, c, d] = sums;
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d))) + rest
}

/// Loads fewer values than a vector holds, padded with zeros.
#[inline(always)]
fn load_partial<S: Simd>(values: &[f32]) -> S::f32s {
    S::as_simd_f32s(&zero_padded(values)).0[0]
}

/// Not inlined, because every loop calls it once at its end.
#[inline(never)]
fn zero_padded(values: &[f32]) -> [f32; MAX_LANES] {
    let mut zero_padded = [0.0; MAX_LANES];
    zero_padded.iter_mut().zip(values).for_each(|(to, value)| *to = *value);
    zero_padded
}
