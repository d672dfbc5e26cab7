//! Local response normalisation (section 3.3 of the AlexNet paper), and its gradient.

use pulp::{Arch, Simd, WithSimd, bytemuck};

use crate::simd_ops;

/// Shape and constants of a local response normalisation over `[batch, channels, pixels]`. Unlike PyTorch's,
/// `alpha` is not divided by `size`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// Number of channels.
    pub channels: usize,
    /// Height times width of one channel.
    pub pixels: usize,
    /// Number of neighbouring channels in a sum. Must be odd.
    pub size: usize,
    /// Factor of the sum of squares, α.
    pub alpha: f32,
    /// Exponent, β.
    pub beta: f32,
    /// Added to the sum, k.
    pub k: f32,
}

/// Scratch memory of the gradient, reused from call to call.
#[derive(Debug, Default)]
pub struct GradientWorkspace {
    scale: Vec<f32>,
    terms: Vec<f32>,
}

impl LocalResponseNorm {
    /// `out_i = x_i / (k + α Σ_j x_j²)^β`. The sum runs over the channels around channel `i`, at the same
    /// pixel.
    ///
    /// # Panics
    /// If a slice is not a whole number of samples, or the lengths differ.
    pub fn forward(&self, x: &[f32], out: &mut [f32]) {
        self.check(x, out.len());
        Arch::new().dispatch(Forward { norm: *self, x, out });
    }

    /// The gradient with respect to `x`, given the gradient `g` with respect to `out`. With `s_i = k + α Σ_j
    /// x_j²` it is `g_i s_i^−β − 2 α β x_i Σ_j g_j x_j s_j^(−β−1)`, summed over the same channels.
    ///
    /// # Panics
    /// If a slice is not a whole number of samples, or the lengths differ.
    pub fn gradient(
        &self,
        x: &[f32],
        gradient: &[f32],
        grad_x: &mut [f32],
        workspace: &mut GradientWorkspace,
    ) {
        self.check(x, gradient.len());
        self.check(x, grad_x.len());
        Arch::new().dispatch(Backward { norm: *self, x, gradient, grad_x, workspace });
    }

    /// Writes `s = k + α Σ x_j²` for every value of one sample.
    #[inline(always)]
    fn scale<S: Simd>(&self, simd: S, x: &[f32], to: &mut [f32]) {
        let (k, alpha) = (simd.splat_f32s(self.k), simd.splat_f32s(self.alpha));
        for (channel, to) in to.chunks_exact_mut(self.pixels).enumerate() {
            to.fill(0.0);
            for map in self.window(x, channel) {
                simd_ops::update(simd, to, [map], |sum, [x]| simd.mul_add_e_f32s(x, x, sum));
            }
            simd_ops::update(simd, to, [], |sum, []| simd.mul_add_e_f32s(alpha, sum, k));
        }
    }

    /// A channel and its neighbours within `size / 2`.
    fn window<'a>(&self, maps: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        let reach = self.size / 2;
        maps.chunks_exact(self.pixels).take(channel + reach + 1).skip(channel.saturating_sub(reach))
    }

    /// `s^−β`. For the paper's β of 0.75 two square roots replace `powf`.
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
    norm: LocalResponseNorm,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { norm, x, out } = self;
        let image = norm.channels * norm.pixels;
        for (x, out) in x.chunks_exact(image).zip(out.chunks_exact_mut(image)) {
            norm.scale(simd, x, out);
            simd_ops::update(simd, out, [x], |s, [x]| simd.mul_f32s(x, norm.power(simd, s)));
        }
    }
}

struct Backward<'a> {
    norm: LocalResponseNorm,
    x: &'a [f32],
    gradient: &'a [f32],
    grad_x: &'a mut [f32],
    workspace: &'a mut GradientWorkspace,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { norm, x, gradient, grad_x, workspace: GradientWorkspace { scale, terms } } = self;
        let image = norm.channels * norm.pixels;
        scale.resize(image, 0.0);
        terms.resize(image, 0.0);
        let factor = simd.splat_f32s(-2.0 * norm.alpha * norm.beta);
        let images = x.chunks_exact(image).zip(gradient.chunks_exact(image));
        for ((x, gradient), grad_x) in images.zip(grad_x.chunks_exact_mut(image)) {
            norm.scale(simd, x, scale);
            simd_ops::update(simd, grad_x, [gradient, scale], |_, [gradient, s]| {
                simd.mul_f32s(gradient, norm.power(simd, s))
            });
            simd_ops::update(simd, terms, [grad_x, x, scale], |_, [direct, x, s]| {
                simd.div_f32s(simd.mul_f32s(direct, x), s)
            });
            let maps = grad_x.chunks_exact_mut(norm.pixels).zip(x.chunks_exact(norm.pixels));
            for (channel, (grad_x, x)) in maps.enumerate() {
                let sums = scale.get_mut(..norm.pixels).unwrap_or_default();
                sums.fill(0.0);
                for map in norm.window(terms, channel) {
                    simd_ops::update(simd, sums, [map], |sum, [term]| simd.add_f32s(sum, term));
                }
                simd_ops::update(simd, grad_x, [x, sums], |grad_x, [x, sum]| {
                    simd.mul_add_e_f32s(simd.mul_f32s(factor, x), sum, grad_x)
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
    fn reference(norm: LocalResponseNorm, x: &[f64]) -> Vec<f64> {
        let LocalResponseNorm { channels, pixels, size, alpha, beta, k } = norm;
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
        fn forward_and_gradient_match_the_definition(
            images in 1usize..3, channels in 1usize..9, pixels in 1usize..21,
            reach in 0usize..4, paper_constants: bool, seed in 0usize..1000,
        ) {
            let (alpha, beta, k) = if paper_constants { (0.2, 0.75, 2.0) } else { (0.7, 0.4, 1.0) };
            let norm = LocalResponseNorm { channels, pixels, size: 2 * reach + 1, alpha, beta, k };
            let length = images * channels * pixels;
            let value = |i: usize| ((i * 7919 + seed * 104_729) % 101) as f64 / 20.0 - 2.5;
            let x: Vec<f64> = (0..length).map(value).collect();
            let gradient: Vec<f64> = (length..2 * length).map(value).collect();
            let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
            let (mut out, mut grad_x) = (vec![f32::NAN; length], vec![f32::NAN; length]);
            norm.forward(&single(&x), &mut out);
            norm.gradient(&single(&x), &single(&gradient), &mut grad_x, &mut GradientWorkspace::default());
            for (out, expected) in out.iter().zip(reference(norm, &x)) {
                prop_assert!((f64::from(*out) - expected).abs() < 1e-5, "{out} {expected}");
            }
            // Central difference of the definition, for each value.
            let step = 1e-5;
            for at in 0..length {
                let moved = |step: f64| {
                    let mut x = x.clone();
                    x[at] += step;
                    reference(norm, &x).iter().zip(&gradient).map(|(out, g)| out * g).sum::<f64>()
                };
                let expected = (moved(step) - moved(-step)) / (2.0 * step);
                prop_assert!((f64::from(grad_x[at]) - expected).abs() < 1e-4, "{} {expected}", grad_x[at]);
            }
        }
    }
}
