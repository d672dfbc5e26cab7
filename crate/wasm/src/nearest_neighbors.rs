//! What a run's network takes for alike.

use alexnet::data::decode;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, picture, pixels, to_js};
use crate::lab::Lab;

#[wasm_bindgen]
impl Lab {
    /// The `count` training images that the run's network takes for most alike to an encoded picture, nearest first:
    /// `[{index, label, similarity}]`.
    ///
    /// # Errors
    /// A sentence when there is no run, the bytes are no picture or images cannot be had.
    #[wasm_bindgen(js_name = nearestNeighbors)]
    pub async fn nearest_neighbors(&self, slot: usize, file: Vec<u8>, count: usize) -> JsResult<JsValue> {
        let picture = decode(&file).map_err(error)?;
        drop(file);
        to_js(&self.run(slot)?.nearest_neighbors(&picture, count).await.map_err(error)?)
    }

    /// [`Lab::nearest_neighbors`] of RGBA pixels, as a canvas gives them.
    ///
    /// # Errors
    /// A sentence when there is no run or images cannot be had.
    #[wasm_bindgen(js_name = nearestNeighborsOfPixels)]
    pub async fn neighbors_of_pixels(
        &self,
        slot: usize,
        width: u32,
        height: u32,
        rgba: Vec<u8>,
        count: usize,
    ) -> JsResult<JsValue> {
        let picture = picture(width, height, &rgba)?;
        to_js(&self.run(slot)?.nearest_neighbors(&picture, count).await.map_err(error)?)
    }

    /// A training image as the network gets it, without augmentation: `{size, rgba}`.
    ///
    /// # Errors
    /// A sentence when there is no run or the image cannot be had.
    #[wasm_bindgen(js_name = trainImage)]
    pub async fn train_image(&self, slot: usize, index: u32) -> JsResult<JsValue> {
        let samples = self.run(slot)?.train_image(index).await.map_err(error)?;
        Ok(pixels(samples.size, &samples.pixels))
    }
}
