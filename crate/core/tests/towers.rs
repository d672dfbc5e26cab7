//! Two towers in two places are one network, to the last bit, and exchange what the paper's figure joins.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use alexnet::protocol::{Activation, Freeze, Network, Normalization, Optimizer, ResponseNorm, RunOptions};
use alexnet::{Compute, Exchange, GroupSession, LabError, Traffic, digest};
use support::{bits, block_on, session, small, source};

/// A line between two threads.
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

/// Losses, halves of the weights and traffic of each tower, each in a thread of its own.
fn run(options: &RunOptions, steps: usize) -> [(Vec<f32>, Bits, Vec<Traffic>); 2] {
    let [left, right] = lines();
    let one = |tower: usize, mut line: Line| {
        let options = options.clone();
        move || {
            let mut half = GroupSession::new(options, tower, source(64, 16, 32), &Compute::cpu()).unwrap();
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
fn two_places_give_the_bits_of_one() {
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
fn only_what_the_figure_joins_goes_over_the_line() {
    let options = RunOptions { width: 1.0, batch_size: 8, ..towers() };
    let [left, right] = run(&options, 3);
    assert_eq!(left.2, right.2);
    // Half of conv3's, fc6's, fc7's and fc8's input, and half of four classes, in single precision.
    let numbers = [("conv3", 32 * 7 * 7), ("fc6", 32 * 3 * 3), ("fc7", 128), ("fc8", 128), ("logits", 2)];
    for (traffic, (layer, half)) in left.2.iter().zip(numbers) {
        let bytes = 3 * 8 * 4 * half;
        // The loss's gradient needs no line: both towers have all logits.
        let backward = if layer == "logits" { 0 } else { bytes };
        assert_eq!(*traffic, Traffic { layer: layer.into(), forward: bytes, backward });
    }
    assert_eq!(left.2.len(), numbers.len());
}

#[test]
fn the_halves_of_a_whole_run_have_the_digests_of_the_towers() {
    let mut whole = session(&towers());
    let halves = || block_on(session(&towers()).groups()).unwrap();
    for (tower, half) in halves().iter().enumerate() {
        let own = GroupSession::new(towers(), tower, source(64, 16, 32), &Compute::cpu()).unwrap();
        let own = block_on(own.tensors()).unwrap();
        assert_eq!(&own, half);
        assert_eq!(digest(&own), digest(half));
    }
    block_on(whole.step(1)).unwrap();
    let moved = block_on(whole.groups()).unwrap();
    assert_ne!(digest(&moved[0]), digest(&halves()[0]));
    assert_ne!(digest(&moved[0]), digest(&moved[1]));
}

#[test]
fn what_cannot_be_cut_in_two_is_refused_in_a_sentence() {
    let refuse = |options| {
        GroupSession::new(options, 0, source(64, 16, 32), &Compute::cpu()).err().unwrap().to_string()
    };
    assert!(refuse(small()).contains("alexnet-32 is in one piece"));
    let across = RunOptions { response_norm: ResponseNorm::CaffeNet, ..towers() };
    assert!(refuse(across).contains("choose paper or none"));
}

#[test]
fn a_lost_line_is_a_sentence_and_leaves_the_weights() {
    let [mut left, right] = lines();
    drop(right);
    let mut half = GroupSession::new(towers(), 0, source(64, 16, 32), &Compute::cpu()).unwrap();
    let before = block_on(half.tensors()).unwrap();
    assert!(block_on(half.step(&mut left)).unwrap_err().to_string().contains("gone"));
    assert_eq!(block_on(half.tensors()).unwrap(), before);
    assert_eq!(half.session().steps(), 0);
}
