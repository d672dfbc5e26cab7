//! Shared by the tests: the formula of `tests/fixtures/generate_reference.py`, its reference files, small
//! data sets.
#![allow(dead_code, missing_docs)]

use std::collections::BTreeMap;
use std::rc::Rc;

use alexnet::data::{InMemoryDataset, Samples};
use alexnet::format::{Tensor, Tensors};
use alexnet::protocol::{ClassLabel, NetworkConfig, Preprocess, RunOptions};
use alexnet::{Architecture, Compute, Mask, Session};

#[path = "../../../../tests/fixtures/formula.rs"]
mod formula;

pub use formula::{h, mixed};
pub use pollster::block_on;

/// Every tensor of an architecture, from the formula.
pub fn weights(config: NetworkConfig) -> Tensors {
    let architecture = Architecture::new(config).unwrap();
    let specs = architecture.layers.iter().flat_map(|layer| layer.tensors());
    specs
        .map(|(name, shape, trainable)| {
            let count = shape.iter().product();
            let data: Vec<f32> = if !trainable {
                vec![if name.ends_with("var") { 1.0 } else { 0.0 }; count]
            } else if name.ends_with("bias") {
                h(&name, count).map(|h| (0.05 * h) as f32).collect()
            } else if shape.len() == 1 {
                h(&name, count).map(|h| (1.0 + 0.1 * h) as f32).collect()
            } else {
                let fan_in: usize = shape[1..].iter().product();
                let scale = (6.0 / fan_in as f64).sqrt();
                h(&name, count).map(|h| (scale * h) as f32).collect()
            };
            (name, Tensor { shape, data })
        })
        .collect()
}

/// The formula's images, normalised, NCHW.
pub fn images(batch: usize, size: usize) -> Vec<f32> {
    let bytes = mixed("images", batch * 3 * size * size).map(|x| x >> 24);
    bytes.map(|byte| ((f64::from(byte) / 255.0 - 0.5) / 0.25) as f32).collect()
}

/// The formula's dropout mask: kept with probability 0.6.
pub fn mask(layer: &str, units: usize) -> Mask {
    let values = h(&format!("mask.{layer}"), 4 * units).map(|h| u8::from(h > -0.2)).collect();
    Mask { batch: 4, units, values }
}

/// A file of reference values.
pub struct Reference(BTreeMap<String, Vec<f64>>);

impl Reference {
    pub fn open(name: &str) -> Self {
        let path = format!("{}/../../tests/fixtures/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let read = |view: safetensors::tensor::TensorView<'_>| -> Vec<f64> {
            let data = view.data();
            match view.dtype() {
                safetensors::Dtype::F32 => data
                    .chunks_exact(4)
                    .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
                    .collect(),
                safetensors::Dtype::F64 => {
                    data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
                }
                safetensors::Dtype::I64 => {
                    data.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64).collect()
                }
                _ => data.iter().map(|&b| f64::from(b)).collect(),
            }
        };
        Self(file.tensors().into_iter().map(|(name, view)| (name, read(view))).collect())
    }

    pub fn get(&self, key: &str) -> &[f64] {
        self.0.get(key).unwrap_or_else(|| panic!("no {key} among the references"))
    }
}

/// The largest difference between values and references, relative to the largest reference.
pub fn relative(values: &[f32], reference: &[f64]) -> f64 {
    assert!(!reference.is_empty() && values.len() >= reference.len(), "{} {}", values.len(), reference.len());
    let scale = reference.iter().fold(0.0f64, |a, b| a.max(b.abs())).max(1e-12);
    let worst = values.iter().zip(reference).map(|(&a, &b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
    assert!(values.iter().all(|v| v.is_finite()));
    worst / scale
}

/// Images whose brightest corner is their class, which a network learns in a few steps.
pub fn corners(images: u32, size: u32, classes: u32) -> Samples {
    let side = size as usize;
    let mut noise = mixed("corners", images as usize * side * side * 3).map(|x| (x >> 26) as u8);
    let labels: Vec<u32> = (0..images).map(|i| i % classes).collect();
    let mut pixels = Vec::new();
    for &label in &labels {
        let (left, top) = (label % 2 == 0, (label / 2) % 2 == 0);
        for y in 0..side {
            for x in 0..side {
                let bright = ((x < side / 2) == left) && ((y < side / 2) == top);
                for _ in 0..3 {
                    pixels.push(noise.next().unwrap() + if bright { 150 } else { 30 });
                }
            }
        }
    }
    Samples { size, pixels, labels }
}

/// A data set of [`corners`] with four classes.
pub fn dataset(train: u32, val: u32, size: u32) -> Rc<InMemoryDataset> {
    let labels = ["top left", "top right", "bottom left", "bottom right"];
    let labels = labels.map(|name| ClassLabel { id: name.into(), name: name.into() }).to_vec();
    let preprocess = Preprocess { resize: size, crop: size, mean: [0.5; 3], std: [0.25; 3] };
    Rc::new(
        InMemoryDataset::new(labels, size, corners(train, size, 4), corners(val, size, 4), preprocess)
            .unwrap(),
    )
}

/// A small session on [`dataset`].
pub fn session(options: &RunOptions) -> Session {
    Session::new(options.clone(), dataset(64, 16, 32), &Compute::cpu()).unwrap()
}

/// Options of a quarter-width network whose steps take milliseconds.
pub fn small() -> RunOptions {
    RunOptions { width: 0.25, batch_size: 16, warmup_steps: 0, ..Default::default() }
}

/// The bits of all weights.
pub fn bits(session: &Session) -> BTreeMap<String, Vec<u32>> {
    let model = block_on(session.checkpoint()).unwrap();
    let bits = |t: Tensor| t.data.into_iter().map(f32::to_bits).collect();
    model.tensors.into_iter().map(|(name, tensor)| (name, bits(tensor))).collect()
}
