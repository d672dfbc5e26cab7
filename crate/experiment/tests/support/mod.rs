//! Drawn images for tests, since Fashion-MNIST is not there when the crates are tested: ten classes,
//! each a ring of its own size and a bar above or below it, moved, dimmed, and with noise.
#![allow(missing_docs)]

use std::rc::Rc;

use alexnet::Compute;
use alexnet::data::{InMemoryDataset, Purpose, Samples, rng};
use alexnet::protocol::{ClassLabel, Preprocess};
use alexnet_protocol::{RunReport, RunSpec, RunStage, Settings};
use rand::Rng;

use alexnet_experiment::Inputs;

/// Side of the images.
const SIDE: u32 = 32;
/// Number of classes.
const CLASSES: u32 = 10;

/// The CPU and a data set of drawn images.
pub fn inputs(train: u32, val: u32) -> Inputs {
    let labels = (0..CLASSES).map(|class| class.to_string());
    let labels = labels.map(|name| ClassLabel { id: name.clone(), name }).collect();
    let preprocess = Preprocess { resize: SIDE, crop: SIDE, mean: [0.3; 3], std: [0.3; 3] };
    let images = InMemoryDataset::new(labels, SIDE, samples(0, train), samples(1, val), preprocess).unwrap();
    Inputs { compute: Compute::cpu(), images: Some(Rc::new(images)) }
}

/// The settings with these values.
pub fn settings(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Runs an arm to its end.
pub fn report(
    name: &str,
    settings: &Settings,
    (arm, seed, rate): (&str, u32, f64),
    inputs: &Inputs,
) -> RunReport {
    let spec =
        RunSpec { arm: arm.into(), seed, stage: RunStage::Main, learning_rate: Some(rate), seconds: 1.0 };
    let mut run = alexnet_experiment::start(name, settings, &spec, inputs).unwrap();
    pollster::block_on(async { while run.advance().await.unwrap() < 1.0 {} });
    run.report()
}

fn samples(stream: u64, images: u32) -> Samples {
    let mut all = Samples { size: SIDE, ..Samples::default() };
    for index in 0..images {
        let label = index % CLASSES;
        let mut random = rng(5, Purpose::Experiment, stream, u64::from(index));
        let mut within = |most: f32| random.random_range(-most..=most);
        let (left, top, light, tilt) = (within(4.0), within(4.0), 0.75 + within(0.25), within(1.0));
        // One of five rings and one of two bars: a mirror image is of the same class.
        let radius = 3.0 + 1.5 * (label % 5) as f32 + 0.3 * tilt;
        let height = if label < 5 { -12.0 } else { 12.0 };
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (x, y) = (x as f32 - 16.0 - left, y as f32 - 16.0 - top);
                let ring = (x.hypot(y) - radius).abs() < 1.2;
                let bar = (y - height).abs() < 1.2 && x.abs() < 4.0;
                let bright = if ring || bar { 200.0 * light } else { 40.0 };
                let value = (bright + within(40.0)).clamp(0.0, 255.0) as u8;
                all.pixels.extend([value; 3]);
            }
        }
        all.labels.push(label);
    }
    all
}
