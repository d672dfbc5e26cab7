//! Makes a narrower network from a wider one by keeping a random subset of each layer's units (structured
//! pruning, at random).
//!
//! A few epochs of training recover most of the accuracy, and different seeds give different networks. (Li et
//! al. 2017, "Pruning filters for efficient ConvNets", choose the channels by their norm.)

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::data::rng::{Purpose, rng, shuffle};
use crate::error::LabError;
use crate::format::{Checkpoint, Tensor, Tensors};
use crate::protocol::NetworkConfig;

/// The model at a smaller width: a random subset, drawn from `seed`, of the channels of each convolution and
/// of the units of fc6 and fc7, in their original order. The remaining input weights are scaled up by the
/// fraction removed, as in dropout, so that the sums keep their expected size.
///
/// [`LabError`] if the width is larger or the network has two groups (the paper's towers),
/// [`LabError`] if the model's tensors do not fit its network.
pub fn narrow(model: &Checkpoint, width: f64, seed: u32) -> Result<Checkpoint, LabError> {
    let wide = Architecture::new(model.network)?;
    if width > model.network.width {
        return Err(LabError::NarrowWidth { width: model.network.width, wanted: width });
    }
    if wide.groups != 1 {
        return Err(LabError::NarrowTowers);
    }
    let network = NetworkConfig { width, ..model.network };
    let narrowed = Architecture::new(network)?;
    let mut tensors = Tensors::new();
    // The indices of the wide network's channels or units that the narrow one keeps at this point.
    let mut kept: Vec<usize> = (0..3).collect();
    for (index, (old, new)) in wide.layers.iter().zip(&narrowed.layers).enumerate() {
        let kept_inputs = kept.clone();
        if matches!(old.kind, LayerKind::Conv2d { .. } | LayerKind::Linear) {
            kept = draw(old.output[0], new.output[0], seed, index as u64);
        }
        for (name, shape, _) in new.tensors() {
            let tensor = model.tensors.get(&name).filter(|tensor| matches_layer(tensor, old, &name));
            let tensor = tensor.ok_or_else(|| LabError::DamagedTensor { name: name.clone() })?;
            let data = if shape.len() > 1 {
                select_weights(tensor, &kept, &kept_inputs, old)
            } else {
                select_outputs(tensor, &kept)
            };
            tensors.insert(name, Tensor { shape, data });
        }
    }
    Ok(Checkpoint { network, tensors, calibration: None, run: None, ..model.clone() })
}

/// Draws `count` of the indices, in ascending order.
fn draw(from: usize, count: usize, seed: u32, layer: u64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..from).collect();
    shuffle(&mut indices, &mut rng(seed, Purpose::Narrow, layer, 0));
    indices.truncate(count);
    indices.sort_unstable();
    indices
}

fn matches_layer(tensor: &Tensor, layer: &LayerSpec, name: &str) -> bool {
    let length = tensor.shape.iter().product::<usize>();
    layer.tensors().iter().any(|(own_name, shape, _)| own_name == name && *shape == tensor.shape)
        && length == tensor.data.len()
}

/// One value for each kept output.
fn select_outputs(tensor: &Tensor, kept: &[usize]) -> Vec<f32> {
    kept.iter().filter_map(|&output| tensor.data.get(output)).copied().collect()
}

