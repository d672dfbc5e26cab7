//! Local response normalisation (section 3.3 of the paper), and its gradient.

use pulp::{Arch, Simd, WithSimd, bytemuck};

use crate::simd_ops;

/// The shape of a normalisation and its constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// Maps of an image that are neighbours of each other.
    pub channels: usize,
    /// Pixels of a map.
    pub pixels: usize,
    /// Maps in a sum, an odd number.
    pub size: usize,
    /// Factor on the sum of squares.
    pub alpha: f32,
    /// The exponent.
    pub beta: f32,
    /// Added to the sum.
    pub k: f32,
}

/// Memory that a gradient works in, kept from one to the next.
#[derive(Debug, Default)]
pub struct Sums {
    damping: Vec<f32>,
    terms: Vec<f32>,
}

impl LocalResponseNorm {
    /// `out_i = x_i / (k + α Σ x_j²)^β`, the sum over the maps around map `i` at the same pixel.
    ///
    /// # Panics
    /// When a slice is no whole number of images or the two have different lengths.
    pub fn forward(&self, x: &[f32], out: &mut [f32]) {
        self.check(x, out.len());
        Arch::new().dispatch(Forward { by: *self, x, out });
    }

    /// The gradient by `x`, from the gradient by `out`: with `s_i = k + α Σ x_j²`,
    /// `g_i s_i^−β − 2 α β x_i Σ g_j x_j s_j^(−β−1)` over the same maps.
    ///
    /// # Panics
    /// When a slice is no whole number of images or two have different lengths.
    pub fn gradient(&self, x: &[f32], gradient: &[f32], by_x: &mut [f32], work: &mut Sums) {
        self.check(x, gradient.len());
        self.check(x, by_x.len());
        Arch::new().dispatch(Backward { by: *self, x, gradient, by_x, work });
    }

    /// `k + α Σ x_j²` of every value of an image.
    #[inline(always)]
    fn damping<S: Simd>(&self, simd: S, x: &[f32], to: &mut [f32]) {
        let (k, alpha) = (simd.splat_f32s(self.k), simd.splat_f32s(self.alpha));
        for (channel, to) in to.chunks_exact_mut(self.pixels).enumerate() {
            to.fill(0.0);
            for map in self.around(x, channel) {
                simd_ops::update(simd, to, [map], |sum, [x]| simd.mul_add_e_f32s(x, x, sum));
            }
            simd_ops::update(simd, to, [], |sum, []| simd.mul_add_e_f32s(alpha, sum, k));
        }
    }

    /// A map and its neighbours.
    fn around<'a>(&self, maps: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        let reach = self.size / 2;
        maps.chunks_exact(self.pixels).take(channel + reach + 1).skip(channel.saturating_sub(reach))
    }

    /// `s^−β`; the paper's β without a logarithm.
    #[inline(always)]
    fn power<S: Simd>(&self, simd: S, s: S::f32s) -> S::f32s {
        if self.beta == 0.75 {
            let root = simd.sqrt_f32s(s);
            return simd.div_f32s(simd.splat_f32s(1.0), simd.mul_f32s(root, simd.sqrt_f32s(root)));
        }
        let mut powers = [s];
        bytemuck::cast_slice_mut::<_, f32>(&mut powers).iter_mut().for_each(|s| *s = s.powf(-self.beta));
        powers[0]
    }

    fn check(&self, x: &[f32], other: usize) {
        assert_eq!(x.len(), other, "lengths");
        assert!(x.len().is_multiple_of((self.channels * self.pixels).max(1)), "whole images");
        assert!(self.size % 2 == 1, "as many maps on either side");
    }
}

struct Forward<'a> {
    by: LocalResponseNorm,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { by, x, out } = self;
        let image = by.channels * by.pixels;
        for (x, out) in x.chunks_exact(image).zip(out.chunks_exact_mut(image)) {
            by.damping(simd, x, out);
            simd_ops::update(simd, out, [x], |s, [x]| simd.mul_f32s(x, by.power(simd, s)));
        }
    }
}

