//! A linear layer: `y = W x + b`.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Weights `(outputs, inputs)`, row by row, and biases; or, with the same shapes, their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Values of the input.
    pub inputs: usize,
    /// `(outputs, inputs)`.
    pub weight: Vec<f64>,
    /// `(outputs)`.
    pub bias: Vec<f64>,
}

impl Linear {
    /// Weights uniform in ±√(6 / inputs), the bound of He et al. 2015 for layers before a ReLU; biases 0.
    pub fn new(inputs: usize, outputs: usize, rng: &mut ChaCha8Rng) -> Self {
        let bound = (6.0 / inputs as f64).sqrt();
        let weight = (0..inputs * outputs).map(|_| bound * (2.0 * uniform(rng) - 1.0)).collect();
        Self { inputs, weight, bias: vec![0.0; outputs] }
    }

    /// Zeros of the same shapes: where gradients are summed.
    pub fn zeros_like(&self) -> Self {
        Self { inputs: self.inputs, weight: vec![0.0; self.weight.len()], bias: vec![0.0; self.bias.len()] }
    }

    /// `W x + b` for one sample.
    pub fn forward(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.weight.chunks_exact(self.inputs);
        rows.zip(&self.bias)
            .map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
            .collect()
    }

    /// Adds the gradients by weight (`dy xᵀ`) and bias (`dy`) to `sums`, and returns the gradient by input (`Wᵀ dy`).
    pub fn backward(&self, x: &[f64], dy: &[f64], sums: &mut Self) -> Vec<f64> {
        let mut dx = vec![0.0; self.inputs];
        let rows = self.weight.chunks_exact(self.inputs).zip(sums.weight.chunks_exact_mut(self.inputs));
        for ((row, sum), dy) in rows.zip(dy) {
            for (((w, sum), x), dx) in row.iter().zip(sum).zip(x).zip(&mut dx) {
                *sum += dy * x;
                *dx += dy * w;
            }
        }
        for (sum, dy) in sums.bias.iter_mut().zip(dy) {
            *sum += dy;
        }
        dx
    }
}

/// A number from 0 (included) to 1 (excluded), from 32 random bits.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.random::<u32>()) / 4_294_967_296.0
}
