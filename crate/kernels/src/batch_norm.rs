//! Batch normalisation in training mode (Ioffe and Szegedy 2015): each channel is normalised to mean 0 and
//! variance 1 over the batch, then scaled by γ and shifted by β.

use pulp::{Arch, Simd, WithSimd};

use crate::simd_ops;

/// The shape of a batch normalisation over `[batch, channels, pixels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchNorm {
    /// Number of channels.
    pub channels: usize,
    /// Height times width of one channel.
    pub pixels: usize,
}

/// The values that a batch is normalised with: one entry per channel.
#[derive(Debug, Clone, Copy)]
pub struct ChannelParams<'a> {
    /// Scale γ.
    pub gamma: &'a [f32],
    /// Mean over batch and pixels.
    pub mean: &'a [f32],
    /// Biased variance over batch and pixels.
    pub variance: &'a [f32],
    /// Added to the variance before the square root.
    pub epsilon: f32,
}

impl ChannelParams<'_> {
    fn inverse_deviation(&self, channel: usize) -> f32 {
        1.0 / (self.variance[channel] + self.epsilon).sqrt()
    }
}

impl BatchNorm {
    /// Writes mean and biased variance of each channel of `x`, both `[channels]`.
    ///
    /// # Panics
    /// If the length of `x` is not a multiple of one sample.
    pub fn statistics(&self, x: &[f32], mean: &mut [f32], variance: &mut [f32]) {
        let count = self.values_per_channel(x);
        Arch::new().dispatch(Statistics { shape: *self, x, count, mean, variance });
    }

    /// `out = (x − mean) / √(variance + ε) · γ + β`.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn forward(&self, x: &[f32], params: ChannelParams<'_>, beta: &[f32], out: &mut [f32]) {
        assert_eq!(x.len(), out.len(), "lengths");
        Arch::new().dispatch(Forward { shape: *self, x, params, beta, out });
    }

    /// Gradients with respect to `x`, γ and β, given the gradient with respect to the output. Mean and
    /// variance are functions of `x`, so their gradients are included.
    ///
    /// # Panics
    /// If a slice has a length that does not match the shape.
    pub fn gradients(
        &self,
        x: &[f32],
        params: ChannelParams<'_>,
        gradient: &[f32],
        grad_x: &mut [f32],
        grad_gamma: &mut [f32],
        grad_beta: &mut [f32],
    ) {
        assert_eq!((x.len(), x.len()), (gradient.len(), grad_x.len()), "lengths");
        let count = self.values_per_channel(x);
        Arch::new().dispatch(Backward {
            shape: *self,
            x,
            params,
            gradient,
            count,
            grad_x,
            grad_gamma,
            grad_beta,
        });
    }

    /// Number of values per channel.
    fn values_per_channel(&self, x: &[f32]) -> f64 {
        assert!(x.len().is_multiple_of(self.channels * self.pixels), "whole images");
        (x.len() / self.channels) as f64
    }

    fn maps<'a>(&self, x: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        x.chunks_exact(self.pixels).skip(channel).step_by(self.channels)
    }
}

struct Statistics<'a> {
    shape: BatchNorm,
    x: &'a [f32],
    count: f64,
    mean: &'a mut [f32],
    variance: &'a mut [f32],
}

impl WithSimd for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, x, count, mean, variance } = self;
        for ((mean, variance), channel) in mean.iter_mut().zip(variance).zip(0..) {
            let sums = shape.maps(x, channel).map(|map| f64::from(simd_ops::sum(simd, [map], |[x]| x)));
            *mean = (sums.sum::<f64>() / count) as f32;
            let mean_vector = simd.splat_f32s(*mean);
            let squares = shape.maps(x, channel).map(|map| {
                f64::from(simd_ops::sum(simd, [map], |[x]| {
                    let centered = simd.sub_f32s(x, mean_vector);
                    simd.mul_f32s(centered, centered)
                }))
            });
            *variance = (squares.sum::<f64>() / count) as f32;
        }
    }
}

struct Forward<'a> {
    shape: BatchNorm,
    x: &'a [f32],
    params: ChannelParams<'a>,
    beta: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape: BatchNorm { channels, pixels }, x, params, beta, out } = self;
        let maps = x.chunks_exact(pixels).zip(out.chunks_exact_mut(pixels));
        for ((x, out), channel) in maps.zip((0..channels).cycle()) {
            let scale = params.inverse_deviation(channel) * params.gamma[channel];
            let shift = simd.splat_f32s(beta[channel] - params.mean[channel] * scale);
            let scale = simd.splat_f32s(scale);
            simd_ops::update(simd, out, [x], |_, [x]| simd.mul_add_e_f32s(x, scale, shift));
        }
    }
}

