//! Training runs: slot 0 is the run, slot 1 its rival in a race, slot 2 fine-tuning on the visitor's own
//! images.

use alexnet::Session;
use alexnet::format::{Checkpoint, FileFormat, Precision};
use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{DropoutLayer, RunOptions};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, floats, from_js, object, pixels, to_js};
use crate::fine_tune::relabel;
use crate::lab::{Lab, LoadedModel};

impl Lab {
    pub(crate) fn run(&self, slot: usize) -> JsResult<&Session> {
        self.runs.get(slot).and_then(Option::as_ref).ok_or_else(no_run)
    }

    fn run_mut(&mut self, slot: usize) -> JsResult<&mut Session> {
        self.runs.get_mut(slot).and_then(Option::as_mut).ok_or_else(no_run)
    }

    pub(crate) fn set_run(&mut self, slot: usize, run: Session) -> JsResult<JsValue> {
        let info = to_js(&run.info())?;
        match self.runs.get_mut(slot) {
            Some(slot_run) => *slot_run = Some(run),
            None => return Err(error(EngineError::Slot)),
        }
        Ok(info)
    }
}

fn no_run() -> JsValue {
    error(EngineError::NoRun)
}

#[wasm_bindgen]
impl Lab {
    /// Creates a run with new weights in a slot. The slot's old run is dropped only on success.
    ///
    /// # Errors
    /// If an option is out of range or the data set is not loaded.
    pub async fn configure(&mut self, slot: usize, options: JsValue) -> JsResult<JsValue> {
        let options: RunOptions = from_js(options, ValueName::Options)?;
        options.check().map_err(error)?;
        let dataset = self.dataset(&options.dataset, options.network)?;
        let run = Session::new(options, dataset, &self.compute).map_err(error)?;
        self.set_run(slot, run)
    }

    /// Changes the options that can change during a run.
    ///
    /// # Errors
    /// If another option differs or a value is out of range. Nothing is changed then.
    #[wasm_bindgen(js_name = setOptions)]
    pub fn set_options(&mut self, slot: usize, options: JsValue) -> JsResult<()> {
        let options: RunOptions = from_js(options, ValueName::Options)?;
        self.run_mut(slot)?.set_options(options).map_err(error)
    }

    /// The current options.
    #[wasm_bindgen(js_name = runOptions)]
    pub fn run_options(&self, slot: usize) -> JsResult<JsValue> {
        match self.run(slot) {
            Ok(run) => to_js(run.options()),
            Err(_) => Ok(JsValue::UNDEFINED),
        }
    }

    /// Trains `n` steps and returns the metrics of the last one.
    ///
    /// # Errors
    /// If images cannot be loaded or the device was lost.
    pub async fn step(&mut self, slot: usize, n: u32) -> JsResult<JsValue> {
        let metrics = self.run_mut(slot)?.step(n).await.map_err(error)?;
        to_js(&metrics)
    }

    /// Evaluates on the first `limit` validation images (0 for all).
    ///
    /// # Errors
    /// If images cannot be loaded or the device was lost.
    pub async fn validate(&self, slot: usize, limit: u32) -> JsResult<JsValue> {
        to_js(&self.run(slot)?.validate(limit).await.map_err(error)?)
    }

    /// The dropout mask of the last step: `{batch, units, values}`.
    ///
    /// # Errors
    /// Before the first step.
    pub async fn mask(&self, slot: usize, layer: String) -> JsResult<JsValue> {
        let layer: DropoutLayer = layer.parse().map_err(error)?;
        let mask = self.run(slot)?.mask(layer);
        let mask = mask.ok_or_else(|| error(EngineError::NoMask))?;
        Ok(object(&[
            ("batch", (mask.batch as u32).into()),
            ("units", (mask.units as u32).into()),
            ("values", Uint8Array::from(mask.values.as_slice()).into()),
        ]))
    }

    /// The weights of conv1: `{count, channels, height, width, values}`.
    ///
    /// # Errors
    /// If the device was lost.
    pub async fn filters(&self, slot: usize) -> JsResult<JsValue> {
        let filters = self.run(slot)?.filters().await.map_err(error)?;
        let side = |i: usize| JsValue::from(filters.shape.get(i).copied().unwrap_or(1) as u32);
        Ok(object(&[
            ("count", side(0)),
            ("channels", side(1)),
            ("height", side(2)),
            ("width", side(3)),
            ("values", floats(&filters.data)),
        ]))
    }

    /// The top-5 predictions for some validation images.
    ///
    /// # Errors
    /// If an image cannot be loaded.
    pub async fn watch(&self, slot: usize, indices: Vec<u32>) -> JsResult<JsValue> {
        to_js(&self.run(slot)?.predict_validation(&indices).await.map_err(error)?)
    }

    /// A validation image at the network's input size: `{size, rgba}`.
    ///
    /// # Errors
    /// If the image cannot be loaded.
    #[wasm_bindgen(js_name = valImage)]
    pub async fn val_image(&self, slot: usize, index: u32) -> JsResult<JsValue> {
        let samples = self.run(slot)?.val_image(index).await.map_err(error)?;
        Ok(pixels(samples.size, &samples.pixels))
    }

    /// The full state of a run, for resuming.
    ///
    /// # Errors
    /// If the device was lost.
    #[wasm_bindgen(js_name = saveRun)]
    pub async fn save_run(&self, slot: usize) -> JsResult<Uint8Array> {
        let checkpoint = self.run(slot)?.checkpoint().await.map_err(error)?;
        // A run that diverged must not replace the last good state.
        checkpoint.check_finite().map_err(error)?;
        let bytes = checkpoint.write(FileFormat::Alexnet, Precision::F32).map_err(error)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// Resumes a saved run. Its data set must be loaded.
    ///
    /// # Errors
    /// If the file holds no run or its data set is not loaded. The slot's run then stays.
    #[wasm_bindgen(js_name = resumeRun)]
    pub async fn resume_run(&mut self, slot: usize, bytes: Vec<u8>) -> JsResult<JsValue> {
        let checkpoint = Checkpoint::read(bytes).map_err(error)?;
        let Some(run) = &checkpoint.run else {
            return Err(error(EngineError::NotARun));
        };
        let dataset = self.dataset(&run.options.dataset, run.options.network)?;
        let run = Session::resume(checkpoint, dataset, &self.compute).map_err(error)?;
        self.set_run(slot, run)
    }

    /// Makes the run's network the active model. `labels`: as in [`Lab::start_from`].
    ///
    /// # Errors
    /// If the device was lost or weights are NaN or infinite. The active model then stays.
    #[wasm_bindgen(js_name = useRun)]
    pub async fn use_run(&mut self, slot: usize, labels: JsValue) -> JsResult<JsValue> {
        let mut model = self.run(slot)?.model().await.map_err(error)?;
        relabel(&mut model, labels)?;
        if model.tensors.values().any(|tensor| tensor.data.iter().any(|value| !value.is_finite())) {
            return Err(error(EngineError::NotFinite));
        }
        let model = LoadedModel::new(&model, &self.compute).map_err(error)?;
        let info = to_js(&model.info)?;
        self.model = Some(model);
        Ok(info)
    }

    /// Ends a run and frees its memory.
    #[wasm_bindgen(js_name = dropRun)]
    pub fn drop_run(&mut self, slot: usize) {
        if let Some(run) = self.runs.get_mut(slot) {
            *run = None;
        }
    }
}
