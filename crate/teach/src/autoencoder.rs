//! An autoencoder with one hidden layer of ReLU, with or without dropout (Srivastava et al. 2014, section 7).
//!
//! It learns to give back its input through a layer with fewer units. What each unit has learnt can be drawn, since
//! its weights have the shape of an image, and so can how much the others rely on it.

use alexnet_data::rng::{Purpose, rng, shuffle};

use crate::dense_layer::{Adam, DenseLayer};
use crate::linear::uniform;

/// Images of a step.
const BATCH: usize = 100;

/// What can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderOptions {
    /// Hidden units.
    pub hidden: usize,
    /// Probability of dropping a hidden unit.
    pub p: f64,
    /// Of Adam.
    pub learning_rate: f64,
    /// Of weights, order of the images and masks.
    pub seed: u32,
}

/// The network and its training images.
#[derive(Debug, Clone)]
pub struct Autoencoder {
    /// From the input to the hidden layer.
    pub encoder: DenseLayer,
    /// From the hidden layer back; linear.
    pub decoder: DenseLayer,
    options: AutoencoderOptions,
    /// The mean image, which is taken off.
    mean: Vec<f32>,
    /// `(images, inputs)`, less their mean.
    images: Vec<f32>,
    adam: [Adam; 2],
    step: u64,
    order: Vec<u32>,
}

impl Autoencoder {
    /// A fresh network for images `(images, inputs)` with values from 0 to 1.
    pub fn new(mut images: Vec<f32>, inputs: usize, options: AutoencoderOptions) -> Self {
        let mut init = rng(options.seed, Purpose::Experiment, 0, 0);
        // He et al. 2015 before the ReLU; the decoder as LeCun et al. 1998.
        let encoder = DenseLayer::new([inputs, options.hidden], (2.0 / inputs as f64).sqrt(), &mut init);
        let decoder =
            DenseLayer::new([options.hidden, inputs], (1.0 / options.hidden as f64).sqrt(), &mut init);
        let count = images.len() / inputs.max(1);
        let mut mean = vec![0.0; inputs];
        for image in images.chunks_exact(inputs) {
            mean.iter_mut().zip(image).for_each(|(mean, x)| *mean += x / count as f32);
        }
        subtract(&mut images, &mean);
        let adam = [Adam::new(&encoder), Adam::new(&decoder)];
        Self { encoder, decoder, options, mean, images, adam, step: 0, order: Vec::new() }
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Steps of a pass over the images.
    pub fn steps_of_epoch(&self) -> u64 {
        (self.images.len() / self.encoder.shape()[0] / BATCH).max(1) as u64
    }

    /// One step on a batch, each image under a mask of its own.
    pub fn train(&mut self) {
        let [inputs, hidden] = self.encoder.shape();
        let at = self.step % self.steps_of_epoch();
        if at == 0 {
            let count = self.images.len() / inputs;
            self.order = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
            shuffle(&mut self.order, &mut rng(self.options.seed, Purpose::Experiment, 1, self.step));
        }
        let batch = self.order.iter().skip(at as usize * BATCH).take(BATCH);
        let x: Vec<f32> =
            batch.flat_map(|&image| &self.images[image as usize * inputs..][..inputs]).copied().collect();
        let batch = x.len() / inputs;
        let mut masks = rng(self.options.seed, Purpose::Experiment, 2, self.step);
        let mask: Vec<bool> = (0..batch * hidden).map(|_| uniform(&mut masks) >= self.options.p).collect();
        let [encoder, decoder] = self.gradients(&x, batch, &mask);
        let rate = self.options.learning_rate as f32;
        self.adam[0].step(&mut self.encoder, &encoder, rate);
        self.adam[1].step(&mut self.decoder, &decoder, rate);
        self.step += 1;
    }

    /// Gradients of half the squared error of an image, as a mean over the batch, under a mask of the hidden units.
    fn gradients(&self, x: &[f32], batch: usize, mask: &[bool]) -> [DenseLayer; 2] {
        // Forward: ReLU, then the mask.
        let mut hidden = self.encoder.forward(x, batch);
        for (value, kept) in hidden.iter_mut().zip(mask) {
            *value = if *kept { value.max(0.0) } else { 0.0 };
        }
        let mut error = self.decoder.forward(&hidden, batch);
        for (y, x) in error.iter_mut().zip(x) {
            *y = (*y - x) / batch as f32;
        }
        // Backward: a unit that gave 0 gets no gradient.
        let decoder = self.decoder.gradient(&hidden, &error, batch);
        let mut gradient = self.decoder.input_gradient(&error, batch);
        for (gradient, value) in gradient.iter_mut().zip(&hidden) {
            if *value <= 0.0 {
                *gradient = 0.0;
            }
        }
        [self.encoder.gradient(x, &gradient, batch), decoder]
    }

    /// What the network makes of images `(count, inputs)`, with the hidden units scaled by the share that is kept.
    pub fn look(&self, images: &[f32]) -> Look {
        let [inputs, hidden] = self.encoder.shape();
        let count = images.len() / inputs;
        let mut centred = images.to_vec();
        subtract(&mut centred, &self.mean);
        let mut activations = self.encoder.forward(&centred, count);
        activations.iter_mut().for_each(|value| *value = value.max(0.0));
        let keep = (1.0 - self.options.p) as f32;
        let scaled: Vec<f32> = activations.iter().map(|value| keep * value).collect();
        let mut reconstructions = self.decoder.forward(&scaled, count);
        let difference: Vec<f32> = reconstructions.iter().zip(&centred).map(|(y, x)| y - x).collect();
        for row in reconstructions.chunks_exact_mut(inputs) {
            row.iter_mut().zip(&self.mean).for_each(|(y, mean)| *y += mean);
        }
        let squared = |values: &[f32]| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
        let error = squared(&difference);
        // Without unit u the difference is d − h w for its scaled activation h and outgoing weights w, so the squared
        // error grows by h² ‖w‖² − 2 h (d · w).
        let along = self.decoder.input_gradient(&difference, count);
        let lengths: Vec<f64> = self.decoder.weight.chunks_exact(inputs).map(squared).collect();
        let mut removal = vec![0.0; hidden];
        for (h, along) in scaled.chunks_exact(hidden).zip(along.chunks_exact(hidden)) {
            for (((sum, h), along), length) in removal.iter_mut().zip(h).zip(along).zip(&lengths) {
                let (h, along) = (f64::from(*h), f64::from(*along));
                *sum += h * h * length - 2.0 * h * along;
            }
        }
        removal.iter_mut().for_each(|growth| *growth /= error.max(f64::MIN_POSITIVE));
        Look { error: error / images.len().max(1) as f64, activations, reconstructions, removal }
    }
}

/// Takes a row off every row.
fn subtract(rows: &mut [f32], row: &[f32]) {
    for values in rows.chunks_exact_mut(row.len()) {
        values.iter_mut().zip(row).for_each(|(value, mean)| *value -= mean);
    }
}

/// What a trained autoencoder makes of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Mean squared error of a pixel.
    pub error: f64,
    /// `(images, hidden)`: outputs of the hidden units, not scaled.
    pub activations: Vec<f32>,
    /// `(images, inputs)`.
    pub reconstructions: Vec<f32>,
    /// For each hidden unit, the share by which the error grows when that unit is removed.
    pub removal: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(p: f64) -> AutoencoderOptions {
        AutoencoderOptions { hidden: 12, p, learning_rate: 0.003, seed: 1 }
    }

