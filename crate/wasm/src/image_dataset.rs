//! Builds a data set image by image: a project's own classes, with its own split.

use std::rc::Rc;

use alexnet::data::{InMemoryDataset, Report, Samples, decode, preprocess_image};
use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{Network, Preprocess};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js};
use crate::lab::Lab;
use crate::lab_state::{ImageDataset, LoadedDataset, dataset_info};

/// No network has a larger input.
const MAX_CROP: u32 = 512;

fn preprocess(value: JsValue) -> JsResult<Preprocess> {
    let preprocess: Preprocess = from_js(value, ValueName::Preprocess)?;
    match preprocess.crop {
        1..=MAX_CROP if preprocess.resize <= 2 * MAX_CROP => Ok(preprocess),
        size => Err(error(EngineError::InputSize { size })),
    }
}

#[wasm_bindgen]
impl Lab {
    /// An encoded image resized and cropped for a network: `crop × crop × 3` bytes.
    ///
    /// # Errors
    /// If the bytes are not an image.
    #[wasm_bindgen(js_name = centerCrop)]
    pub fn center_crop(&self, file: Vec<u8>, preprocessing: JsValue) -> JsResult<Uint8Array> {
        let image = decode(&file).map_err(error)?;
        Ok(Uint8Array::from(preprocess_image(&image, &preprocess(preprocessing)?).rgb.as_slice()))
    }

    /// Starts a data set with these classes, for a network and its preprocessing. Replaces one that was not
    /// finished.
    ///
    /// # Errors
    /// If a value has the wrong type.
    #[wasm_bindgen(js_name = beginDataset)]
    pub fn begin_dataset(
        &mut self,
        id: String,
        labels: JsValue,
        network: String,
        preprocessing: JsValue,
    ) -> JsResult<()> {
        let network: Network = network.parse().map_err(error)?;
        let preprocess = preprocess(preprocessing)?;
        let empty = || Samples { size: preprocess.crop, ..Samples::default() };
        let labels = from_js(labels, ValueName::Labels)?;
        self.image_dataset =
            Some(ImageDataset { id, network, labels, preprocess, train: empty(), val: empty() });
        Ok(())
    }

    /// Adds the result of [`Lab::center_crop`] as an image of class `label`, to the validation (`val`) or
    /// training split.
    ///
    /// # Errors
    /// If memory runs out or no data set was started.
    #[wasm_bindgen(js_name = addImage)]
    pub fn add_image(&mut self, square: &[u8], label: u32, val: bool) -> JsResult<()> {
        let dataset = self.image_dataset.as_mut().ok_or_else(|| error(EngineError::NoImageDataset))?;
        let samples = if val { &mut dataset.val } else { &mut dataset.train };
        samples.pixels.try_reserve(square.len()).map_err(|_| error(EngineError::Memory))?;
        samples.pixels.extend_from_slice(square);
        samples.labels.push(label);
        Ok(())
    }

    /// Finishes the data set: it can then be used by its id.
    ///
    /// # Errors
    /// If an image or a label does not fit. An older data set with this id stays.
    #[wasm_bindgen(js_name = finishDataset)]
    pub fn finish_dataset(&mut self) -> JsResult<JsValue> {
        let dataset = self.image_dataset.take().ok_or_else(|| error(EngineError::NoImageDataset))?;
        let ImageDataset { id, network, labels, preprocess, train, val } = dataset;
        let dataset = InMemoryDataset::new(labels, preprocess.crop, train, val, preprocess);
        let dataset = Rc::new(dataset.map_err(error)?);
        let info = dataset_info(&id, dataset.as_ref(), &Report::default())?;
        self.datasets.insert(id, LoadedDataset::Images { dataset, network });
        Ok(info)
    }
}
