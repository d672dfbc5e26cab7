//! A deep network whose layers can be looked into: what goes forward and what comes back (Glorot and Bengio 2010).

use alexnet_data::rng::{Purpose, rng, shuffle};

use crate::dense_layer::DenseLayer;

/// Images of a step.
const BATCH: usize = 50;

/// The function behind each hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else `0.01 x`.
    LeakyRelu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
}

impl Activation {
    /// Its value.
    pub fn value(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu => x.max(0.01 * x),
            Self::Tanh => libm::tanhf(x),
            Self::Sigmoid => 1.0 / (1.0 + libm::expf(-x)),
        }
    }

    /// Its slope at `x`, where its value is `y`.
    pub fn slope(self, x: f32, y: f32) -> f32 {
        match self {
            Self::Relu => f32::from(u8::from(x > 0.0)),
            Self::LeakyRelu => {
                if x > 0.0 {
                    1.0
                } else {
                    0.01
                }
            }
            Self::Tanh => 1.0 - y * y,
            Self::Sigmoid => y * (1.0 - y),
        }
    }

    /// Its largest slope.
    pub fn steepest(self) -> f32 {
        if self == Self::Sigmoid { 0.25 } else { 1.0 }
    }
}

/// How the weights are drawn: from a normal distribution with mean 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// This standard deviation in every layer. The paper takes 0.01.
    Fixed(f64),
    /// √(gain / inputs) of each layer: 1 keeps the variance of the values with tanh (LeCun et al. 1998), 2 with ReLU
    /// (He et al. 2015).
    Scaled(f64),
}

/// What can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct DeepOptions {
    /// Hidden layers.
    pub layers: usize,
    /// Units of each.
    pub units: usize,
    /// The function behind each.
    pub activation: Activation,
    /// How the weights are drawn.
    pub start: Start,
    /// Of stochastic gradient descent, without momentum.
    pub learning_rate: f64,
    /// Of weights and order of the images.
    pub seed: u32,
}

/// The network and its training images.
#[derive(Debug, Clone)]
pub struct Deep {
    /// Hidden layers, then the one that gives the logits.
    pub layers: Vec<DenseLayer>,
    options: DeepOptions,
    images: Vec<f32>,
    labels: Vec<u32>,
    step: u64,
    order: Vec<u32>,
}

/// A forward pass over a batch.
struct Trace {
    /// Before and behind the activation, for each hidden layer: `(batch, units)`.
    hidden: Vec<[Vec<f32>; 2]>,
    /// `(batch, classes)`.
    logits: Vec<f32>,
}