struct Backward<'a> {
    shape: BatchNorm,
    x: &'a [f32],
    params: ChannelParams<'a>,
    gradient: &'a [f32],
    count: f64,
    grad_x: &'a mut [f32],
    grad_gamma: &'a mut [f32],
    grad_beta: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, x, params, gradient, count, grad_x, grad_gamma, grad_beta } = self;
        let BatchNorm { channels, pixels } = shape;
        for channel in 0..channels {
            let mean = simd.splat_f32s(params.mean[channel]);
            let (mut sum, mut product) = (0.0, 0.0);
            for (x, gradient) in shape.maps(x, channel).zip(shape.maps(gradient, channel)) {
                sum += f64::from(simd_ops::sum(simd, [gradient], |[gradient]| gradient));
                product += f64::from(simd_ops::sum(simd, [x, gradient], |[x, gradient]| {
                    simd.mul_f32s(simd.sub_f32s(x, mean), gradient)
                }));
            }
            grad_beta[channel] = sum as f32;
            grad_gamma[channel] = product as f32 * params.inverse_deviation(channel);
        }
        let maps = x.chunks_exact(pixels).zip(gradient.chunks_exact(pixels));
        for (((x, gradient), to), channel) in
            maps.zip(grad_x.chunks_exact_mut(pixels)).zip((0..channels).cycle())
        {
            let inverse = params.inverse_deviation(channel);
            let splat = |value| simd.splat_f32s(value);
            let (mean, scale) = (splat(params.mean[channel]), splat(params.gamma[channel] * inverse));
            let slope = splat(inverse * grad_gamma[channel] / count as f32);
            let offset = splat(grad_beta[channel] / count as f32);
            simd_ops::update(simd, to, [x, gradient], |_, [x, gradient]| {
                let centered_gradient = simd.sub_f32s(gradient, offset);
                let correction = simd.mul_f32s(simd.sub_f32s(x, mean), slope);
                simd.mul_f32s(scale, simd.sub_f32s(centered_gradient, correction))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 7919 + seed * 104_729) % 1021) as f32 / 510.0 - 1.0).collect()
    }

    #[test]
    fn output_is_normalized_and_gradients_match_finite_differences() {
        let norm = BatchNorm { channels: 3, pixels: 35 };
        let (x, weights) = (noise(4 * 105, 1), noise(4 * 105, 2));
        let (gamma, beta) = ([0.5, 1.0, 2.0], [0.0, 1.0, -1.0]);
        let run = |x: &[f32], gamma: &[f32], beta: &[f32]| {
            let (mut mean, mut variance, mut out) = ([0.0; 3], [0.0; 3], vec![0.0; x.len()]);
            norm.statistics(x, &mut mean, &mut variance);
            norm.forward(
                x,
                ChannelParams { gamma, mean: &mean, variance: &variance, epsilon: 1e-5 },
                beta,
                &mut out,
            );
            (out, mean, variance)
        };
        let loss = |x: &[f32], gamma: &[f32], beta: &[f32]| {
            let (out, ..) = run(x, gamma, beta);
            out.iter().zip(&weights).map(|(o, w)| f64::from(*o) * f64::from(*w)).sum::<f64>()
        };
        let (out, mean, variance) = run(&x, &gamma, &beta);
        for channel in 0..3 {
            let values: Vec<f32> = norm.maps(&out, channel).flatten().copied().collect();
            let average = values.iter().sum::<f32>() / values.len() as f32;
            let spread = values.iter().map(|v| (v - average).powi(2)).sum::<f32>() / values.len() as f32;
            assert!((average - beta[channel]).abs() < 1e-5, "{average}");
            assert!((spread.sqrt() - gamma[channel]).abs() < 1e-3, "{spread}");
        }
        let params = ChannelParams { gamma: &gamma, mean: &mean, variance: &variance, epsilon: 1e-5 };
        let (mut grad_x, mut grad_gamma, mut grad_beta) = (vec![0.0; x.len()], [0.0; 3], [0.0; 3]);
        norm.gradients(&x, params, &weights, &mut grad_x, &mut grad_gamma, &mut grad_beta);
        let step = 1e-2;
        let close = |gradient: f32, [less, more]: [f64; 2]| {
            let difference = (more - less) / f64::from(2.0 * step);
            assert!(
                (f64::from(gradient) - difference).abs() < 2e-3 * (1.0 + difference.abs()),
                "{gradient} {difference}"
            );
        };
        for i in (0..x.len()).step_by(17) {
            close(
                grad_x[i],
                [-step, step].map(|step| {
                    let mut x = x.clone();
                    x[i] += step;
                    loss(&x, &gamma, &beta)
                }),
            );
        }
        for channel in 0..3 {
            let moved = |values: [f32; 3], step: f32| {
                let mut values = values;
                values[channel] += step;
                values
            };
            close(grad_gamma[channel], [-step, step].map(|step| loss(&x, &moved(gamma, step), &beta)));
            close(grad_beta[channel], [-step, step].map(|step| loss(&x, &gamma, &moved(beta, step))));
        }
    }
}
