//! Runs that start from a network instead of random weights, and networks as files.

use alexnet::format::{Checkpoint, FileFormat, Precision};
use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{ClassLabel, RunOptions};
use alexnet::{Classifier, Session};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js, to_js};
use crate::lab::Lab;

/// Gives classes other labels: a list of pairs, the id that a class has and its label from now on. The ids of a
/// project's classes outlive every renaming, while a file calls them by their folders and names.
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
    /// Chooses the network that the next [`Lab::configure_from`] starts from, and says what it is: a file, or
    /// the model in use where there is none. `labels`: pairs of a class's id and its other label.
    ///
    /// # Errors
    /// A sentence when the file is no model or there is no model in use.
    #[wasm_bindgen(js_name = startFrom)]
    pub async fn start_from(&mut self, file: Option<Vec<u8>>, labels: JsValue) -> JsResult<JsValue> {
        let mut model = match file {
            Some(bytes) => Checkpoint::read(bytes).map_err(error)?.into_model(),
            None => self.in_use()?.classifier.model().await.map_err(error)?,
        };
        relabel(&mut model, labels)?;
        // A file whose tensors do not fit its network is refused here, before anything is read for it.
        Classifier::new(&model, &self.compute).map_err(error)?;
        let info = to_js(&model.info())?;
        self.start = Some(model);
        Ok(info)
    }

    /// Makes a run that starts from the chosen network the slot's run; the old one goes only when the new one
    /// is whole. Network, width, activation and normalisation are the chosen network's.
    ///
    /// # Errors
    /// A sentence when options are out of range, the data set is not loaded or no network was chosen.
    #[wasm_bindgen(js_name = configureFrom)]
    pub async fn configure_from(&mut self, slot: usize, options: JsValue) -> JsResult<JsValue> {
        let mut options: RunOptions = from_js(options, ValueName::Options)?;
        options.check().map_err(error)?;
        let Some(model) = self.start.take() else {
            return Err(error(EngineError::NoStart));
        };
        options.network = model.network.network;
        let source = self.source(&options.dataset, options.network)?;
        let run = Session::from_model(options, &model, source, &self.compute).map_err(error)?;
        self.put(slot, run)
    }

    /// A network's file in another format: `safetensors`, `onnx` or `alexnet`, without a run's state. `labels`: as
    /// in [`Lab::start_from`].
    ///
    /// # Errors
    /// A sentence when the bytes are no model, or one whose tensors do not fit its network.
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
