//! Fine-tuning: runs that start from a network; and converting model files.

use alexnet::format::{Checkpoint, FileFormat, Precision};
use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{ClassLabel, RunOptions};
use alexnet::{Classifier, Session};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js, to_js};
use crate::lab::Lab;

/// Replaces class labels: a list of pairs of the id that a class has and its new label. Ids of a project's
/// classes stay the same when classes are renamed; model files name classes by folder and name.
pub(crate) fn relabel(model: &mut Checkpoint, labels: JsValue) -> JsResult<()> {
    if labels.is_undefined() {
        return Ok(());
    }
    let labels: Vec<(String, ClassLabel)> = from_js(labels, ValueName::Labels)?;
    for label in &mut model.labels {
        if let Some((_, new)) = labels.iter().find(|(id, _)| *id == label.id) {
            label.clone_from(new);
        }
    }
    Ok(())
}

#[wasm_bindgen]
impl Lab {
    /// Chooses the network that the next [`Lab::configure_from`] starts from, and returns its description: a
    /// file, or the active model without one. `labels`: pairs of a class's id and its new label.
    ///
    /// # Errors
    /// If the file is not a model or there is no active model.
    #[wasm_bindgen(js_name = startFrom)]
    pub async fn start_from(&mut self, file: Option<Vec<u8>>, labels: JsValue) -> JsResult<JsValue> {
        let mut model = match file {
            Some(bytes) => Checkpoint::read(bytes).map_err(error)?.into_model(),
            None => self.active_model()?.classifier.model().await.map_err(error)?,
        };
        relabel(&mut model, labels)?;
        // Rejects files whose tensors do not fit the network, before any data are loaded for it.
        Classifier::new(&model, &self.compute).map_err(error)?;
        let info = to_js(&model.info())?;
        self.start = Some(model);
        Ok(info)
    }

    /// Creates a run that starts from the chosen network, in a slot. The slot's old run is dropped only on
    /// success. Network, width, activation and normalisation are the chosen network's.
    ///
    /// # Errors
    /// If an option is out of range, the data set is not loaded or no network was chosen.
    #[wasm_bindgen(js_name = configureFrom)]
    pub async fn configure_from(&mut self, slot: usize, options: JsValue) -> JsResult<JsValue> {
        let mut options: RunOptions = from_js(options, ValueName::Options)?;
        options.check().map_err(error)?;
        let Some(model) = self.start.take() else {
            return Err(error(EngineError::NoStart));
        };
        options.network = model.network.network;
        let dataset = self.dataset(&options.dataset, options.network)?;
        let run = Session::from_model(options, &model, dataset, &self.compute).map_err(error)?;
        self.set_run(slot, run)
    }

    /// Converts a model file: `safetensors`, `onnx` or `alexnet`, without a run's state. `labels`: as in
    /// [`Lab::start_from`].
    ///
    /// # Errors
    /// If the bytes are not a model, or its tensors do not fit its network.
    #[wasm_bindgen(js_name = convertModel)]
    pub fn convert_model(&self, file: Vec<u8>, format: String, labels: JsValue) -> JsResult<Uint8Array> {
        let format = FileFormat::from_extension(&format)
            .ok_or_else(|| error(EngineError::Format { format: format.clone() }))?;
        let mut model = Checkpoint::read(file).map_err(error)?.into_model();
        relabel(&mut model, labels)?;
        Classifier::check(&model).map_err(error)?;
        let bytes = model.write(format, Precision::F32).map_err(error)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }
}
