//! Explanations of the active model's predictions, and ensembles.

use alexnet::data::decode;
use alexnet::ensemble;
use alexnet::format::{Checkpoint, Tensor};
use alexnet::protocol::OcclusionGrid;
use alexnet::protocol::messages::EngineError;
use js_sys::Float32Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, floats, object, to_js};
use crate::lab::{Lab, LoadedModel};

/// The colours of RGBA pixels as [`crate::convert::pixels`] returned them.
fn rgb(rgba: &[u8]) -> Vec<u8> {
    rgba.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
}

/// `{count, channels, height, width, values}` of a tensor with these dimensions.
fn tensor_object(tensor: &Tensor, sides: [usize; 4]) -> JsValue {
    let [count, channels, height, width] = sides.map(|side| JsValue::from(side as u32));
    object(&[
        ("count", count),
        ("channels", channels),
        ("height", height),
        ("width", width),
        ("values", floats(&tensor.data)),
    ])
}

#[wasm_bindgen]
impl Lab {
    /// The layers of the active model with their shapes.
    ///
    /// # Errors
    /// If there is no model.
    #[wasm_bindgen(js_name = modelLayers)]
    pub fn model_layers(&self) -> JsResult<JsValue> {
        to_js(&self.active_model()?.classifier.layers())
    }

    /// The weights of the active model's conv1: `{count, channels, height, width, values}`.
    ///
    /// # Errors
    /// If there is no model or the device was lost.
    #[wasm_bindgen(js_name = modelFilters)]
    pub async fn model_filters(&self) -> JsResult<JsValue> {
        let filters = self.active_model()?.classifier.filters().await.map_err(error)?;
        let side = |i: usize| filters.shape.get(i).copied().unwrap_or(1);
        Ok(tensor_object(&filters, [side(0), side(1), side(2), side(3)]))
    }

    /// A layer's output for the crop that the network saw: `{count, channels: 1, height, width, values}`.
    ///
    /// # Errors
    /// If there is no such layer, the crop has another network's size, or the device was lost.
    #[wasm_bindgen(js_name = featureMaps)]
    pub async fn feature_maps(&self, rgba: Vec<u8>, layer: String) -> JsResult<JsValue> {
        let maps = self.active_model()?.classifier.feature_maps(&rgb(&rgba), &layer).await.map_err(error)?;
        let side = |i: usize| maps.shape.get(i).copied().unwrap_or(1);
        Ok(tensor_object(&maps, [side(0), 1, side(1), side(2)]))
    }

    /// Which positions of the image raise a class's logit (HiResCAM): `{height, width, values}`, 0 to 1.
    ///
    /// # Errors
    /// If there is no such class, the crop has another network's size, or the device was lost.
    #[wasm_bindgen(js_name = evidenceMap)]
    pub async fn evidence_map(&self, rgba: Vec<u8>, class: u32) -> JsResult<JsValue> {
        let evidence =
            self.active_model()?.classifier.evidence_map(&rgb(&rgba), class).await.map_err(error)?;
        Ok(object(&[
            ("height", (evidence.height as u32).into()),
            ("width", (evidence.width as u32).into()),
            ("values", floats(&evidence.values)),
        ]))
    }

    /// The positions of the grey square of an occlusion map.
    ///
    /// # Errors
    /// If there is no model.
    #[wasm_bindgen(js_name = occlusionGrid)]
    pub fn occlusion_grid(&self) -> JsResult<JsValue> {
        let grid: OcclusionGrid = self.active_model()?.classifier.occlusion_grid();
        to_js(&grid)
    }

    /// A class's probability with the grey square at `count` positions of the grid, starting at `from`.
    ///
    /// # Errors
    /// If there is no such class, the crop has another network's size, or the device was lost.
    #[wasm_bindgen(js_name = occlusionProbabilities)]
    pub async fn occlusion_probabilities(
        &self,
        rgba: Vec<u8>,
        class: u32,
        from: usize,
        count: usize,
    ) -> JsResult<Float32Array> {
        let classifier = &self.active_model()?.classifier;
        let found =
            classifier.occlusion_probabilities(&rgb(&rgba), class, from, count).await.map_err(error)?;
        Ok(Float32Array::from(found.as_slice()))
    }

    /// The classes most similar to one, by the active model's last layer: `[{index, label, similarity}]`.
    ///
    /// # Errors
    /// If there is no such class or the device was lost.
    #[wasm_bindgen(js_name = similarClasses)]
    pub async fn similar_classes(&self, class: u32, count: usize) -> JsResult<JsValue> {
        to_js(&self.active_model()?.classifier.similar_classes(class, count).await.map_err(error)?)
    }

    /// Adds a network to the ensemble with the active model.
    ///
    /// # Errors
    /// If the bytes are not a model.
    #[wasm_bindgen(js_name = addMember)]
    pub fn add_member(&mut self, id: String, bytes: Vec<u8>) -> JsResult<()> {
        let model = Checkpoint::read(bytes).map_err(error)?;
        let member = LoadedModel::new(&model.into_model(), &self.compute).map_err(error)?;
        self.members.insert(id, member);
        Ok(())
    }

    /// Removes all networks of the ensemble but the active model, and frees their memory.
    #[wasm_bindgen(js_name = dropMembers)]
    pub fn drop_members(&mut self) {
        self.members.clear();
    }

    /// Classifies an encoded image with the active model and these members: `{each: [[prediction]], average:
    /// [prediction]}`, the active model first.
    ///
    /// # Errors
    /// If the bytes are not an image, a member is missing or has other classes.
    #[wasm_bindgen(js_name = classifyEnsemble)]
    pub async fn classify_ensemble(
        &self,
        file: Vec<u8>,
        members: Vec<String>,
        top: usize,
    ) -> JsResult<JsValue> {
        let image = decode(&file).map_err(error)?;
        drop(file);
        let mut networks = vec![&self.active_model()?.classifier];
        for id in &members {
            let member = self.members.get(id);
            let missing = || error(EngineError::NoMember { id: id.clone() });
            networks.push(&member.ok_or_else(missing)?.classifier);
        }
        let prediction = ensemble::predict(&networks, &image, top).await.map_err(error)?;
        Ok(object(&[("each", to_js(&prediction.each)?), ("average", to_js(&prediction.average)?)]))
    }
}
