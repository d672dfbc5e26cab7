//! Dropout as an ensemble: every thinned network of a network, and the ways to average them.
//!
//! With n units that can be dropped there are 2ⁿ thinned networks that share their weights. Their answers can be averaged
//! in three ways: the arithmetic mean of the probabilities; the geometric mean, renormalised; or, in one pass, the
//! network whose units are scaled by the probability of being kept. With one hidden layer the last two are the same
//! (Hinton et al. 2012, section 1; for logistic units Baldi & Sadowski 2013); with more they are not.

use serde::Serialize;

use crate::mask::Mask;
use crate::mlp::{Mlp, Units};
use crate::points::Point;
use crate::softmax;

/// What the thinned networks of a network make of one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Means {
    /// Probabilities by each thinned network, in the order of the masks.
    pub each: Vec<Vec<f64>>,
    /// Their mean, each weighted by the probability that dropout draws its mask.
    pub arithmetic: Vec<f64>,
    /// Their weighted geometric mean, renormalised to add to 1.
    pub geometric: Vec<f64>,
    /// The probabilities of the weight-scaled network.
    pub scaled: Vec<f64>,
}

/// Asks every thinned network about one input. `p` is the probability of dropping a unit.
pub fn means(network: &Mlp, masks: &[Mask], p: f64, x: &[f64]) -> Means {
    let scaled = softmax::forward(&network.logits(x, Units::Scaled(1.0 - p)));
    let classes = scaled.len();
    let (mut arithmetic, mut logs, mut each) = (vec![0.0; classes], vec![0.0; classes], Vec::new());
    for mask in masks {
        let log = softmax::log_forward(&network.logits(x, Units::Thinned(mask)));
        let weight = mask.probability(p);
        let probabilities: Vec<f64> = log.iter().map(|log| libm::exp(*log)).collect();
        for class in 0..classes {
            arithmetic[class] += weight * probabilities[class];
            // A mask that is never drawn has no say, whatever it answers.
            if weight > 0.0 {
                logs[class] += weight * log[class];
            }
        }
        each.push(probabilities);
    }
    Means { each, arithmetic, geometric: softmax::forward(&logs), scaled }
}

/// The class with the largest probability, the first of equals.
pub fn best(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (class, p) in probabilities.iter().enumerate() {
        if *p > probabilities[best] {
            best = class;
        }
    }
    best
}

/// How the thinned networks and their means do on a set of points.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Error rate of each thinned network, 0 to 1.
    pub each_error: Vec<f64>,
    /// Error rate of the arithmetic mean.
    pub arithmetic_error: f64,
    /// Error rate of the geometric mean.
    pub geometric_error: f64,
    /// Error rate of the weight-scaled network.
    pub scaled_error: f64,
    /// Mean over the points of the largest difference between probabilities: arithmetic mean and scaled network.
    pub arithmetic_to_scaled: f64,
    /// The same for the geometric mean and the scaled network: 0 but for rounding with one hidden layer.
    pub geometric_to_scaled: f64,
}

/// Compares the means of all thinned networks on a set of points.
pub fn compare(network: &Mlp, masks: &[Mask], p: f64, points: &[Point]) -> Comparison {
    let mut sums = Comparison {
        each_error: vec![0.0; masks.len()],
        arithmetic_error: 0.0,
        geometric_error: 0.0,
        scaled_error: 0.0,
        arithmetic_to_scaled: 0.0,
        geometric_to_scaled: 0.0,
    };
    let share = 1.0 / points.len().max(1) as f64;
    for point in points {
        let means = means(network, masks, p, &point.x);
        let wrong = |probabilities: &[f64]| if best(probabilities) == point.label { 0.0 } else { share };
        for (error, probabilities) in sums.each_error.iter_mut().zip(&means.each) {
            *error += wrong(probabilities);
        }
        sums.arithmetic_error += wrong(&means.arithmetic);
        sums.geometric_error += wrong(&means.geometric);
        sums.scaled_error += wrong(&means.scaled);
        sums.arithmetic_to_scaled += share * distance(&means.arithmetic, &means.scaled);
        sums.geometric_to_scaled += share * distance(&means.geometric, &means.scaled);
    }
    sums
}

/// The largest difference between two rows of probabilities.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sixteen::{Sixteen, SixteenOptions};
    use alexnet_data::rng::{Purpose, rng};
    use proptest::prelude::*;

    proptest! {
        /// Hinton et al. 2012: with one hidden layer the geometric mean of all thinned networks is the scaled network.
        #[test]
        fn with_one_hidden_layer_the_geometric_mean_is_the_scaled_network(
            seed in 0u32..1000, x in -3.0..3.0f64, y in -3.0..3.0f64, p in 0.05..0.95f64,
        ) {
            let network = Mlp::new(2, &[4], 3, &mut rng(seed, Purpose::Experiment, 0, 0));
            let means = means(&network, &Mask::all(&[4]), p, &[x, y]);
            // Sums of 16 terms of at most some tens: rounding stays below 1e-13 times a few tens.
            prop_assert!(distance(&means.geometric, &means.scaled) < 1e-12);
            for row in means.each.iter().chain([&means.arithmetic, &means.geometric, &means.scaled]) {
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn with_two_hidden_layers_it_is_another() {
        // Trained: a network with small weights is almost linear, and there the means agree.
        let mut run = Sixteen::new(SixteenOptions::default());
        run.train(1000);
        let (network, masks) = (run.network, run.masks);
        let far = (0..40)
            .map(|i| means(&network, &masks, 0.5, &[f64::from(i) / 20.0 - 1.0, 0.5]))
            .map(|means| distance(&means.geometric, &means.scaled))
            .fold(0.0, f64::max);
        assert!(far > 1e-3, "{far}");
    }

    #[test]
    fn without_dropout_every_mean_is_the_full_network() {
        let network = Mlp::new(2, &[2, 2], 2, &mut rng(5, Purpose::Experiment, 0, 0));
        let means = means(&network, &Mask::all(&[2, 2]), 0.0, &[0.4, -0.2]);
        let full = &means.each[15];
        for mean in [&means.arithmetic, &means.geometric, &means.scaled] {
            assert!(distance(mean, full) < 1e-12);
        }
    }
}
