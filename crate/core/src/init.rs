//! Weight initialisation, drawn on the host: one seed gives the same network on every backend.

use burn::tensor::Device;
use rand::distr::Distribution;
use rand_distr::Normal;

use crate::architecture::Architecture;
use crate::data::rng::{Purpose, rng};
use crate::error::LabError;
use crate::format::{Tensor, Tensors};
use crate::params::Params;
use crate::protocol::Activation;

/// Standard deviation of the last layer's weights (the paper's 0.01, section 5), so that all classes start
/// about equally likely.
const LAST_LAYER_STD: f32 = 0.01;

/// Standard deviation of a layer's weights: √(2 / fan-in) for ReLU-like activations (He et al. 2015), √(1 /
/// fan-in) for saturating ones (LeCun et al. 1998).
fn std_of(activation: Activation, fan_in: usize) -> f32 {
    let gain = match activation {
        Activation::Relu | Activation::LeakyRelu | Activation::Gelu => 2.0,
        Activation::Tanh | Activation::Sigmoid => 1.0,
    };
    (gain / fan_in.max(1) as f32).sqrt()
}

/// Draws every weight from the random stream of (seed, tensor index): normal weights, zero biases, and batch
/// normalisation that starts as the identity.
///
/// # Errors
/// None in practice. The return type is that of [`Params::build`].
pub fn init(architecture: &Architecture, seed: u32, device: &Device) -> Result<Params, LabError> {
    Params::build(architecture, device, |index, name, shape| Ok(draw(architecture, seed, index, name, shape)))
}

/// [`init`] with one standard deviation for the weights of all layers (the paper's 0.01, section 5).
///
/// # Errors
/// As [`init`].
pub fn init_normal(
    architecture: &Architecture,
    seed: u32,
    std: f32,
    device: &Device,
) -> Result<Params, LabError> {
    Params::build(architecture, device, |index, name, shape| {
        let scale = std / std_for(architecture, name, shape);
        let mut values = draw(architecture, seed, index, name, shape);
        if shape.len() > 1 {
            values.iter_mut().for_each(|value| *value *= scale);
        }
        Ok(values)
    })
}

/// The initial values of the last layer alone, on the host: fine-tuning to new classes starts with them.
pub fn init_last_layer(architecture: &Architecture, seed: u32) -> Tensors {
    let last = last_layer(architecture);
    let specs = architecture.layers.iter().flat_map(|layer| layer.tensors()).enumerate();
    specs
        .filter(|(_, (name, ..))| name.starts_with(&last))
        .map(|(index, (name, shape, _))| {
            let data = draw(architecture, seed, index, &name, &shape);
            (name, Tensor { shape, data })
        })
        .collect()
}

/// The prefix of the names of the last layer's tensors.
fn last_layer(architecture: &Architecture) -> String {
    architecture.layers.last().map(|layer| format!("{}.", layer.key)).unwrap_or_default()
}

/// The standard deviation of a weight tensor.
fn std_for(architecture: &Architecture, name: &str, shape: &[usize]) -> f32 {
    let fan_in: usize = shape.iter().skip(1).product();
    match name.starts_with(&last_layer(architecture)) {
        true => LAST_LAYER_STD,
        false => std_of(architecture.config.activation, fan_in),
    }
}

/// Draws the tensor at `index`.
fn draw(architecture: &Architecture, seed: u32, index: usize, name: &str, shape: &[usize]) -> Vec<f32> {
    let length: usize = shape.iter().product();
    if shape.len() == 1 {
        // Biases and running means are 0. Batch normalisation's scale and running variance are 1.
        let normalisation_scale = name.ends_with(".weight") || name.ends_with(".running_var");
        return vec![if normalisation_scale { 1.0 } else { 0.0 }; length];
    }
    let std = std_for(architecture, name, shape);
    let mut random = rng(seed, Purpose::Init, index as u64, 0);
    match Normal::new(0.0, std) {
        Ok(normal) => (0..length).map(|_| -> f32 { normal.sample(&mut random) }).collect(),
        // `Normal::new` refuses only a standard deviation that is not finite, and fan-in is at least 1.
        Err(_) => vec![0.0; length],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Network, NetworkConfig, Normalization, ResponseNorm};

    #[test]
    fn weights_have_he_variance_and_depend_only_on_the_seed() {
        let config = NetworkConfig {
            network: Network::AlexNet32,
            classes: 10,
            width: 1.0,
            activation: Activation::Relu,
            normalization: Normalization::Batch,
            response_norm: ResponseNorm::default(),
            dropout: 0.5,
        };
        let architecture = Architecture::new(config).unwrap();
        let read = |seed| {
            let params = init(&architecture, seed, &Device::flex()).unwrap();
            pollster::block_on(params.read()).unwrap()
        };
        let (a, b, other) = (read(3), read(3), read(4));
        assert_eq!(a["features.4.weight"].data, b["features.4.weight"].data);
        assert_ne!(a["features.4.weight"].data, other["features.4.weight"].data);
        let fc6 = &a["classifier.1.weight"].data;
        let variance = fc6.iter().map(|w| w * w).sum::<f32>() / fc6.len() as f32;
        assert!((variance - 2.0 / 576.0).abs() < 2e-4, "{variance}");
        assert!(a["features.1.weight"].data.iter().all(|&w| w == 1.0));
        let normal = init_normal(&architecture, 3, 0.01, &Device::flex()).unwrap();
        let normal = pollster::block_on(normal.read()).unwrap();
        let conv = &normal["features.4.weight"].data;
        let variance = conv.iter().map(|w| w * w).sum::<f32>() / conv.len() as f32;
        assert!((variance.sqrt() - 0.01).abs() < 3e-4, "{variance}");
        assert!(normal["features.1.weight"].data.iter().all(|&w| w == 1.0));
        let last = init_last_layer(&architecture, 3);
        assert_eq!(last.keys().collect::<Vec<_>>(), ["classifier.6.bias", "classifier.6.weight"]);
        assert!(last.iter().all(|(name, tensor)| a[name].data == tensor.data));
        assert!(a["classifier.1.bias"].data.iter().all(|&w| w == 0.0));
    }
}
