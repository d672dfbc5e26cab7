//! ReLU (section 3.1 of the AlexNet paper) and its gradient, in place. NaN stays NaN, as in PyTorch.

use pulp::{Arch, Simd, WithSimd};

use crate::simd_ops;

/// `max(0, x)` of every value.
pub fn relu(values: &mut [f32]) {
    Arch::new().dispatch(Forward { values });
}

/// The gradient with respect to the input, given `out` and the gradient with respect to it: zero where `out`
/// is zero.
///
/// # Panics
/// If the slices differ in length.
pub fn relu_gradient(out: &[f32], gradient: &mut [f32]) {
    assert_eq!(out.len(), gradient.len(), "lengths");
    Arch::new().dispatch(Backward { out, gradient });
}

struct Forward<'a> {
    values: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        simd_ops::update(simd, self.values, [], |x, []| {
            simd.select_f32s(simd.less_than_or_equal_f32s(x, zero), zero, x)
        });
    }
}

struct Backward<'a> {
    out: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        simd_ops::update(simd, self.gradient, [self.out], |gradient, [out]| {
            simd.select_f32s(simd.less_than_or_equal_f32s(out, zero), zero, gradient)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_values_become_zero_and_nan_propagates() {
        for length in 0..40 {
            let value = |i: usize| if i % 7 == 3 { f32::NAN } else { (i % 5) as f32 - 2.0 };
            let mut out: Vec<f32> = (0..length).map(value).collect();
            let mut gradient: Vec<f32> = (0..length).map(|i| i as f32 + 1.0).collect();
            relu(&mut out);
            relu_gradient(&out, &mut gradient);
            for (i, (out, gradient)) in out.into_iter().zip(gradient).enumerate() {
                let x = value(i);
                assert!(
                    if x.is_nan() { out.is_nan() } else { out.to_bits() == x.max(0.0).to_bits() },
                    "{i}: {out}"
                );
                assert_eq!(gradient, if x <= 0.0 { 0.0 } else { i as f32 + 1.0 });
            }
        }
    }
}
