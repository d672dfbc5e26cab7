//! Two groups in two threads train the same network as one session, to the last bit, and exchange only what
//! the paper's figure connects.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use alexnet::protocol::{Activation, Freeze, Network, Normalization, Optimizer, ResponseNorm, RunOptions};
use alexnet::{Compute, Exchange, GroupSession, LabError, Traffic, digest};
use support::{bits, block_on, dataset, session, small};

/// A connection between two threads.
struct Line {
    out: Sender<Vec<f32>>,
    back: Receiver<Vec<f32>>,
}

impl Exchange for Line {
    async fn exchange(&mut self, numbers: Vec<f32>) -> Result<Vec<f32>, LabError> {
        let lost = |_| LabError::TowerGone;
        self.out.send(numbers).map_err(|_| LabError::TowerGone)?;
        self.back.recv().map_err(lost)
    }
}

fn lines() -> [Line; 2] {
    let ((to_right, at_right), (to_left, at_left)) = (channel(), channel());
    [Line { out: to_right, back: at_left }, Line { out: to_left, back: at_right }]
}

type Bits = BTreeMap<String, Vec<u32>>;

/// Runs each group in its own thread. Returns its losses, its half of the weights and its traffic.
fn run(options: &RunOptions, steps: usize) -> [(Vec<f32>, Bits, Vec<Traffic>); 2] {
    let [left, right] = lines();
    let one = |tower: usize, mut line: Line| {
        let options = options.clone();
        move || {
            let mut half = GroupSession::new(options, tower, dataset(64, 16, 32), &Compute::cpu()).unwrap();
            let losses = (0..steps).map(|_| block_on(half.step(&mut line)).unwrap().loss).collect();
            let tensors = block_on(half.tensors()).unwrap().into_iter();
            let bits = tensors.map(|(name, t)| (name, t.data.into_iter().map(f32::to_bits).collect()));
            (losses, bits.collect(), half.traffic().to_vec())
        }
    };
    thread::scope(|scope| {
        let (left, right) = (scope.spawn(one(0, left)), scope.spawn(one(1, right)));
        [left.join().unwrap(), right.join().unwrap()]
    })
}

fn towers() -> RunOptions {
    RunOptions { network: Network::AlexNet2012At32, ..small() }
}

fn varied() -> Vec<RunOptions> {
    vec![
        towers(),
        RunOptions { width: 1.0, batch_size: 5, flip: true, shift: 0.1, cutmix: 0.5, ..towers() },
        RunOptions { optimizer: Optimizer::AdamW, learning_rate: 1e-3, label_smoothing: 0.1, ..towers() },
        RunOptions {
            normalization: Normalization::Batch,
            response_norm: ResponseNorm::Off,
            activation: Activation::Tanh,
            dropout: 0.0,
            ..towers()
        },
        RunOptions { freeze: Freeze::Conv, batch_size: 1, ..towers() },
    ]
}

#[test]
fn two_groups_give_the_same_bits_as_one_session() {
    for options in varied() {
        let mut whole = session(&options);
        let losses: Vec<f32> = (0..4).map(|_| block_on(whole.step(1)).unwrap().loss).collect();
        let [left, right] = run(&options, 4);
        assert_eq!((&left.0, &right.0), (&losses, &losses), "{options:?}");
        for (name, whole) in bits(&whole) {
            let joined: Vec<u32> = left.1[&name].iter().chain(&right.1[&name]).copied().collect();
            assert_eq!(joined.len(), whole.len(), "{name}");
            assert!(joined == whole, "{name} differs: {options:?}");
        }
    }
}

#[test]
fn traffic_is_what_the_papers_figure_connects() {
    let options = RunOptions { width: 1.0, batch_size: 8, ..towers() };
    let [left, right] = run(&options, 3);
    assert_eq!(left.2, right.2);
    // Half of the inputs of conv3, fc6, fc7 and fc8, and half of four classes, in single precision.
    let numbers = [("conv3", 32 * 7 * 7), ("fc6", 32 * 3 * 3), ("fc7", 128), ("fc8", 128), ("logits", 2)];
    for (traffic, (layer, half)) in left.2.iter().zip(numbers) {
        let bytes = 3 * 8 * 4 * half;
        // The gradient of the loss needs no exchange: both groups have all logits.
        let backward = if layer == "logits" { 0 } else { bytes };
        assert_eq!(*traffic, Traffic { layer: layer.into(), forward: bytes, backward });
    }
    assert_eq!(left.2.len(), numbers.len());
}

#[test]
fn digests_of_both_halves_match_those_of_a_whole_run() {
    let mut whole = session(&towers());
    let halves = || block_on(session(&towers()).group_tensors()).unwrap();
    for (tower, half) in halves().iter().enumerate() {
        let own = GroupSession::new(towers(), tower, dataset(64, 16, 32), &Compute::cpu()).unwrap();
        let own = block_on(own.tensors()).unwrap();
        assert_eq!(&own, half);
        assert_eq!(digest(&own), digest(half));
    }
    block_on(whole.step(1)).unwrap();
    let moved = block_on(whole.group_tensors()).unwrap();
    assert_ne!(digest(&moved[0]), digest(&halves()[0]));
    assert_ne!(digest(&moved[0]), digest(&moved[1]));
}

#[test]
fn networks_without_two_groups_are_rejected() {
    let refuse = |options| {
        GroupSession::new(options, 0, dataset(64, 16, 32), &Compute::cpu()).err().unwrap().to_string()
    };
    assert!(refuse(small()).contains("alexnet-32 is in one piece"));
    let across = RunOptions { response_norm: ResponseNorm::CaffeNet, ..towers() };
    assert!(refuse(across).contains("choose paper or none"));
}

#[test]
fn lost_connection_leaves_the_weights_unchanged() {
    let [mut left, right] = lines();
    drop(right);
    let mut half = GroupSession::new(towers(), 0, dataset(64, 16, 32), &Compute::cpu()).unwrap();
    let before = block_on(half.tensors()).unwrap();
    assert!(block_on(half.step(&mut left)).unwrap_err().to_string().contains("gone"));
    assert_eq!(block_on(half.tensors()).unwrap(), before);
    assert_eq!(half.session().steps(), 0);
}
