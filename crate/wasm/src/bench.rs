//! The benchmark's operations: inference of `alexnet-224`, training steps of `alexnet-32`, with random
//! weights.

use std::rc::Rc;

use alexnet::architecture::Architecture;
use alexnet::data::{InMemoryDataset, Samples};
use alexnet::protocol::messages::EngineError;
use alexnet::protocol::{ClassLabel, Network, RunOptions};
use alexnet::{Classifier, Compute, Session};
use js_sys::{Float32Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, object};
use crate::lab::{Lab, write};
use crate::lab_state::Bench;

/// Images of noise, the same in every run.
fn noise(network: Network, classes: u32, images: u32) -> Samples {
    let size = Architecture::input_size_of(network);
    let bytes = images * size * size * 3;
    let pixels = (0..bytes).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Samples { size, pixels, labels: (0..images).map(|i| i % classes).collect() }
}

pub(crate) fn session(
    network: Network,
    classes: u32,
    batch: u32,
    compute: &Compute,
) -> JsResult<(Session, Samples)> {
    let samples = noise(network, classes, batch);
    let labels = (0..classes).map(|i| ClassLabel { id: i.to_string(), name: i.to_string() }).collect();
    let preprocess = Architecture::default_preprocess(network);
    let val = noise(network, classes, 1);
    let dataset =
        InMemoryDataset::new(labels, samples.size, samples.clone(), val, preprocess).map_err(error)?;
    let options = RunOptions { network, batch_size: batch, ..Default::default() };
    Ok((Session::new(options, Rc::new(dataset), compute).map_err(error)?, samples))
}

#[wasm_bindgen]
impl Lab {
    /// Prepares a benchmark: `infer` (`alexnet-224`, 1000 classes) or `trainStep` (`alexnet-32`, SGD with
    /// momentum).
    ///
    /// # Errors
    /// If the kind is unknown or the network cannot be created.
    #[wasm_bindgen(js_name = benchPrepare)]
    pub async fn bench_prepare(&mut self, kind: String, batch: u32) -> JsResult<()> {
        let batch = batch.max(1);
        let network = if kind == "infer" { Network::AlexNet224 } else { Network::AlexNet32 };
        let classes = Architecture::default_classes(network);
        let floats = |samples: &Samples| {
            let preprocess = Architecture::default_preprocess(network);
            alexnet::data::normalize(&samples.pixels, samples.labels.len(), samples.size, &preprocess)
        };
        self.bench = Some(match kind.as_str() {
            "infer" => {
                let (session, _) = session(network, classes, 1, &self.compute)?;
                Bench::Infer(Box::new(session.classifier()), floats(&noise(network, classes, batch)))
            }
            "trainStep" => {
                let (session, samples) = session(network, classes, batch, &self.compute)?;
                Bench::Train(Box::new(session), floats(&samples), samples.labels)
            }
            _ => {
                return Err(error(EngineError::Benchmark { name: kind }));
            }
        });
        Ok(())
    }

    /// One forward pass of the prepared batch: upload, computation, read-back of the logits.
    ///
    /// # Errors
    /// If `benchPrepare` was not called or the device was lost.
    #[wasm_bindgen(js_name = benchInfer)]
    pub async fn bench_infer(&self, batch: usize) -> JsResult<()> {
        let Some(Bench::Infer(classifier, pixels)) = &self.bench else { return Err(not_prepared()) };
        classifier.logits_from_pixels(pixels.clone(), batch).await.map_err(error)?;
        Ok(())
    }

    /// One training step of the prepared batch: upload, computation, read-back of the metrics.
    ///
    /// # Errors
    /// If `benchPrepare` was not called or the device was lost.
    #[wasm_bindgen(js_name = benchTrainStep)]
    pub async fn bench_train_step(&mut self, _batch: usize) -> JsResult<()> {
        let Some(Bench::Train(session, pixels, labels)) = &mut self.bench else { return Err(not_prepared()) };
        session.step_on_batch(pixels.clone(), labels).await.map_err(error)?;
        Ok(())
    }
}

#[wasm_bindgen]
impl Lab {
    /// The prepared network as a file: `safetensors` or `onnx`.
    ///
    /// # Errors
    /// If `benchPrepare` was not called.
    #[wasm_bindgen(js_name = benchModel)]
    pub async fn bench_model(&self, format: String) -> JsResult<Uint8Array> {
        let (classifier, _) = self.prepared()?;
        let checkpoint = classifier.model().await.map_err(error)?;
        write(&checkpoint, &format)
    }

    /// Input and expected output for other runtimes: `{pixels, logits}` of the prepared batch, NCHW and
    /// row-major.
    ///
    /// # Errors
    /// If `benchPrepare` was not called or the device was lost.
    #[wasm_bindgen(js_name = benchSample)]
    pub async fn bench_sample(&self) -> JsResult<JsValue> {
        let (classifier, pixels) = self.prepared()?;
        let values = 3 * classifier.architecture().input_size.pow(2);
        let logits = classifier
            .logits_from_pixels(pixels.clone(), pixels.len() / values.max(1))
            .await
            .map_err(error)?;
        Ok(object(&[
            ("pixels", Float32Array::from(pixels.as_slice()).into()),
            ("logits", Float32Array::from(logits.as_slice()).into()),
        ]))
    }

    fn prepared(&self) -> JsResult<(Classifier, &Vec<f32>)> {
        match &self.bench {
            Some(Bench::Infer(classifier, pixels)) => Ok((classifier.as_ref().clone(), pixels)),
            Some(Bench::Train(session, pixels, _)) => Ok((session.classifier(), pixels)),
            None => Err(not_prepared()),
        }
    }
}

fn not_prepared() -> JsValue {
    error(EngineError::NotPrepared)
}
