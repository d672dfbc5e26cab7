//! A data set made picture by picture: the visitor's own classes, with the split that was chosen for them.

use std::rc::Rc;

use alexnet::data::{InMemoryDataset, Samples, decode, preprocess_image};
use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{Network, Preprocess};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js};
use crate::lab::Lab;
use crate::lab_parts::{ImageDataset, LoadedDataset, describe};

/// No network of the table takes larger squares.
const MOST_PIXELS: u32 = 512;

fn preprocess(value: JsValue) -> JsResult<Preprocess> {
    let preprocess: Preprocess = from_js(value, ValueName::Preprocess)?;
    match preprocess.crop {
        1..=MOST_PIXELS if preprocess.resize <= 2 * MOST_PIXELS => Ok(preprocess),
        size => Err(error(EngineError::InputSize { size })),
    }
}

#[wasm_bindgen]
impl Lab {
    /// The square of an encoded picture as a network sees it: `crop × crop × 3` bytes.
    ///
    /// # Errors
    /// A sentence when the bytes are no picture.
    #[wasm_bindgen(js_name = centerCrop)]
    pub fn center_crop(&self, file: Vec<u8>, preprocessing: JsValue) -> JsResult<Uint8Array> {
        let picture = decode(&file).map_err(error)?;
        Ok(Uint8Array::from(preprocess_image(&picture, &preprocess(preprocessing)?).rgb.as_slice()))
    }

    /// Begins a data set of these classes for a network and its preprocessing; one that was begun before is
    /// forgotten.
    ///
    /// # Errors
    /// A sentence when a value has another shape.
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

    /// Adds a square of [`Lab::square`] as a picture of class `label`, to be tested on (`val`) or to learn from.
    ///
    /// # Errors
    /// A sentence when memory is short or no data set was begun.
    #[wasm_bindgen(js_name = addImage)]
    pub fn add_image(&mut self, square: &[u8], label: u32, val: bool) -> JsResult<()> {
        let album = self.image_dataset.as_mut().ok_or_else(|| error(EngineError::NoImageDataset))?;
        let samples = if val { &mut album.val } else { &mut album.train };
        samples.pixels.try_reserve(square.len()).map_err(|_| error(EngineError::Memory))?;
        samples.pixels.extend_from_slice(square);
        samples.labels.push(label);
        Ok(())
    }

    /// Makes the data set known under its id.
    ///
    /// # Errors
    /// A sentence when a square or a label does not fit; the set of that name stays then.
    #[wasm_bindgen(js_name = finishDataset)]
    pub fn finish_dataset(&mut self) -> JsResult<JsValue> {
        let album = self.image_dataset.take().ok_or_else(|| error(EngineError::NoImageDataset))?;
        let ImageDataset { id, network, labels, preprocess, train, val } = album;
        let source = InMemoryDataset::new(labels, preprocess.crop, train, val, preprocess);
        let source = Rc::new(source.map_err(error)?);
        let info = describe(&id, source.as_ref(), &[])?;
        self.datasets.insert(id, LoadedDataset::Images { source, network });
        Ok(info)
    }
}
