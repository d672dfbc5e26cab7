//! Stochastic gradient descent with momentum, as PyTorch computes it: `v ← μ v + g`, `w ← w − η v`.

use crate::mlp::Mlp;

/// The optimiser's state: a velocity for each parameter.
#[derive(Debug, Clone)]
pub struct Sgd {
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    velocity: Vec<f64>,
}

impl Sgd {
    /// An optimiser at rest.
    pub fn new(learning_rate: f64, momentum: f64) -> Self {
        Self { learning_rate, momentum, velocity: Vec::new() }
    }

    /// One step against the mean of the gradients of `samples` samples.
    pub fn step(&mut self, network: &mut Mlp, sums: &Mlp, samples: usize) {
        self.velocity.resize(sums.parameters().count(), 0.0);
        let scale = 1.0 / samples.max(1) as f64;
        for ((weight, sum), velocity) in
            network.parameters_mut().zip(sums.parameters()).zip(&mut self.velocity)
        {
            *velocity = self.momentum * *velocity + sum * scale;
            *weight -= self.learning_rate * *velocity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Linear;

    #[test]
    fn steps_are_those_of_pytorch() {
        // torch.optim.SGD([w = 1.0], lr=0.1, momentum=0.9) with gradients 1, 1, 1: 0.9, 0.71, 0.439.
        let one = |value| Mlp { layers: vec![Linear { inputs: 1, weight: vec![value], bias: vec![] }] };
        let (mut network, mut sgd) = (one(1.0), Sgd::new(0.1, 0.9));
        for expected in [0.9, 0.71, 0.439] {
            sgd.step(&mut network, &one(2.0), 2);
            let weight = network.layers[0].weight[0];
            assert!((weight - expected).abs() < 1e-12, "{weight}");
        }
    }
}