impl Deep {
    /// A fresh network for images `(images, inputs)` and their classes.
    pub fn new(images: Vec<f32>, labels: Vec<u32>, classes: usize, options: DeepOptions) -> Self {
        let mut init = rng(options.seed, Purpose::Experiment, 0, 0);
        let inputs = images.len() / labels.len().max(1);
        let mut sizes = vec![inputs];
        sizes.extend(vec![options.units; options.layers]);
        sizes.push(classes);
        let layer = |pair: &[usize]| {
            let deviation = match options.start {
                Start::Fixed(deviation) => deviation,
                Start::Scaled(gain) => (gain / pair[0] as f64).sqrt(),
            };
            DenseLayer::new([pair[0], pair[1]], deviation, &mut init)
        };
        let layers = sizes.windows(2).map(layer).collect();
        Self { layers, options, images, labels, step: 0, order: Vec::new() }
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Whether every weight is still a number.
    pub fn is_finite(&self) -> bool {
        self.layers.iter().all(DenseLayer::is_finite)
    }

    fn forward(&self, x: &[f32], batch: usize) -> Trace {
        let mut hidden: Vec<[Vec<f32>; 2]> = Vec::new();
        for (at, layer) in self.layers.iter().enumerate() {
            let sums = layer.forward(hidden.last().map_or(x, |[_, values]| values), batch);
            if at + 1 == self.layers.len() {
                return Trace { hidden, logits: sums };
            }
            let values = sums.iter().map(|x| self.options.activation.value(*x)).collect();
            hidden.push([sums, values]);
        }
        Trace { hidden, logits: Vec::new() }
    }

    /// Mean cross-entropy of a batch, and the gradients of it by each hidden layer's sums, then by the logits.
    fn backward(&self, trace: &Trace, labels: &[u32]) -> (f64, Vec<Vec<f32>>) {
        let batch = labels.len();
        let classes = trace.logits.len() / batch.max(1);
        let (mut loss, mut gradient) = (0.0, trace.logits.clone());
        for (row, label) in gradient.chunks_exact_mut(classes).zip(labels) {
            loss += softmax_gradient(row, *label as usize) / batch as f64;
            row.iter_mut().for_each(|value| *value /= batch as f32);
        }
        let mut gradients = vec![gradient];
        for (layer, [sums, values]) in self.layers.iter().skip(1).zip(&trace.hidden).rev() {
            let mut gradient = gradients.last().map(|dy| layer.input_gradient(dy, batch)).unwrap_or_default();
            for ((gradient, x), y) in gradient.iter_mut().zip(sums).zip(values) {
                *gradient *= self.options.activation.slope(*x, *y);
            }
            gradients.push(gradient);
        }
        gradients.reverse();
        (loss, gradients)
    }

    /// One step on a batch; returns its mean cross-entropy before the step.
    pub fn train(&mut self) -> f64 {
        let count = self.labels.len();
        let inputs = self.images.len() / count.max(1);
        let at = self.step as usize % (count / BATCH).max(1);
        if at == 0 {
            self.order = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
            shuffle(&mut self.order, &mut rng(self.options.seed, Purpose::Experiment, 1, self.step));
        }
        let chosen: Vec<usize> =
            self.order.iter().skip(at * BATCH).take(BATCH).map(|&image| image as usize).collect();
        let x: Vec<f32> =
            chosen.iter().flat_map(|image| &self.images[image * inputs..][..inputs]).copied().collect();
        let labels: Vec<u32> = chosen.iter().map(|image| self.labels[*image]).collect();
        let trace = self.forward(&x, labels.len());
        let (loss, gradients) = self.backward(&trace, &labels);
        let below = std::iter::once(&x).chain(trace.hidden.iter().map(|[_, values]| values));
        let rate = self.options.learning_rate as f32;
        for ((layer, x), dy) in self.layers.iter_mut().zip(below).zip(&gradients) {
            let gradient = layer.gradient(x, dy, labels.len());
            for (value, gradient) in layer.values_mut().zip(gradient.values()) {
                *value -= rate * gradient;
            }
        }
        self.step += 1;
        loss
    }

    /// What goes through the layers for images `(count, inputs)` and their classes.
    pub fn look(&self, images: &[f32], labels: &[u32]) -> Look {
        let count = labels.len();
        let trace = self.forward(images, count);
        let (loss, gradients) = self.backward(&trace, labels);
        let classes = trace.logits.len() / count.max(1);
        let wrong = trace.logits.chunks_exact(classes).zip(labels).filter(|(row, label)| {
            let right = row.get(**label as usize).copied().unwrap_or(f32::NAN);
            // Not a number counts as wrong.
            !row.iter().enumerate().all(|(class, z)| class == **label as usize || *z < right)
        });
        let error = wrong.count() as f64 / count.max(1) as f64;
        let layers = trace.hidden.into_iter().zip(&gradients).map(|([sums, values], gradient)| {
            let units = sums.len() / count.max(1);
            let flat = 1e-3 * self.options.activation.steepest();
            let mut dead = vec![true; units];
            let mut saturated = 0usize;
            for (i, (x, y)) in sums.iter().zip(&values).enumerate() {
                let slope = self.options.activation.slope(*x, *y);
                dead[i % units] &= slope < flat;
                saturated += usize::from(slope < 0.1 * self.options.activation.steepest());
            }
            LayerLook {
                dead: dead.iter().filter(|dead| **dead).count() as f64 / units.max(1) as f64,
                saturated: saturated as f64 / sums.len().max(1) as f64,
                // Of a sample, as a mean over the batch of the squares: the gradient of the mean loss is a share of it.
                gradient: gradient.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt()
                    * (count as f64).sqrt(),
                sums,
            }
        });
        Look { loss, error, layers: layers.collect() }
    }
}

/// What goes through the layers.
#[derive(Debug, Clone)]
pub struct Look {
    /// Mean cross-entropy.
    pub loss: f64,
    /// Share of images whose class is not the one with the largest logit.
    pub error: f64,
    /// Each hidden layer.
    pub layers: Vec<LayerLook>,
}

/// What goes through a hidden layer.
#[derive(Debug, Clone)]
pub struct LayerLook {
    /// Share of the units whose slope is below a thousandth of the steepest for every image: they learn nothing.
    pub dead: f64,
    /// Share of the values whose slope is below a tenth of the steepest.
    pub saturated: f64,
    /// Length of the gradient of an image's loss by the layer's sums: root of the mean square over the images.
    pub gradient: f64,
    /// Before the activation, `(images, units)`.
    pub sums: Vec<f32>,
}

/// Turns a row of logits into the gradient of the cross-entropy by them, and returns the cross-entropy.
fn softmax_gradient(row: &mut [f32], label: usize) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|z| *z = libm::expf(*z - largest));
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|p| *p /= sum);
    let Some(p) = row.get_mut(label) else { return 0.0 };
    let loss = -libm::log(f64::from(*p).max(1e-30));
    *p -= 1.0;
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(count: usize) -> (Vec<f32>, Vec<u32>) {
        let labels: Vec<u32> = (0..count as u32).map(|i| i % 3).collect();
        let x = (0..count * 6)
            .map(|i| libm::sinf(i as f32 * 1.3) * 0.3 + if i % 6 == (i / 6) % 3 { 1.0 } else { 0.0 });
        (x.collect(), labels)
    }

    fn network(activation: Activation, layers: usize) -> Deep {
        let (images, labels) = set(300);
        let options = DeepOptions {
            layers,
            units: 8,
            activation,
            start: Start::Scaled(1.0),
            learning_rate: 0.2,
            seed: 1,
        };
        Deep::new(images, labels, 3, options)
    }

    const ALL: [Activation; 4] =
        [Activation::Relu, Activation::LeakyRelu, Activation::Tanh, Activation::Sigmoid];

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let (images, labels) = set(5);
        for activation in ALL {
            let network = network(activation, 2);
            let trace = network.forward(&images, 5);
            let (_, gradients) = network.backward(&trace, &labels);
            let below = std::iter::once(&images).chain(trace.hidden.iter().map(|[_, values]| values));
            for (at, (x, dy)) in below.zip(&gradients).enumerate() {
                let analytic = network.layers[at].gradient(x, dy, 5);
                let mut far = 0;
                for (i, expected) in analytic.values().enumerate() {
                    let shifted = |by: f32| {
                        let mut other = network.clone();
                        if let Some(value) = other.layers[at].values_mut().nth(i) {
                            *value += by;
                        }
                        other.look(&images, &labels).loss
                    };
                    let numeric = (shifted(0.01) - shifted(-0.01)) / 0.02;
                    far += usize::from((numeric - f64::from(*expected)).abs() > 1e-3);
                }
                // Only steps across the corner of a ReLU differ.
                assert!(far <= 4, "{activation:?} layer {at}: {far}");
            }
        }
    }

    #[test]
    fn every_activation_learns_with_two_layers() {
        for activation in ALL {
            let mut network = network(activation, 2);
            for _ in 0..2000 {
                network.train();
            }
            let (images, labels) = set(300);
            let error = network.look(&images, &labels).error;
            assert!(error < 0.05, "{activation:?}: {error}");
        }
    }

    #[test]
    fn gradients_vanish_through_sigmoids_and_not_through_relu() {
        let ratio = |activation, start| {
            let mut network = network(activation, 6);
            network.options.start = start;
            let network = Deep::new(network.images, network.labels, 3, network.options);
            let (images, labels) = set(100);
            let look = network.look(&images, &labels);
            look.layers[0].gradient / look.layers[5].gradient
        };
        // Five layers with a slope of at most 1/4: 4⁻⁵ is 0.001; some weights are larger than others.
        assert!(ratio(Activation::Sigmoid, Start::Scaled(1.0)) < 0.005);
        assert!(ratio(Activation::Relu, Start::Scaled(2.0)) > 0.1);
    }
}
