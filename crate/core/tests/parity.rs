//! Parity with PyTorch, to a stated tolerance. `tests/fixtures/README.md` describes the reference files.
#![allow(missing_docs)]

mod support;

use std::rc::Rc;

use alexnet::data::{InMemoryDataset, Samples};
use alexnet::format::{Checkpoint, Tensors};
use alexnet::protocol::{
    Activation, ClassLabel, Network, NetworkConfig, Normalization, Optimizer, ResponseNorm, RunOptions,
    Schedule,
};
use alexnet::{Architecture, Classifier, Compute, Session};
use support::{Reference, block_on, images, mask, relative, weights};

/// Tolerance for logits and losses: f32 against float64.
const LOGITS: f64 = 1e-4;
/// Tolerance for gradients, and for weights after several steps.
const GRADIENTS: f64 = 1e-3;

fn config(
    network: Network,
    classes: u32,
    activation: Activation,
    normalization: Normalization,
) -> NetworkConfig {
    let response_norm = ResponseNorm::default();
    NetworkConfig { network, classes, width: 1.0, activation, normalization, response_norm, dropout: 0.5 }
}

fn labels(classes: u32) -> Vec<ClassLabel> {
    (0..classes).map(|i| ClassLabel { id: i.to_string(), name: i.to_string() }).collect()
}

fn session(options: &RunOptions) -> Session {
    let samples = Samples { size: 32, pixels: vec![0; 4 * 32 * 32 * 3], labels: vec![0, 1, 2, 3] };
    let preprocess = Architecture::default_preprocess(options.network);
    let dataset = InMemoryDataset::new(labels(10), 32, samples.clone(), samples, preprocess).unwrap();
    let mut session = Session::new(options.clone(), Rc::new(dataset), &Compute::cpu()).unwrap();
    let config = config(options.network, 10, options.activation, options.normalization);
    session.set_weights(&weights(config)).unwrap();
    session
}

fn options() -> RunOptions {
    RunOptions {
        batch_size: 4,
        dropout: 0.0,
        schedule: Schedule::Constant,
        warmup_steps: 0,
        ..Default::default()
    }
}

/// Norm and sum of a whole tensor.
fn norm_sum(values: &[f32]) -> [f64; 2] {
    let square: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
    [square.sqrt(), values.iter().map(|&v| f64::from(v)).sum()]
}

fn assert_tensors(tensors: &Tensors, reference: &Reference, prefix: &str, tolerance: f64) {
    assert!(tensors.len() >= 16);
    for (name, tensor) in tensors {
        if name.contains("running_") {
            let worst = relative(&tensor.data, reference.get(&format!("{prefix}{name}")));
            assert!(worst < tolerance, "{name} {worst}");
            continue;
        }
        let [norm, sum] = norm_sum(&tensor.data);
        let expected = reference.get(&format!("{prefix}{name}.norm_sum"));
        assert!((norm - expected[0]).abs() < tolerance * expected[0], "{name}: norm {norm} {expected:?}");
        let drift = (sum - expected[1]).abs();
        assert!(
            drift < tolerance * expected[0] * (tensor.data.len() as f64).sqrt(),
            "{name}: {sum} {expected:?}"
        );
        let head = reference.get(&format!("{prefix}{name}.head"));
        let worst = relative(&tensor.data[..head.len()], head);
        assert!(worst < tolerance, "{name}: {worst}");
    }
}

#[test]
fn logits_and_gradients_match_with_given_masks() {
    for (file, network, activation) in [
        ("alexnet-32-relu", Network::AlexNet32, Activation::Relu),
        ("alexnet-32-tanh", Network::AlexNet32, Activation::Tanh),
        ("alexnet-2012-32", Network::AlexNet2012At32, Activation::Relu),
    ] {
        let reference = Reference::open(file);
        let mut session = session(&RunOptions { network, activation, dropout: 0.4, ..options() });
        let masks = [mask("fc6", 576), mask("fc7", 256)];
        let probe = block_on(session.forward_backward(images(4, 32), &[0, 1, 2, 3], Some(masks))).unwrap();
        assert!(relative(&probe.logits, reference.get("logits")) < LOGITS);
        assert!((probe.loss / reference.get("loss")[0] - 1.0).abs() < LOGITS);
        assert_tensors(&probe.gradients, &reference, "grad.", GRADIENTS);
        let plain = block_on(session.classifier().logits_from_pixels(images(4, 32), 4)).unwrap();
        assert!(relative(&plain, reference.get("logits_without_dropout")) < LOGITS);
    }
}

