//! A narrower network out of a wider one: a random part of each layer's units, as dropout leaves them, but for good.
//!
//! What is left already sees; a few epochs of training make up for what is gone, and several seeds give several
//! networks. (Pruning whole channels: Li et al. 2017, "Pruning filters for efficient ConvNets", who choose by size.)

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::data::rng::{Purpose, rng, shuffle};
use crate::error::LabError;
use crate::format::{Checkpoint, Tensor, Tensors};
use crate::protocol::NetworkConfig;

/// The model at a smaller width: of the channels of each convolution and the units of fc6 and fc7 those that `seed`
/// draws, in their order. Incoming weights grow by the share that is gone, as dropout's do, so that sums stay what
/// they were on average.
///
/// # Errors
/// [`LabError`] for a width that is not smaller or a network of two towers, or when the
/// model's tensors do not fit its network.
pub fn narrow(model: &Checkpoint, width: f64, seed: u32) -> Result<Checkpoint, LabError> {
    let whole = Architecture::new(model.network)?;
    if width > model.network.width {
        return Err(LabError::NarrowWidth { width: model.network.width, wanted: width });
    }
    if whole.towers != 1 {
        return Err(LabError::NarrowTowers);
    }
    let network = NetworkConfig { width, ..model.network };
    let thinned = Architecture::new(network)?;
    let mut tensors = Tensors::new();
    // Which of the whole network's channels or units the thinned one has at this point.
    let mut kept: Vec<usize> = (0..3).collect();
    for (place, (old, new)) in whole.layers.iter().zip(&thinned.layers).enumerate() {
        let before = kept.clone();
        if matches!(old.kind, LayerKind::Conv2d { .. } | LayerKind::Linear) {
            kept = draw(old.output[0], new.output[0], seed, place as u64);
        }
        for (name, shape, _) in new.tensors() {
            let tensor = model.tensors.get(&name).filter(|tensor| fits(tensor, old, &name));
            let tensor = tensor.ok_or_else(|| LabError::DamagedTensor { name: name.clone() })?;
            let data =
                if shape.len() > 1 { columns(tensor, &kept, &before, old) } else { pick(tensor, &kept) };
            tensors.insert(name, Tensor { shape, data });
        }
    }
    Ok(Checkpoint { network, tensors, calibration: None, run: None, ..model.clone() })
}

/// So many of the indices, in their order.
fn draw(from: usize, count: usize, seed: u32, layer: u64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..from).collect();
    shuffle(&mut indices, &mut rng(seed, Purpose::Thin, layer, 0));
    indices.truncate(count);
    indices.sort_unstable();
    indices
}

fn fits(tensor: &Tensor, layer: &LayerSpec, name: &str) -> bool {
    let length = tensor.shape.iter().product::<usize>();
    layer.tensors().iter().any(|(own, shape, _)| own == name && *shape == tensor.shape)
        && length == tensor.data.len()
}

/// One number for each output that is kept.
fn pick(tensor: &Tensor, kept: &[usize]) -> Vec<f32> {
    kept.iter().filter_map(|&output| tensor.data.get(output)).copied().collect()
}

/// Of each output that is kept, the weights of the inputs that are.
fn columns(tensor: &Tensor, kept: &[usize], before: &[usize], layer: &LayerSpec) -> Vec<f32> {
    let inputs = layer.input[0];
    let row = tensor.data.len() / layer.output[0].max(1);
    // Weights of one incoming channel: a kernel, or the places of a map that fc6 reads.
    let block = row / inputs.max(1);
    let gain = inputs as f32 / before.len().max(1) as f32;
    let row_of = |output: &usize| tensor.data.get(output * row..(output + 1) * row).unwrap_or_default();
    let weights = kept.iter().flat_map(|output| {
        let row = row_of(output);
        before.iter().flat_map(move |input| row.get(input * block..(input + 1) * block).unwrap_or_default())
    });
    weights.map(|weight| weight * gain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Activation, Network, Normalization, Preprocess, ResponseNorm};

    /// Weights that say where they stand: no two are the same.
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
    fn a_thinned_network_is_a_part_of_the_whole_one() {
        let whole = model(Network::AlexNet32, Normalization::Batch);
        let thinned = narrow(&whole, 0.25, 7).unwrap();
        let shape = |name: &str| thinned.tensors[name].shape.clone();
        assert_eq!(shape("features.0.weight"), [8, 3, 3, 3]);
        assert_eq!(shape("classifier.1.weight"), [64, 16 * 9]);
        assert_eq!(shape("classifier.6.weight"), [10, 64]);
        // The first layer's inputs are whole: its filters are there as they were, with their own normalisation.
        let first = &thinned.tensors["features.0.weight"].data;
        let filters: Vec<usize> = first.chunks(27).map(|filter| filter[0] as usize / 27).collect();
        assert!(filters.windows(2).all(|pair| pair[0] < pair[1]), "{filters:?}");
        for (filter, channel) in first.chunks(27).zip(&filters) {
            assert!(filter.iter().enumerate().all(|(i, weight)| *weight == (channel * 27 + i) as f32));
        }
        let scales = &thinned.tensors["features.1.weight"].data;
        assert_eq!(scales, &filters.iter().map(|&channel| channel as f32).collect::<Vec<_>>());
        // The second layer reads those of them that are left, twice as loud since half are gone.
        let second = &thinned.tensors["features.4.weight"].data;
        let read: Vec<usize> =
            second[..8 * 9].chunks(9).map(|kernel| kernel[0] as usize / 2 / 9 % 16).collect();
        assert_eq!(read, filters);
        // Every class stays.
        let (new, old) = (&thinned.tensors["classifier.6.bias"], &whole.tensors["classifier.6.bias"]);
        assert_eq!(new.data, old.data);
    }

    #[test]
    fn the_seed_decides_and_the_same_width_changes_nothing() {
        let whole = model(Network::AlexNet32, Normalization::None);
        let [one, again, other] = [1, 1, 2].map(|seed| narrow(&whole, 0.25, seed).unwrap().tensors);
        assert!(one == again && one != other);
        assert!(narrow(&whole, 0.5, 3).unwrap().tensors == whole.tensors);
    }

    #[test]
    fn what_cannot_be_thinned_is_said() {
        let whole = model(Network::AlexNet32, Normalization::None);
        let sentence = |model: &Checkpoint, width| narrow(model, width, 1).unwrap_err().to_string();
        assert!(sentence(&whole, 0.75).contains("has width 0.5"));
        assert!(sentence(&model(Network::AlexNet2012At32, Normalization::None), 0.25).contains("two towers"));
        let mut damaged = whole.clone();
        damaged.tensors.remove("classifier.4.bias");
        assert!(sentence(&damaged, 0.25).contains("“classifier.4.bias” does not fit"));
    }
}
