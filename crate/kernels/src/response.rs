//! Local response normalisation (section 3.3 of the paper), and its gradient.

/// The shape of a normalisation and its constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponse {
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

impl LocalResponse {
    /// `out_i = x_i / (k + α Σ x_j²)^β`, the sum over the maps around map `i` at the same pixel.
    ///
    /// # Panics
    /// When a slice is no whole number of images or the two have different lengths.
    pub fn forward(&self, x: &[f32], out: &mut [f32]) {
        self.check(x, out.len());
        let image = self.channels * self.pixels;
        for (x, out) in x.chunks_exact(image).zip(out.chunks_exact_mut(image)) {
            self.damping(x, out);
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x * self.power(*out));
        }
    }

    /// The gradient by `x`, from the gradient by `out`: with `s_i = k + α Σ x_j²`,
    /// `g_i s_i^−β − 2 α β x_i Σ g_j x_j s_j^(−β−1)` over the same maps.
    ///
    /// # Panics
    /// When a slice is no whole number of images or two have different lengths.
    pub fn gradient(&self, x: &[f32], gradient: &[f32], by_x: &mut [f32], work: &mut Sums) {
        self.check(x, gradient.len());
        self.check(x, by_x.len());
        let image = self.channels * self.pixels;
        let Sums { damping, terms } = work;
        damping.resize(image, 0.0);
        terms.resize(image, 0.0);
        let images = x.chunks_exact(image).zip(gradient.chunks_exact(image));
        for ((x, gradient), by_x) in images.zip(by_x.chunks_exact_mut(image)) {
            self.damping(x, damping);
            let values = by_x.iter_mut().zip(terms.iter_mut()).zip(damping.iter()).zip(x).zip(gradient);
            for ((((by_x, term), s), x), gradient) in values {
                *by_x = gradient * self.power(*s);
                *term = *by_x * x / s;
            }
            for (channel, (by_x, x)) in self.maps_mut(by_x).zip(x.chunks_exact(self.pixels)).enumerate() {
                let sums = damping.get_mut(..self.pixels).unwrap_or_default();
                self.around(terms, channel, sums, |term| term);
                let factor = -2.0 * self.alpha * self.beta;
                by_x.iter_mut().zip(x).zip(sums).for_each(|((by_x, x), sum)| *by_x += factor * x * *sum);
            }
        }
    }

    /// `k + α Σ x_j²` of every value of an image.
    fn damping(&self, x: &[f32], to: &mut [f32]) {
        for (channel, to) in self.maps_mut(to).enumerate() {
            self.around(x, channel, to, |x| x * x);
            to.iter_mut().for_each(|sum| *sum = self.k + self.alpha * *sum);
        }
    }

    /// The sum of `term` over the maps around one.
    fn around(&self, values: &[f32], channel: usize, to: &mut [f32], term: impl Fn(f32) -> f32) {
        to.fill(0.0);
        let reach = self.size / 2;
        let maps = values.chunks_exact(self.pixels);
        for map in maps.take(channel + reach + 1).skip(channel.saturating_sub(reach)) {
            to.iter_mut().zip(map).for_each(|(sum, value)| *sum += term(*value));
        }
    }

    /// `s^−β`; the paper's β without a logarithm.
    fn power(&self, s: f32) -> f32 {
        if self.beta == 0.75 {
            let root = s.sqrt();
            1.0 / (root * root.sqrt())
        } else {
            s.powf(-self.beta)
        }
    }

    fn maps_mut<'a>(&self, image: &'a mut [f32]) -> impl Iterator<Item = &'a mut [f32]> {
        image.chunks_exact_mut(self.pixels)
    }

    fn check(&self, x: &[f32], other: usize) {
        assert_eq!(x.len(), other, "lengths");
        assert!(x.len().is_multiple_of((self.channels * self.pixels).max(1)), "whole images");
        assert!(self.size % 2 == 1, "as many maps on either side");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, in double precision.
    fn defined(by: LocalResponse, x: &[f64]) -> Vec<f64> {
        let LocalResponse { channels, pixels, size, alpha, beta, k } = by;
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
            images in 1usize..3, channels in 1usize..9, pixels in 1usize..7,
            reach in 0usize..4, papers: bool, seed in 0usize..1000,
        ) {
            let (alpha, beta, k) = if papers { (0.2, 0.75, 2.0) } else { (0.7, 0.4, 1.0) };
            let by = LocalResponse { channels, pixels, size: 2 * reach + 1, alpha, beta, k };
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
