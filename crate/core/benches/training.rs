//! Benchmarks of training steps on the CPU backend. Run with `cargo bench -p alexnet`.

use std::rc::Rc;

use alexnet::architecture::Architecture;
use alexnet::data::{InMemoryDataset, Samples};
use alexnet::protocol::{ClassLabel, Network, Normalization, RunOptions};
use alexnet::{Compute, Session};

fn main() {
    divan::main();
}

fn session(network: Network, batch: u32, normalization: Normalization) -> (Session, Vec<f32>, Vec<u32>) {
    let size = Architecture::input_size_of(network);
    let classes = Architecture::default_classes(network);
    let bytes = (batch * size * size * 3) as usize;
    let pixels: Vec<u8> = (0..bytes as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let samples = Samples { size, pixels, labels: (0..batch).map(|i| i % classes).collect() };
    let labels = (0..classes).map(|i| ClassLabel { id: i.to_string(), name: i.to_string() }).collect();
    let preprocess = Architecture::default_preprocess(network);
    let floats = alexnet::data::normalize(&samples.pixels, batch as usize, size, &preprocess);
    let right = samples.labels.clone();
    let dataset = InMemoryDataset::new(labels, size, samples.clone(), samples, preprocess).unwrap();
    let options = RunOptions { network, batch_size: batch, normalization, ..Default::default() };
    (Session::new(options, Rc::new(dataset), &Compute::cpu()).unwrap(), floats, right)
}

#[divan::bench(args = [64], sample_count = 10)]
fn alexnet_32(bencher: divan::Bencher, batch: u32) {
    let (mut session, pixels, labels) = session(Network::AlexNet32, batch, Normalization::None);
    bencher.bench_local(|| pollster::block_on(session.step_on_batch(pixels.clone(), &labels)).unwrap());
}

#[divan::bench(args = [128], sample_count = 5)]
fn alexnet_64(bencher: divan::Bencher, batch: u32) {
    let (mut session, pixels, labels) = session(Network::AlexNet64, batch, Normalization::None);
    bencher.bench_local(|| pollster::block_on(session.step_on_batch(pixels.clone(), &labels)).unwrap());
}

#[divan::bench(args = [128], sample_count = 5)]
fn alexnet_64_batch_norm(bencher: divan::Bencher, batch: u32) {
    let (mut session, pixels, labels) = session(Network::AlexNet64, batch, Normalization::Batch);
    bencher.bench_local(|| pollster::block_on(session.step_on_batch(pixels.clone(), &labels)).unwrap());
}
