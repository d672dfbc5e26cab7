//! Why the model in use answered as it did, and what other networks say.

use alexnet::data::decode;
use alexnet::ensemble;
use alexnet::format::{Checkpoint, Tensor};
use alexnet::protocol::OcclusionGrid;
use alexnet::protocol::messages::EngineError;
use js_sys::Float32Array;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, floats, object, to_js};
use crate::lab::{InUse, Lab};

/// The colours of RGBA pixels, as [`crate::convert::pixels`] handed them out.
fn rgb(rgba: &[u8]) -> Vec<u8> {
    rgba.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
}

/// `{count, channels, height, width, values}` of a tensor whose last four sides these are.
fn stack(tensor: &Tensor, sides: [usize; 4]) -> JsValue {
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
    /// Layers of the model in use with their shapes.
    ///
    /// # Errors
    /// A sentence when there is no model.
    #[wasm_bindgen(js_name = modelLayers)]
    pub fn model_layers(&self) -> JsResult<JsValue> {
        to_js(&self.in_use()?.classifier.layers())
    }

    /// conv1's filters of the model in use: `{count, channels, height, width, values}`.
    ///
    /// # Errors
    /// A sentence when there is no model or the device was lost.
    #[wasm_bindgen(js_name = modelFilters)]
    pub async fn model_filters(&self) -> JsResult<JsValue> {
        let filters = self.in_use()?.classifier.filters().await.map_err(error)?;
        let side = |i: usize| filters.shape.get(i).copied().unwrap_or(1);
        Ok(stack(&filters, [side(0), side(1), side(2), side(3)]))
    }

    /// What leaves a layer for the square that the network saw: `{count, channels: 1, height, width, values}`.
    ///
    /// # Errors
    /// A sentence when there is no such layer, the square is another network's, or the device was lost.
    #[wasm_bindgen(js_name = featureMaps)]
    pub async fn feature_maps(&self, rgba: Vec<u8>, layer: String) -> JsResult<JsValue> {
        let maps = self.in_use()?.classifier.feature_maps(&rgb(&rgba), &layer).await.map_err(error)?;
        let side = |i: usize| maps.shape.get(i).copied().unwrap_or(1);
        Ok(stack(&maps, [side(0), 1, side(1), side(2)]))
    }

    /// Where the evidence for a class lies (HiResCAM): `{height, width, values}`, 0 to 1.
    ///
    /// # Errors
    /// A sentence when there is no such class, the square is another network's, or the device was lost.
    #[wasm_bindgen(js_name = evidenceMap)]
    pub async fn evidence_map(&self, rgba: Vec<u8>, class: u32) -> JsResult<JsValue> {
        let evidence = self.in_use()?.classifier.evidence_map(&rgb(&rgba), class).await.map_err(error)?;
        Ok(object(&[
            ("height", (evidence.height as u32).into()),
            ("width", (evidence.width as u32).into()),
            ("values", floats(&evidence.values)),
        ]))
    }

    /// Where the grey square of an occlusion map goes.
    ///
    /// # Errors
    /// A sentence when there is no model.
    #[wasm_bindgen(js_name = occlusionGrid)]
    pub fn occlusion_grid(&self) -> JsResult<JsValue> {
        let grid: OcclusionGrid = self.in_use()?.classifier.occlusion_grid();
        to_js(&grid)
    }

    /// A class's probability with the grey square at `count` places of the grid from `from` on.
    ///
    /// # Errors
    /// A sentence when there is no such class, the square is another network's, or the device was lost.
    #[wasm_bindgen(js_name = occlusionProbabilities)]
    pub async fn occlusion_probabilities(
        &self,
        rgba: Vec<u8>,
        class: u32,
        from: usize,
        count: usize,
    ) -> JsResult<Float32Array> {
        let classifier = &self.in_use()?.classifier;
        let found =
            classifier.occlusion_probabilities(&rgb(&rgba), class, from, count).await.map_err(error)?;
        Ok(Float32Array::from(found.as_slice()))
    }

    /// The classes that the model in use holds to be most like one: `[{index, label, similarity}]`.
    ///
    /// # Errors
    /// A sentence when there is no such class or the device was lost.
    #[wasm_bindgen(js_name = similarClasses)]
    pub async fn similar_classes(&self, class: u32, count: usize) -> JsResult<JsValue> {
        to_js(&self.in_use()?.classifier.similar_classes(class, count).await.map_err(error)?)
    }

    /// Keeps another network beside the model in use, to be asked with it.
    ///
    /// # Errors
    /// A sentence when the bytes are no model.
    #[wasm_bindgen(js_name = addMember)]
    pub fn add_member(&mut self, id: String, bytes: Vec<u8>) -> JsResult<()> {
        let model = Checkpoint::read(bytes).map_err(error)?;
        let member = InUse::new(&model.into_model(), &self.compute).map_err(error)?;
        self.members.insert(id, member);
        Ok(())
    }

    /// Gives the memory of the networks beside the model in use back.
    #[wasm_bindgen(js_name = dropMembers)]
    pub fn drop_members(&mut self) {
        self.members.clear();
    }

    /// Asks the model in use and members about an encoded picture:
    /// `{each: [[prediction]], average: [prediction]}`, the model in use first.
    ///
    /// # Errors
    /// A sentence when the bytes are no picture, a member is missing or knows other classes.
    #[wasm_bindgen(js_name = classifyEnsemble)]
    pub async fn classify_ensemble(
        &self,
        file: Vec<u8>,
        members: Vec<String>,
        top: usize,
    ) -> JsResult<JsValue> {
        let picture = decode(&file).map_err(error)?;
        drop(file);
        let mut networks = vec![&self.in_use()?.classifier];
        for id in &members {
            let member = self.members.get(id);
            let missing = || error(EngineError::NoMember { id: id.clone() });
            networks.push(&member.ok_or_else(missing)?.classifier);
        }
        let votes = ensemble::predict(&networks, &picture, top).await.map_err(error)?;
        Ok(object(&[("each", to_js(&votes.each)?), ("average", to_js(&votes.average)?)]))
    }
}