    /// Images of one bright bar among ten pixels, with a little noise.
    fn bars(count: usize) -> Vec<f32> {
        let mut noise = rng(5, Purpose::Experiment, 9, 0);
        (0..count * 10)
            .map(|i| if i % 10 == (i / 10) % 7 { 0.9 } else { 0.0 } + 0.05 * uniform(&mut noise) as f32)
            .collect()
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let network = Autoencoder::new(bars(4), 10, options(0.5));
        let (x, mask) = (bars(4), (0..48).map(|i| i % 3 != 0).collect::<Vec<_>>());
        let loss = |network: &Autoencoder| {
            let mut hidden = network.encoder.forward(&x, 4);
            hidden.iter_mut().zip(&mask).for_each(|(h, kept)| *h = if *kept { h.max(0.0) } else { 0.0 });
            let y = network.decoder.forward(&hidden, 4);
            y.iter().zip(&x).map(|(y, x)| f64::from(y - x).powi(2)).sum::<f64>() / 8.0
        };
        let [encoder, decoder] = network.gradients(&x, 4, &mask);
        let shifted = |at: usize, by: f32| {
            let mut other = network.clone();
            if let Some(value) = other.encoder.values_mut().chain(other.decoder.values_mut()).nth(at) {
                *value += by;
            }
            loss(&other)
        };
        let mut far = 0;
        for (i, expected) in encoder.values().chain(decoder.values()).enumerate() {
            let numeric = (shifted(i, 0.01) - shifted(i, -0.01)) / 0.02;
            far += usize::from((numeric - f64::from(*expected)).abs() > 1e-3);
        }
        // A step of 0.01 can cross the corner of a ReLU; few of 262 parameters do.
        assert!(far <= 8, "{far}");
    }

    #[test]
    fn it_learns_and_removal_is_what_removing_gives() {
        for p in [0.0, 0.5] {
            let mut network = Autoencoder::new(bars(700), 10, options(p));
            let test = bars(70);
            let before = network.look(&test).error;
            for _ in 0..600 {
                network.train();
            }
            let look = network.look(&test);
            assert!(look.error < 0.5 * before, "{p}: {} {before}", look.error);
            for unit in 0..12 {
                let mut without = network.clone();
                without.decoder.weight[unit * 10..][..10].fill(0.0);
                let grown = without.look(&test).error / look.error - 1.0;
                // Squares of f32 differences: rounding of about 1e-6 of the larger error.
                assert!((grown - look.removal[unit]).abs() < 1e-4 * (1.0 + grown.abs()), "{unit}: {grown}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let run = || {
            let mut network = Autoencoder::new(bars(300), 10, options(0.5));
            (0..20).for_each(|_| network.train());
            network.encoder
        };
        assert_eq!(run(), run());
    }
}
