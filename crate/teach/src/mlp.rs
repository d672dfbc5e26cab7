//! A fully connected network with ReLU and dropout behind every hidden layer.

use rand_chacha::ChaCha8Rng;

use crate::linear::Linear;
use crate::mask::Mask;
use crate::{relu, softmax};

/// The layers, the last one without ReLU.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    /// Hidden layers, then the one that gives the logits.
    pub layers: Vec<Linear>,
}

/// How the hidden units answer.
#[derive(Debug, Clone, Copy)]
pub enum Units<'a> {
    /// A thinned network: dropped units give 0, the others their value as it is.
    Thinned(&'a Mask),
    /// The weight-scaled network: every unit gives its value times this factor, the probability 1 − p of being kept.
    /// Hinton et al. 2012 and the paper halve the outgoing weights, which is the same.
    Scaled(f64),
}

/// What a forward pass leaves for the backward pass.
struct Trace {
    /// Input of each layer.
    inputs: Vec<Vec<f64>>,
    /// Output of each hidden layer before ReLU.
    sums: Vec<Vec<f64>>,
    logits: Vec<f64>,
}

impl Mlp {
    /// A network with these hidden layers, weights drawn from `rng`.
    pub fn new(inputs: usize, hidden: &[usize], classes: usize, rng: &mut ChaCha8Rng) -> Self {
        let sizes: Vec<usize> = [&[inputs], hidden, &[classes]].concat();
        Self { layers: sizes.windows(2).map(|pair| Linear::new(pair[0], pair[1], rng)).collect() }
    }

    /// Sizes of the hidden layers.
    pub fn hidden(&self) -> Vec<usize> {
        self.layers.iter().rev().skip(1).rev().map(|layer| layer.bias.len()).collect()
    }

    /// The logits of one sample.
    pub fn logits(&self, x: &[f64], units: Units<'_>) -> Vec<f64> {
        self.forward(x, units).logits
    }

    fn forward(&self, x: &[f64], units: Units<'_>) -> Trace {
        let (mut inputs, mut sums, mut values) = (Vec::new(), Vec::new(), x.to_vec());
        for (at, layer) in self.layers.iter().enumerate() {
            let sum = layer.forward(&values);
            inputs.push(values);
            if at + 1 == self.layers.len() {
                return Trace { inputs, sums, logits: sum };
            }
            values = gate(relu::forward(&sum), units, at);
            sums.push(sum);
        }
        Trace { inputs, sums, logits: values }
    }

    /// Adds a sample's gradients to `sums` and returns its cross-entropy.
    pub fn backward(&self, x: &[f64], label: usize, units: Units<'_>, sums: &mut Self) -> f64 {
        let trace = self.forward(x, units);
        let mut gradient = softmax::backward(&softmax::forward(&trace.logits), label);
        for (at, layer) in self.layers.iter().enumerate().rev() {
            gradient = layer.backward(&trace.inputs[at], &gradient, &mut sums.layers[at]);
            if at > 0 {
                // The factor of dropout, then ReLU: the reverse of forward.
                gradient = relu::backward(&trace.sums[at - 1], &gate(gradient, units, at - 1));
            }
        }
        softmax::cross_entropy(&trace.logits, label)
    }

    /// Zeros of the same shapes.
    pub fn zeros_like(&self) -> Self {
        Self { layers: self.layers.iter().map(Linear::zeros_like).collect() }
    }

    /// All parameters, weights before biases, layer by layer.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        self.layers.iter_mut().flat_map(|layer| layer.weight.iter_mut().chain(&mut layer.bias))
    }

    /// All parameters, in the same order.
    pub fn parameters(&self) -> impl Iterator<Item = &f64> {
        self.layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias))
    }
}

/// Multiplies a hidden layer's values, or the gradients by them, by what dropout makes of each unit.
fn gate(mut values: Vec<f64>, units: Units<'_>, layer: usize) -> Vec<f64> {
    match units {
        Units::Thinned(mask) => {
            for (value, kept) in values.iter_mut().zip(mask.0.get(layer).into_iter().flatten()) {
                *value *= f64::from(u8::from(*kept));
            }
        }
        Units::Scaled(factor) => values.iter_mut().for_each(|value| *value *= factor),
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use alexnet_data::rng::{Purpose, rng};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradients_are_those_of_finite_differences(seed in 0u32..200, index in 0usize..16, x in -2.0..2.0f64, y in -2.0..2.0f64) {
            let mut network = Mlp::new(2, &[2, 2], 2, &mut rng(seed, Purpose::Experiment, 0, 0));
            // Biases off zero, so that no sum of a ReLU lies on its corner.
            for (i, value) in network.parameters_mut().enumerate() {
                *value += 0.01 * (i as f64 + 1.0);
            }
            let mask = Mask::from_index(&[2, 2], index);
            for units in [Units::Thinned(&mask), Units::Scaled(0.5)] {
                let mut sums = network.zeros_like();
                network.backward(&[x, y], 1, units, &mut sums);
                let analytic: Vec<f64> = sums.parameters().copied().collect();
                let h = 1e-6;
                for (i, expected) in analytic.iter().enumerate() {
                    let shifted = |by: f64| {
                        let mut other = network.clone();
                        if let Some(value) = other.parameters_mut().nth(i) {
                            *value += by;
                        }
                        softmax::cross_entropy(&other.logits(&[x, y], units), 1)
                    };
                    let numeric = (shifted(h) - shifted(-h)) / (2.0 * h);
                    // Truncation and rounding are of the order 1e-10; a corner of ReLU within h of a sum is the exception.
                    let near = network.forward(&[x, y], units).sums.iter().flatten().any(|sum| sum.abs() < 1e-4);
                    prop_assert!(near || (numeric - expected).abs() < 1e-6, "{i}: {numeric} {expected}");
                }
            }
        }
    }

    #[test]
    fn a_network_without_a_path_answers_from_its_last_biases() {
        let mut network = Mlp::new(2, &[2, 2], 2, &mut rng(3, Purpose::Experiment, 0, 0));
        network.layers[2].bias = vec![0.5, -0.5];
        let dropped = Mask::from_index(&[2, 2], 0b0011);
        assert!(!dropped.has_path());
        for x in [[0.0, 0.0], [5.0, -3.0]] {
            assert_eq!(network.logits(&x, Units::Thinned(&dropped)), [0.5, -0.5]);
        }
    }
}