struct Backward<'a> {
    by: LocalResponseNorm,
    x: &'a [f32],
    gradient: &'a [f32],
    by_x: &'a mut [f32],
    work: &'a mut Sums,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { by, x, gradient, by_x, work: Sums { damping, terms } } = self;
        let image = by.channels * by.pixels;
        damping.resize(image, 0.0);
        terms.resize(image, 0.0);
        let factor = simd.splat_f32s(-2.0 * by.alpha * by.beta);
        let images = x.chunks_exact(image).zip(gradient.chunks_exact(image));
        for ((x, gradient), by_x) in images.zip(by_x.chunks_exact_mut(image)) {
            by.damping(simd, x, damping);
            simd_ops::update(simd, by_x, [gradient, damping], |_, [gradient, s]| {
                simd.mul_f32s(gradient, by.power(simd, s))
            });
            simd_ops::update(simd, terms, [by_x, x, damping], |_, [direct, x, s]| {
                simd.div_f32s(simd.mul_f32s(direct, x), s)
            });
            let maps = by_x.chunks_exact_mut(by.pixels).zip(x.chunks_exact(by.pixels));
            for (channel, (by_x, x)) in maps.enumerate() {
                let sums = damping.get_mut(..by.pixels).unwrap_or_default();
                sums.fill(0.0);
                for map in by.around(terms, channel) {
                    simd_ops::update(simd, sums, [map], |sum, [term]| simd.add_f32s(sum, term));
                }
                simd_ops::update(simd, by_x, [x, sums], |by_x, [x, sum]| {
                    simd.mul_add_e_f32s(simd.mul_f32s(factor, x), sum, by_x)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, in double precision.
    fn defined(by: LocalResponseNorm, x: &[f64]) -> Vec<f64> {
        let LocalResponseNorm { channels, pixels, size, alpha, beta, k } = by;
        let reach = (size / 2) as isize;
        (0..x.len())
            .map(|at| {
                let (image, channel, pixel) = (at / (channels * pixels), at / pixels % channels, at % pixels);
                let sum: f64 = (-reach..=reach)
                    .map(|step| channel as isize + step)
                    .filter(|j| (0..channels as isize).contains(j))
                    .map(|j| x[(image * channels + j as usize) * pixels + pixel].powi(2))
                    .sum();
                x[at] / (f64::from(k) + f64::from(alpha) * sum).powf(f64::from(beta))
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn forward_and_gradient_are_those_of_the_definition(
            images in 1usize..3, channels in 1usize..9, pixels in 1usize..21,
            reach in 0usize..4, papers: bool, seed in 0usize..1000,
        ) {
            let (alpha, beta, k) = if papers { (0.2, 0.75, 2.0) } else { (0.7, 0.4, 1.0) };
            let by = LocalResponseNorm { channels, pixels, size: 2 * reach + 1, alpha, beta, k };
            let length = images * channels * pixels;
            let value = |i: usize| ((i * 7919 + seed * 104_729) % 101) as f64 / 20.0 - 2.5;
            let x: Vec<f64> = (0..length).map(value).collect();
            let gradient: Vec<f64> = (length..2 * length).map(value).collect();
            let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
            let (mut out, mut by_x) = (vec![f32::NAN; length], vec![f32::NAN; length]);
            by.forward(&single(&x), &mut out);
            by.gradient(&single(&x), &single(&gradient), &mut by_x, &mut Sums::default());
            for (out, expected) in out.iter().zip(defined(by, &x)) {
                prop_assert!((f64::from(*out) - expected).abs() < 1e-5, "{out} {expected}");
            }
            // A difference quotient of the definition for each value.
            let step = 1e-5;
            for at in 0..length {
                let moved = |by_how_much: f64| {
                    let mut x = x.clone();
                    x[at] += by_how_much;
                    defined(by, &x).iter().zip(&gradient).map(|(out, g)| out * g).sum::<f64>()
                };
                let expected = (moved(step) - moved(-step)) / (2.0 * step);
                prop_assert!((f64::from(by_x[at]) - expected).abs() < 1e-4, "{} {expected}", by_x[at]);
            }
        }
    }
}