fn steps(file: &str, options: &RunOptions, count: usize, tolerance: f64) {
    let reference = Reference::open(file);
    let mut session = session(options);
    let losses: Vec<f32> = (0..count)
        .map(|_| block_on(session.step_on_batch(images(4, 32), &[0, 1, 2, 3])).unwrap() as f32)
        .collect();
    assert_eq!(reference.get("losses").len(), count);
    assert!(relative(&losses, reference.get("losses")) < LOGITS, "{losses:?} {:?}", reference.get("losses"));
    let model = block_on(session.checkpoint()).unwrap();
    assert_tensors(&model.tensors, &reference, "", tolerance);
    let logits = block_on(session.classifier().logits_from_pixels(images(4, 32), 4)).unwrap();
    assert!(relative(&logits, reference.get("logits_after")) < tolerance);
}

#[test]
fn ten_steps_of_sgd_match() {
    let options = RunOptions { learning_rate: 1e-3, momentum: 0.9, weight_decay: 5e-4, ..options() };
    steps("alexnet-32-sgd", &options, 10, GRADIENTS);
}

#[test]
fn three_steps_with_two_groups_match() {
    let network = Network::AlexNet2012At32;
    let options = RunOptions { network, learning_rate: 1e-3, momentum: 0.9, weight_decay: 5e-4, ..options() };
    steps("alexnet-2012-32-sgd", &options, 3, GRADIENTS);
}

#[test]
fn every_response_norm_variant_matches() {
    let reference = Reference::open("alexnet-2012-32");
    for response_norm in [ResponseNorm::Paper, ResponseNorm::Bvlc, ResponseNorm::CaffeNet] {
        let plain = config(Network::AlexNet2012At32, 10, Activation::Relu, Normalization::None);
        let config = NetworkConfig { response_norm, ..plain };
        let classifier = classifier(config);
        let pixels = images(4, 32);
        let bright = pixels.iter().map(|pixel| pixel * 100.0).collect();
        for (pixels, what) in [(pixels, ""), (bright, ".bright")] {
            let logits = block_on(classifier.logits_from_pixels(pixels, 4)).unwrap();
            let worst = relative(&logits, reference.get(&format!("logits.{response_norm}{what}")));
            assert!(worst < LOGITS, "{response_norm}{what}: {worst}");
        }
    }
}

#[test]
fn ten_steps_of_adam_w_match() {
    let options = RunOptions {
        optimizer: Optimizer::AdamW,
        learning_rate: 1e-4,
        momentum: 0.9,
        weight_decay: 0.01,
        ..options()
    };
    steps("alexnet-32-adamw", &options, 10, GRADIENTS);
}

/// One step, then nine more, with the same masks: checks the losses before each step, and the weights after
/// the first and the last.
fn steps_through_masks(file: &str, options: &RunOptions, one: f64) {
    let reference = Reference::open(file);
    let mut session = session(&RunOptions { dropout: 0.4, ..options.clone() });
    let mut losses = Vec::new();
    for step in 0..10 {
        let masks = [mask("fc6", 576), mask("fc7", 256)];
        losses.push(block_on(session.step_with_masks(images(4, 32), &[0, 1, 2, 3], masks)).unwrap() as f32);
        if step == 0 {
            let model = block_on(session.checkpoint()).unwrap();
            assert_tensors(&model.tensors, &reference, "one.", one);
        }
    }
    assert!(
        relative(&losses, reference.get("losses")) < GRADIENTS,
        "{losses:?} {:?}",
        reference.get("losses")
    );
    let model = block_on(session.checkpoint()).unwrap();
    assert_tensors(&model.tensors, &reference, "", GRADIENTS);
    let logits = block_on(session.classifier().logits_from_pixels(images(4, 32), 4)).unwrap();
    let worst = relative(&logits, reference.get("logits_after"));
    assert!(worst < GRADIENTS, "{worst}");
}

