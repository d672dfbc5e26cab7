//! A fully connected layer over a batch, and Adam.

use rand_chacha::ChaCha8Rng;

use crate::dense::{product, product_of_transposed, transposed};
use crate::points::normal;

/// Weights `(inputs, outputs)`, row by row, and biases `(outputs)`; or, with the same shapes, their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseLayer {
    /// `(inputs, outputs)`.
    pub weight: Vec<f32>,
    /// `(outputs)`.
    pub bias: Vec<f32>,
}

impl DenseLayer {
    /// Weights of the normal distribution with this standard deviation, biases 0.
    pub fn new([inputs, outputs]: [usize; 2], deviation: f64, rng: &mut ChaCha8Rng) -> Self {
        let weight = (0..inputs * outputs).map(|_| (deviation * normal(rng)) as f32).collect();
        Self { weight, bias: vec![0.0; outputs] }
    }

    /// Zeros of the same shapes.
    pub fn zeros_like(&self) -> Self {
        Self { weight: vec![0.0; self.weight.len()], bias: vec![0.0; self.bias.len()] }
    }

    /// Inputs and outputs.
    pub fn shape(&self) -> [usize; 2] {
        let outputs = self.bias.len();
        [self.weight.len() / outputs.max(1), outputs]
    }

    /// `x W + b` for `x` `(batch, inputs)`: `(batch, outputs)`.
    pub fn forward(&self, x: &[f32], batch: usize) -> Vec<f32> {
        let [inputs, outputs] = self.shape();
        let mut out = product(x, &self.weight, [batch, inputs, outputs]);
        for row in out.chunks_exact_mut(outputs) {
            row.iter_mut().zip(&self.bias).for_each(|(value, bias)| *value += bias);
        }
        out
    }

    /// The gradients by weight (`xᵀ dy`) and bias, for the gradient `dy` `(batch, outputs)` by the output.
    pub fn gradient(&self, x: &[f32], dy: &[f32], batch: usize) -> Self {
        let [inputs, outputs] = self.shape();
        let mut bias = vec![0.0; outputs];
        for row in dy.chunks_exact(outputs) {
            bias.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        Self { weight: product_of_transposed(x, dy, [inputs, batch, outputs]), bias }
    }

    /// The gradient by the input: `dy Wᵀ`, `(batch, inputs)`.
    pub fn input_gradient(&self, dy: &[f32], batch: usize) -> Vec<f32> {
        let [inputs, outputs] = self.shape();
        product(dy, &transposed(&self.weight, [inputs, outputs]), [batch, outputs, inputs])
    }

    /// All parameters, weights first.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        self.weight.iter_mut().chain(&mut self.bias)
    }

    /// All parameters, in the same order.
    pub fn values(&self) -> impl Iterator<Item = &f32> {
        self.weight.iter().chain(&self.bias)
    }

    /// Whether the values are still numbers.
    pub fn is_finite(&self) -> bool {
        self.values().all(|value| value.is_finite())
    }
}

/// Adam (Kingma and Ba 2015) for one layer, with β₁ 0.9, β₂ 0.999, ε 1e-8.
#[derive(Debug, Clone)]
pub struct Adam {
    first: DenseLayer,
    second: DenseLayer,
    steps: i32,
}

impl Adam {
    /// An optimiser at rest.
    pub fn new(layer: &DenseLayer) -> Self {
        Self { first: layer.zeros_like(), second: layer.zeros_like(), steps: 0 }
    }

    /// One step against a gradient.
    pub fn step(&mut self, layer: &mut DenseLayer, gradient: &DenseLayer, learning_rate: f32) {
        self.steps += 1;
        let correction = |beta: f64| (1.0 - libm::pow(beta, f64::from(self.steps))) as f32;
        let (first_share, second_share) = (correction(0.9), correction(0.999));
        let moments = self.first.values_mut().zip(self.second.values_mut());
        for ((value, gradient), (first, second)) in layer.values_mut().zip(gradient.values()).zip(moments) {
            *first = 0.9 * *first + 0.1 * gradient;
            *second = 0.999 * *second + 0.001 * gradient * gradient;
            *value -= learning_rate * (*first / first_share) / ((*second / second_share).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alexnet_data::rng::{Purpose, rng};

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let layer = DenseLayer::new([3, 2], 1.0, &mut rng(1, Purpose::Experiment, 0, 0));
        let x = [0.5, -1.0, 2.0, 1.5, 0.25, -0.75];
        // Half the sum of squares of the outputs: its gradient by them is the outputs themselves.
        let loss = |layer: &DenseLayer, x: &[f32]| {
            layer.forward(x, 2).iter().map(|y| f64::from(*y).powi(2)).sum::<f64>() / 2.0
        };
        let dy = layer.forward(&x, 2);
        let analytic: Vec<f32> = layer.gradient(&x, &dy, 2).values().copied().collect();
        // The loss is quadratic, so central differences are exact but for rounding: 1e-3 of values of order 10.
        for (i, expected) in analytic.iter().enumerate() {
            let shifted = |by: f32| {
                let mut other = layer.clone();
                if let Some(value) = other.values_mut().nth(i) {
                    *value += by;
                }
                loss(&other, &x)
            };
            let numeric = (shifted(0.1) - shifted(-0.1)) / 0.2;
            assert!((numeric - f64::from(*expected)).abs() < 1e-3, "{i}: {numeric} {expected}");
        }
        for (i, expected) in layer.input_gradient(&dy, 2).iter().enumerate() {
            let shifted = |by: f32| {
                let mut other = x;
                other[i] += by;
                loss(&layer, &other)
            };
            let numeric = (shifted(0.1) - shifted(-0.1)) / 0.2;
            assert!((numeric - f64::from(*expected)).abs() < 1e-3, "{i}: {numeric} {expected}");
        }
    }

    #[test]
    fn steps_are_those_of_pytorch() {
        // torch.optim.Adam([w = 1.0], lr=0.1) with gradients 1, 1, -1: 0.9, 0.8, 0.7738.
        let mut layer = DenseLayer { weight: vec![1.0], bias: vec![0.0] };
        let mut adam = Adam::new(&layer);
        for (gradient, expected) in [(1.0, 0.9), (1.0, 0.8), (-1.0, 0.773_800_7)] {
            adam.step(&mut layer, &DenseLayer { weight: vec![gradient], bias: vec![0.0] }, 0.1);
            assert!((layer.weight[0] - expected).abs() < 1e-5, "{}", layer.weight[0]);
        }
    }
}
