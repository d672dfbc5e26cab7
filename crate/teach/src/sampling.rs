//! Averaging sampled masks against scaling the weights (Srivastava et al. 2014, section 7.5 and figure 11).

use alexnet_data::rng::{Purpose, rng};
use serde::Serialize;

use crate::mask::Mask;
use crate::mlp::{Mlp, Units};
use crate::points::Point;
use crate::softmax;
use crate::thinned::best;

/// Error rates of the average over k sampled masks, and of the weight-scaled network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sampling {
    /// Error rate of the average of the first `k` samples, `k` from 1: entry `k − 1`.
    pub sampled_error: Vec<f64>,
    /// Error rate of the weight-scaled network.
    pub scaled_error: f64,
    /// Error rate of the whole network with its weights as they are: what a forgotten scale costs.
    pub unscaled_error: f64,
}

/// Averages the probabilities under 1 to `samples` masks, drawn anew for each point.
pub fn sample(network: &Mlp, p: f64, points: &[Point], samples: usize, seed: u32) -> Sampling {
    let hidden = network.hidden();
    let share = 1.0 / points.len().max(1) as f64;
    let mut result = Sampling { sampled_error: vec![0.0; samples], scaled_error: 0.0, unscaled_error: 0.0 };
    for (i, point) in points.iter().enumerate() {
        let wrong = |probabilities: &[f64]| if best(probabilities) == point.label { 0.0 } else { share };
        result.scaled_error += wrong(&softmax::forward(&network.logits(&point.x, Units::Scaled(1.0 - p))));
        result.unscaled_error += wrong(&softmax::forward(&network.logits(&point.x, Units::Scaled(1.0))));
        let mut rng = rng(seed, Purpose::Experiment, 2, i as u64);
        let mut sums: Vec<f64> = Vec::new();
        for error in &mut result.sampled_error {
            let mask = Mask::draw(&hidden, p, &mut rng);
            let probabilities = softmax::forward(&network.logits(&point.x, Units::Thinned(&mask)));
            sums.resize(probabilities.len(), 0.0);
            for (sum, p) in sums.iter_mut().zip(probabilities) {
                *sum += p;
            }
            // The largest sum is the largest mean.
            *error += wrong(&sums);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Shape, points};
    use crate::sixteen::{Sixteen, SixteenOptions};

    /// At p 0.5 both factors are the same, so a scale by p instead of 1 − p would show only at other rates.
    #[test]
    fn the_scale_is_the_share_that_is_kept() {
        for p in [0.2, 0.8] {
            let errors = (1..=3).map(|seed| {
                let hidden = vec![16, 16];
                let options =
                    SixteenOptions { hidden, shape: Shape::Circles, p, seed, ..SixteenOptions::default() };
                let mut run = Sixteen::new(options);
                run.train(3000);
                let by = |factor: f64| {
                    let wrong = run.test_points().iter().filter(|point| {
                        let logits = run.network.logits(&point.x, Units::Scaled(factor));
                        best(&logits) != point.label
                    });
                    wrong.count() as f64 / 500.0
                };
                let sampled = sample(&run.network, p, run.test_points(), 10, seed);
                assert!((sampled.scaled_error - by(1.0 - p)).abs() < 1e-9);
                [sampled.scaled_error, by(p), sampled.unscaled_error]
            });
            let [right, mistaken, unscaled] =
                errors.fold([0.0; 3], |sums, row| [0, 1, 2].map(|i| sums[i] + row[i] / 3.0));
            assert!(right < 0.03, "p {p}: {right}");
            assert!(mistaken > right + 0.01, "p {p}: {mistaken} {right}");
            assert!(unscaled >= right, "p {p}: {unscaled} {right}");
        }
    }

    #[test]
    fn many_samples_decide_as_the_arithmetic_mean_does() {
        let mut run = Sixteen::new(SixteenOptions { shape: Shape::Moons, ..SixteenOptions::default() });
        run.train(1000);
        let (network, masks) = (run.network, run.masks);
        let points = points(Shape::Moons, 100, 0.1, 1, 1);
        let sampled = sample(&network, 0.5, &points, 2000, 1);
        let exact = crate::thinned::compare(&network, &masks, 0.5, &points).arithmetic_error;
        // Only points within a few hundredths of even odds can still go the other way.
        let even = |point: &&Point| {
            (crate::thinned::means(&network, &masks, 0.5, &point.x).arithmetic[0] - 0.5).abs() < 0.05
        };
        let close = points.iter().filter(even).count() as f64 / 100.0;
        assert!((sampled.sampled_error[1999] - exact).abs() <= close + 1e-9);
        assert!(close < 0.9, "the bound says nothing");
    }
}