#[test]
fn ten_steps_of_sgd_match_with_given_masks() {
    let options = RunOptions { learning_rate: 2e-4, momentum: 0.9, weight_decay: 5e-4, ..options() };
    steps_through_masks("alexnet-32-sgd-masks", &options, LOGITS);
}

#[test]
fn ten_steps_of_adam_w_match_with_given_masks() {
    let options = RunOptions {
        optimizer: Optimizer::AdamW,
        learning_rate: 1e-4,
        momentum: 0.9,
        weight_decay: 0.01,
        ..options()
    };
    steps_through_masks("alexnet-32-adamw-masks", &options, GRADIENTS);
}

#[test]
fn two_steps_with_batch_norm_match() {
    let options = RunOptions {
        normalization: Normalization::Batch,
        learning_rate: 0.05,
        momentum: 0.9,
        weight_decay: 5e-4,
        ..options()
    };
    steps("alexnet-32-batchnorm-sgd", &options, 2, GRADIENTS);
}

/// A network with weights from the reference formula.
fn classifier(config: NetworkConfig) -> Classifier {
    let model = Checkpoint {
        network: config,
        labels: labels(config.classes),
        preprocess: Architecture::default_preprocess(config.network),
        calibration: None,
        origin: None,
        tensors: weights(config),
        run: None,
    };
    Classifier::new(&model, &Compute::cpu()).unwrap()
}

#[test]
fn alexnet_224_matches_torchvision() {
    let names = ["conv1", "relu1", "pool1", "conv2", "pool2", "conv3", "relu4", "conv5", "pool5", "avgpool"];
    full_size(Network::AlexNet224, 224, &names);
}

#[test]
fn alexnet_2012_matches_the_reference() {
    let names = ["conv1", "lrn1", "pool1", "conv2", "lrn2", "pool2", "conv3", "conv4", "conv5", "pool5"];
    full_size(Network::AlexNet2012, 227, &names);
}

fn full_size(network: Network, side: usize, names: &[&str]) {
    let reference = Reference::open(network.name());
    let config = config(network, 1000, Activation::Relu, Normalization::None);
    let features = block_on(classifier(config).features(images(1, side), 1)).unwrap();
    let logits = features.get("fc8").unwrap();
    assert!(relative(&logits.data, reference.get("logits")) < LOGITS);
    for name in names.iter().copied().chain(["fc6", "relu6", "fc7", "relu7", "fc8"]) {
        let map = &features.get(name).unwrap_or_else(|| panic!("no {name}")).data;
        let head = reference.get(&format!("{name}.head"));
        // The first values after a ReLU can be nearly all zero: compare them relative to the whole map's
        // spread.
        let [mean, std] = [0, 1].map(|i| reference.get(&format!("{name}.mean_std"))[i]);
        for (a, b) in map.iter().zip(head) {
            assert!((f64::from(*a) - b).abs() < LOGITS * 4.0 * std, "{name}: {a} {b}");
        }
        let own = map.iter().map(|&v| f64::from(v)).sum::<f64>() / map.len() as f64;
        assert!((own - mean).abs() < LOGITS * std, "{name}: {own} {mean}");
    }
}

#[test]
fn schedules_match() {
    let reference = Reference::open("parts");
    for schedule in [Schedule::Constant, Schedule::Step, Schedule::Cosine] {
        let options = RunOptions { learning_rate: 0.05, warmup_steps: 5, schedule, ..Default::default() };
        for (step, expected) in reference.get(&format!("schedule.{schedule}")).iter().enumerate() {
            let rate = alexnet::schedule::learning_rate(&options, step as u64, 60);
            assert!((rate - expected).abs() < 1e-12, "{schedule} {step}: {rate} {expected}");
        }
    }
}

#[test]
fn formula_matches_the_reference_files() {
    let reference = Reference::open("formula");
    let same = |key: &str, values: Vec<f32>| {
        let expected: Vec<f32> = reference.get(key).iter().map(|&v| v as f32).collect();
        assert_eq!(values[..expected.len()], expected, "{key}");
    };
    let plain = weights(config(Network::AlexNet32, 10, Activation::Relu, Normalization::None));
    same("features.0.weight", plain["features.0.weight"].data.clone());
    same("features.0.bias", plain["features.0.bias"].data.clone());
    same("images", images(1, 32));
    same("mask.fc6", mask("fc6", 576).values.iter().map(|&v| f32::from(v)).collect());
}
