//! Nearest neighbours among a run's training images.

use alexnet::data::decode;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, image_from_rgba, pixels, to_js};
use crate::lab::Lab;

#[wasm_bindgen]
impl Lab {
    /// The `count` training images most similar to an encoded image, by the run's network, nearest first:
    /// `[{index, label, similarity}]`.
    ///
    /// # Errors
    /// If there is no run, the bytes are not an image or images cannot be loaded.
    #[wasm_bindgen(js_name = nearestNeighbors)]
    pub async fn nearest_neighbors(&self, slot: usize, file: Vec<u8>, count: usize) -> JsResult<JsValue> {
        let image = decode(&file).map_err(error)?;
        drop(file);
        to_js(&self.run(slot)?.nearest_neighbors(&image, count).await.map_err(error)?)
    }

    /// [`Lab::nearest_neighbors`] for RGBA pixels of a canvas.
    ///
    /// # Errors
    /// If there is no run or images cannot be loaded.
    #[wasm_bindgen(js_name = nearestNeighborsOfPixels)]
    pub async fn neighbors_of_pixels(
        &self,
        slot: usize,
        width: u32,
        height: u32,
        rgba: Vec<u8>,
        count: usize,
    ) -> JsResult<JsValue> {
        let image = image_from_rgba(width, height, &rgba)?;
        to_js(&self.run(slot)?.nearest_neighbors(&image, count).await.map_err(error)?)
    }

    /// A training image at the network's input size, without augmentation: `{size, rgba}`.
    ///
    /// # Errors
    /// If there is no run or the image cannot be loaded.
    #[wasm_bindgen(js_name = trainImage)]
    pub async fn train_image(&self, slot: usize, index: u32) -> JsResult<JsValue> {
        let samples = self.run(slot)?.train_image(index).await.map_err(error)?;
        Ok(pixels(samples.size, &samples.pixels))
    }
}
