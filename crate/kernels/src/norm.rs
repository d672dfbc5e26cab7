//! Batch normalisation in training (Ioffe and Szegedy 2015): each channel brought to mean 0 and variance 1 over the
//! batch, then scaled and shifted.

/// Lanes that sums are taken in, so that the compiler can use vectors.
const LANES: usize = 16;

/// The shape of a normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchNorm {
    /// Channels of the maps.
    pub channels: usize,
    /// Height times width of the maps.
    pub pixels: usize,
}

/// What a channel is normalised by.
#[derive(Debug, Clone, Copy)]
pub struct Channel<'a> {
    /// Scales, one a channel.
    pub gamma: &'a [f32],
    /// Means over batch and pixels.
    pub mean: &'a [f32],
    /// Variances over batch and pixels, biased.
    pub variance: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}

impl Channel<'_> {
    fn inverse_deviation(&self, channel: usize) -> f32 {
        1.0 / (self.variance[channel] + self.epsilon).sqrt()
    }
}

impl BatchNorm {
    /// Mean and biased variance of each channel.
    ///
    /// # Panics
    /// When `x` is no whole number of images.
    pub fn statistics(&self, x: &[f32], mean: &mut [f32], variance: &mut [f32]) {
        let count = self.values(x);
        for (sum, channel) in mean.iter_mut().zip(0..) {
            let sums: f64 = self.maps(x, channel).map(|map| sum_of(map, map, |x, _| x)).sum();
            *sum = (sums / count) as f32;
        }
        for ((variance, mean), channel) in variance.iter_mut().zip(mean).zip(0..) {
            let squares = |map| sum_of(map, map, |x, _| (x - *mean) * (x - *mean));
            *variance = (self.maps(x, channel).map(squares).sum::<f64>() / count) as f32;
        }
    }

    /// `out = (x − mean) / √(variance + ε) · γ + β`.
    ///
    /// # Panics
    /// When a slice has another length than its shape.
    pub fn forward(&self, x: &[f32], by: Channel<'_>, beta: &[f32], out: &mut [f32]) {
        assert_eq!(x.len(), out.len(), "lengths");
        let maps = x.chunks_exact(self.pixels).zip(out.chunks_exact_mut(self.pixels));
        for ((x, out), channel) in maps.zip((0..self.channels).cycle()) {
            let scale = by.inverse_deviation(channel) * by.gamma[channel];
            let shift = beta[channel] - by.mean[channel] * scale;
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x * scale + shift);
        }
    }

    /// The gradients by `x`, γ and β, from the gradient by `out`; mean and variance depend on `x` too.
    ///
    /// # Panics
    /// When a slice has another length than its shape.
    pub fn gradients(
        &self,
        x: &[f32],
        by: Channel<'_>,
        gradient: &[f32],
        by_x: &mut [f32],
        by_gamma: &mut [f32],
        by_beta: &mut [f32],
    ) {
        assert_eq!((x.len(), x.len()), (gradient.len(), by_x.len()), "lengths");
        let count = self.values(x);
        for channel in 0..self.channels {
            let (mean, inverse) = (by.mean[channel], by.inverse_deviation(channel));
            let maps = || self.maps(x, channel).zip(self.maps(gradient, channel));
            let sum: f64 = maps().map(|(_, gradient)| sum_of(gradient, gradient, |g, _| g)).sum();
            let product: f64 = maps().map(|(x, gradient)| sum_of(x, gradient, |x, g| (x - mean) * g)).sum();
            by_beta[channel] = sum as f32;
            by_gamma[channel] = product as f32 * inverse;
        }
        let maps = x.chunks_exact(self.pixels).zip(gradient.chunks_exact(self.pixels));
        for (((x, gradient), to), channel) in
            maps.zip(by_x.chunks_exact_mut(self.pixels)).zip((0..self.channels).cycle())
        {
            let (mean, inverse) = (by.mean[channel], by.inverse_deviation(channel));
            let scale = by.gamma[channel] * inverse;
            let slope = inverse * by_gamma[channel] / count as f32;
            let offset = by_beta[channel] / count as f32;
            for ((to, x), gradient) in to.iter_mut().zip(x).zip(gradient) {
                *to = scale * (gradient - offset - (x - mean) * slope);
            }
        }
    }

    /// Values of a channel.
    fn values(&self, x: &[f32]) -> f64 {
        assert!(x.len().is_multiple_of(self.channels * self.pixels), "whole images");
        (x.len() / self.channels) as f64
    }

    fn maps<'a>(&self, x: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        x.chunks_exact(self.pixels).skip(channel).step_by(self.channels)
    }
}

/// The sum of `term` over pairs of values.
#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut sums = [0.0f32; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term(*a, *b);
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| term(*a, *b)).sum();
    sums.iter().map(|sum| f64::from(*sum)).sum::<f64>() + f64::from(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize, seed: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 7919 + seed * 104_729) % 1021) as f32 / 510.0 - 1.0).collect()
    }

    #[test]
    fn outputs_are_normal_and_gradients_agree_with_finite_differences() {
        let norm = BatchNorm { channels: 3, pixels: 35 };
        let (x, weights) = (noise(4 * 105, 1), noise(4 * 105, 2));
        let (gamma, beta) = ([0.5, 1.0, 2.0], [0.0, 1.0, -1.0]);
        let run = |x: &[f32], gamma: &[f32], beta: &[f32]| {
            let (mut mean, mut variance, mut out) = ([0.0; 3], [0.0; 3], vec![0.0; x.len()]);
            norm.statistics(x, &mut mean, &mut variance);
            norm.forward(
                x,
                Channel { gamma, mean: &mean, variance: &variance, epsilon: 1e-5 },
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
        let by = Channel { gamma: &gamma, mean: &mean, variance: &variance, epsilon: 1e-5 };
        let (mut by_x, mut by_gamma, mut by_beta) = (vec![0.0; x.len()], [0.0; 3], [0.0; 3]);
        norm.gradients(&x, by, &weights, &mut by_x, &mut by_gamma, &mut by_beta);
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
                by_x[i],
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
            close(by_gamma[channel], [-step, step].map(|step| loss(&x, &moved(gamma, step), &beta)));
            close(by_beta[channel], [-step, step].map(|step| loss(&x, &gamma, &moved(beta, step))));
        }
    }
}