/// For each kept output the weights of the kept inputs.
fn select_weights(tensor: &Tensor, kept: &[usize], kept_inputs: &[usize], layer: &LayerSpec) -> Vec<f32> {
    let inputs = layer.input[0];
    let row = tensor.data.len() / layer.output[0].max(1);
    // Weights per input channel: one kernel, or the positions of a channel that fc6 reads.
    let block = row / inputs.max(1);
    let gain = inputs as f32 / kept_inputs.len().max(1) as f32;
    let row_of = |output: &usize| tensor.data.get(output * row..(output + 1) * row).unwrap_or_default();
    let weights = kept.iter().flat_map(|output| {
        let row = row_of(output);
        kept_inputs
            .iter()
            .flat_map(move |input| row.get(input * block..(input + 1) * block).unwrap_or_default())
    });
    weights.map(|weight| weight * gain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Activation, Network, Normalization, Preprocess, ResponseNorm};

    /// A model whose weights are their own indices, so that no two are the same.
    fn model(network: Network, normalization: Normalization) -> Checkpoint {
        let network = NetworkConfig {
            network,
            classes: 10,
            width: 0.5,
            activation: Activation::Relu,
            normalization,
            response_norm: ResponseNorm::Paper,
            dropout: 0.5,
        };
        let layers = Architecture::new(network).unwrap().layers;
        let tensors = layers.iter().flat_map(LayerSpec::tensors).map(|(name, shape, _)| {
            let length: usize = shape.iter().product();
            (name, Tensor { shape, data: (0..length).map(|i| i as f32).collect() })
        });
        Checkpoint {
            network,
            labels: vec![],
            preprocess: Preprocess { resize: 32, crop: 32, mean: [0.5; 3], std: [0.25; 3] },
            calibration: None,
            origin: None,
            tensors: tensors.collect(),
            run: None,
        }
    }

    #[test]
    fn narrowed_weights_are_a_subset_of_the_wide_ones() {
        let wide = model(Network::AlexNet32, Normalization::Batch);
        let narrowed = narrow(&wide, 0.25, 7).unwrap();
        let shape = |name: &str| narrowed.tensors[name].shape.clone();
        assert_eq!(shape("features.0.weight"), [8, 3, 3, 3]);
        assert_eq!(shape("classifier.1.weight"), [64, 16 * 9]);
        assert_eq!(shape("classifier.6.weight"), [10, 64]);
        // The first layer reads all its inputs: its filters are unchanged, with their own batch
        // normalisation.
        let first = &narrowed.tensors["features.0.weight"].data;
        let filters: Vec<usize> = first.chunks(27).map(|filter| filter[0] as usize / 27).collect();
        assert!(filters.windows(2).all(|pair| pair[0] < pair[1]), "{filters:?}");
        for (filter, channel) in first.chunks(27).zip(&filters) {
            assert!(filter.iter().enumerate().all(|(i, weight)| *weight == (channel * 27 + i) as f32));
        }
        let scales = &narrowed.tensors["features.1.weight"].data;
        assert_eq!(scales, &filters.iter().map(|&channel| channel as f32).collect::<Vec<_>>());
        // The second layer reads the kept channels, with doubled weights because half are gone.
        let second = &narrowed.tensors["features.4.weight"].data;
        let read: Vec<usize> =
            second[..8 * 9].chunks(9).map(|kernel| kernel[0] as usize / 2 / 9 % 16).collect();
        assert_eq!(read, filters);
        // All classes are kept.
        let (new, old) = (&narrowed.tensors["classifier.6.bias"], &wide.tensors["classifier.6.bias"]);
        assert_eq!(new.data, old.data);
    }

    #[test]
    fn narrowing_depends_on_the_seed_and_keeps_the_same_width_unchanged() {
        let wide = model(Network::AlexNet32, Normalization::None);
        let [one, again, other] = [1, 1, 2].map(|seed| narrow(&wide, 0.25, seed).unwrap().tensors);
        assert!(one == again && one != other);
        assert!(narrow(&wide, 0.5, 3).unwrap().tensors == wide.tensors);
    }

    #[test]
    fn invalid_models_and_widths_are_rejected() {
        let wide = model(Network::AlexNet32, Normalization::None);
        let sentence = |model: &Checkpoint, width| narrow(model, width, 1).unwrap_err().to_string();
        assert!(sentence(&wide, 0.75).contains("has width 0.5"));
        assert!(sentence(&model(Network::AlexNet2012At32, Normalization::None), 0.25).contains("two towers"));
        let mut damaged = wide.clone();
        damaged.tensors.remove("classifier.4.bias");
        assert!(sentence(&damaged, 0.25).contains("“classifier.4.bias” does not fit"));
    }
}
