//! A run that an earlier build saved goes on: `tests/fixtures/old-files/README.md`.
#![allow(missing_docs)]

mod support;

use std::rc::Rc;

use alexnet::data::{InMemoryDataset, Samples};
use alexnet::format::Checkpoint;
use alexnet::{Compute, Session};
use support::block_on;

const RUN: &[u8] = include_bytes!("../../../tests/fixtures/old-files/run.alexnet");

/// Noise under the run's classes: what a step computes does not matter here, only that it can.
fn dataset(checkpoint: &Checkpoint) -> Rc<InMemoryDataset> {
    let samples = |count: u32| Samples {
        size: 32,
        pixels: (0..count * 32 * 32 * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        labels: (0..count).map(|i| i % 10).collect(),
    };
    let labels = checkpoint.labels.clone();
    Rc::new(InMemoryDataset::new(labels, 32, samples(64), samples(16), checkpoint.preprocess).unwrap())
}

#[test]
fn a_saved_run_goes_on() {
    let checkpoint = Checkpoint::read(RUN).unwrap();
    let data = dataset(&checkpoint);
    let mut session = Session::resume(checkpoint.clone(), data, &Compute::cpu()).unwrap();
    assert_eq!(session.steps(), 25);
    let saved = block_on(session.checkpoint()).unwrap();
    assert_eq!((&saved.tensors, &saved.run), (&checkpoint.tensors, &checkpoint.run));
    let metrics = block_on(session.step(2)).unwrap();
    assert_eq!(session.steps(), 27);
    assert!(metrics.loss.is_finite() && metrics.loss > 0.0);
}
