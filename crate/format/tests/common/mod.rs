//! Checkpoints to store.

#![allow(dead_code, missing_docs)]

use alexnet_format::{Checkpoint, RunState, Tensor, Tensors};
use alexnet_protocol::*;

#[path = "../../../../tests/fixtures/formula.rs"]
pub mod formula;

#[path = "../../../../tests/fixtures/pickle.rs"]
pub mod pickle;

pub fn tensor(shape: &[usize], seed: f32) -> Tensor {
    let numbers: usize = shape.iter().product();
    Tensor { shape: shape.to_vec(), data: (0..numbers).map(|i| (i as f32 * 0.37 + seed).sin()).collect() }
}

/// A tensor of the fixtures' formula.
pub fn formula_tensor(key: &str, shape: &[usize]) -> Tensor {
    let data = formula::h(key, shape.iter().product()).map(|x| x as f32).collect();
    Tensor { shape: shape.to_vec(), data }
}

pub fn weights() -> Tensors {
    [
        ("features.0.weight", vec![4, 3, 3, 3]),
        ("features.0.bias", vec![4]),
        ("features.1.running_mean", vec![4]),
        ("features.1.running_var", vec![4]),
        ("classifier.6.weight", vec![3, 4]),
        ("classifier.6.bias", vec![3]),
    ]
    .into_iter()
    .enumerate()
    .map(|(i, (name, shape))| (name.to_owned(), tensor(&shape, i as f32)))
    .collect()
}

pub fn checkpoint(run: bool) -> Checkpoint {
    let run = run.then(|| RunState {
        options: RunOptions { learning_rate: 0.1, seed: 7, ..Default::default() },
        step: 1234,
        distillation: 0.5,
        optimizer: weights().into_iter().map(|(name, t)| (format!("momentum/{name}"), t)).collect(),
        average: weights(),
    });
    Checkpoint {
        network: NetworkConfig {
            network: Network::AlexNet32,
            classes: 3,
            width: 0.5,
            activation: Activation::Relu,
            normalization: Normalization::Batch,
            response_norm: ResponseNorm::default(),
            dropout: 0.3,
        },
        labels: ["n01443537 goldfish", "n02123045 tabby cat", "n07873807 pizza, pizza pie"]
            .iter()
            .map(|text| text.split_once(' ').unwrap())
            .map(|(id, name)| ClassLabel { id: id.into(), name: name.into() })
            .collect(),
        preprocess: Preprocess { resize: 36, crop: 32, mean: [0.48, 0.45, 0.4], std: [0.28, 0.27, 0.29] },
        calibration: None,
        origin: Some("Drawn by a test, CC0.".into()),
        tensors: weights(),
        run,
    }
}

/// torchvision's AlexNet keys with its shapes, thinned so that a test need not move 244 MB.
pub fn torchvision(classes: usize) -> Vec<(String, Tensor)> {
    [
        ("features.0", vec![64, 3, 11, 11]),
        ("features.3", vec![192, 64, 5, 5]),
        ("features.6", vec![384, 192, 3, 3]),
        ("features.8", vec![256, 384, 3, 3]),
        ("features.10", vec![256, 256, 3, 3]),
        ("classifier.1", vec![16, 9216]),
        ("classifier.4", vec![16, 16]),
        ("classifier.6", vec![classes, 16]),
    ]
    .into_iter()
    .flat_map(|(layer, shape)| {
        let bias = tensor(&shape[..1], 0.5);
        [(format!("{layer}.weight"), tensor(&shape, 0.1)), (format!("{layer}.bias"), bias)]
    })
    .collect()
}

/// A safetensors file as PyTorch would write it: no description of ours.
pub fn bare(tensors: &[(String, Tensor)]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, t)| t.data.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, t), data)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, t.shape.clone(), data);
        (name.clone(), view.unwrap())
    });
    safetensors::serialize(views, Some([("format".to_owned(), "pt".to_owned())].into_iter().collect()))
        .unwrap()
}

/// A container with this header and this many bytes of data.
pub fn raw(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}
