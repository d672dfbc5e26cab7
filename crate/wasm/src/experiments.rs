//! The experiments of Learn. One [`Experiments`] per worker, one run at a time.

use std::rc::Rc;

use alexnet::Compute;
use alexnet::architecture::Architecture;
use alexnet::data::{Manifest, Report, ShardedDataset};
use alexnet::protocol::messages::{ExperimentError, ValueName};
use alexnet::protocol::{Network, RunReport, RunSpec, Settings};
use alexnet_experiment::{Inputs, Run, plan, start, summarise};
use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js, to_js};
use crate::intake::import_files;
use crate::lab_state::{dataset_info, loader};

/// Runs experiments on the CPU backend.
#[wasm_bindgen]
pub struct Experiments {
    inputs: Inputs,
    run: Option<Box<dyn Run>>,
}

#[wasm_bindgen]
impl Experiments {
    /// Without images and without a run.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default)] // JavaScript calls it.
    pub fn new() -> Self {
        Self { inputs: Inputs { compute: Compute::cpu(), images: None }, run: None }
    }

    /// The runs that are still to do: `(name, settings, seeds, reports)` to `RunSpec[]`.
    ///
    /// # Errors
    /// An experiment or a setting that does not exist.
    pub fn plan(name: &str, settings: JsValue, seeds: Vec<u32>, done: JsValue) -> JsResult<JsValue> {
        let settings: Settings = from_js(settings, ValueName::Options)?;
        let done: Vec<RunReport> = from_js(done, ValueName::Options)?;
        to_js(&plan(name, &settings, &seeds, &done).map_err(error)?)
    }

    /// The outcome of finished runs: `(name, settings, reports)` to `Outcome`.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn summarise(name: &str, settings: JsValue, reports: JsValue) -> JsResult<JsValue> {
        let settings: Settings = from_js(settings, ValueName::Options)?;
        let reports: Vec<RunReport> = from_js(reports, ValueName::Options)?;
        to_js(&summarise(name, &settings, &reports).map_err(error)?)
    }

    /// Uses a data set in shards, at the input size of `alexnet-32`. `fetch` is `(file) => Promise<Uint8Array>`.
    ///
    /// # Errors
    /// If the manifest is not valid.
    #[wasm_bindgen(js_name = addShards)]
    pub fn add_shards(&mut self, manifest: JsValue, fetch: Function) -> JsResult<JsValue> {
        let manifest: Manifest = from_js(manifest, ValueName::Manifest)?;
        let (id, size) = (manifest.id.clone(), Architecture::input_size_of(Network::AlexNet32));
        let images = ShardedDataset::new(manifest, size, loader(fetch)).map_err(error)?;
        let info = dataset_info(&id, &images, &Report::default())?;
        self.inputs.images = Some(Rc::new(images));
        Ok(info)
    }

    /// Uses a visitor's files, `[{path, bytes}]`, at the input size of `alexnet-32`.
    ///
    /// # Errors
    /// If they hold no data set. The images used before stay.
    #[wasm_bindgen(js_name = importData)]
    pub fn import_data(&mut self, id: &str, files: &Array) -> JsResult<JsValue> {
        let imported = import_files(files, Network::AlexNet32)?;
        let info = dataset_info(id, &imported.source, &imported.report)?;
        self.inputs.images = Some(Rc::new(imported.source));
        Ok(info)
    }

    /// Starts a run. A run in progress is dropped.
    ///
    /// # Errors
    /// A run that does not belong to the experiment; images that are missing.
    pub fn start(&mut self, name: &str, settings: JsValue, spec: JsValue) -> JsResult<()> {
        let settings: Settings = from_js(settings, ValueName::Options)?;
        let spec: RunSpec = from_js(spec, ValueName::Options)?;
        self.run = None;
        self.run = Some(start(name, &settings, &spec, &self.inputs).map_err(error)?);
        Ok(())
    }

    /// Computes for a moment and returns the share of the run that is done, 1 at its end.
    ///
    /// # Errors
    /// If images cannot be loaded, or no run was started.
    pub async fn advance(&mut self) -> JsResult<f64> {
        let run = self.run.as_mut().ok_or_else(no_run)?;
        run.advance().await.map_err(error)
    }

    /// What the run has measured so far: `RunReport`.
    ///
    /// # Errors
    /// If no run was started.
    pub fn report(&self) -> JsResult<JsValue> {
        to_js(&self.run.as_ref().ok_or_else(no_run)?.report())
    }
}

fn no_run() -> JsValue {
    error(ExperimentError::NoRun)
}
