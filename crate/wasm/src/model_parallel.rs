//! One of two towers in this worker, the other in another; and the shapes of networks.

use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{NetworkConfig, NetworkShape, RunOptions};
use alexnet::{Exchange, GroupSession, LabError, digest};
use js_sys::{Float32Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::convert::{JsResult, error, floats, from_js, object, to_js};
use crate::lab::Lab;

/// The worker's function that sends numbers to the other tower, `(Float32Array) => Promise<Float32Array>`.
struct Line(Function);

impl Exchange for Line {
    async fn exchange(&mut self, numbers: Vec<f32>) -> Result<Vec<f32>, LabError> {
        let lost = |_| LabError::TowerGone;
        let promise = self.0.call1(&JsValue::NULL, &floats(&numbers)).map_err(lost)?;
        let theirs = JsFuture::from(Promise::resolve(&promise)).await.map_err(lost)?;
        Ok(Float32Array::new(&theirs).to_vec())
    }
}

fn hexadecimal(digest: u64) -> JsValue {
    format!("{digest:016x}").into()
}

#[wasm_bindgen]
impl Lab {
    /// Draws half of a network: tower 0 or 1 of a fresh run.
    ///
    /// # Errors
    /// A sentence when options are out of range, the network is in one piece or the data set is not loaded.
    #[wasm_bindgen(js_name = configureGroup)]
    pub fn configure_group(&mut self, tower: usize, options: JsValue) -> JsResult<JsValue> {
        let options: RunOptions = from_js(options, ValueName::Options)?;
        options.check().map_err(error)?;
        let source = self.source(&options.dataset, options.network)?;
        let half = GroupSession::new(options, tower, source, &self.compute).map_err(error)?;
        let info = to_js(&half.session().info())?;
        self.group = Some(half);
        Ok(info)
    }

    /// Trains a step with the other tower; `swap` is `(Float32Array) => Promise<Float32Array>`. Metrics of the whole
    /// network, and what this tower has sent so far: `{metrics, traffic}`.
    ///
    /// # Errors
    /// A sentence when images cannot be had or the other tower is gone.
    #[wasm_bindgen(js_name = stepGroup)]
    pub async fn step_group(&mut self, swap: Function) -> JsResult<JsValue> {
        let half = self.group.as_mut().ok_or_else(no_tower)?;
        let metrics = half.step(&mut Line(swap)).await.map_err(error)?;
        Ok(object(&[("metrics", to_js(&metrics)?), ("traffic", to_js(&half.traffic())?)]))
    }

    /// A number over every bit of this tower's half of the weights.
    ///
    /// # Errors
    /// A sentence when there is no tower.
    #[wasm_bindgen(js_name = groupDigest)]
    pub async fn group_digest(&self) -> JsResult<JsValue> {
        let half = self.group.as_ref().ok_or_else(no_tower)?;
        Ok(hexadecimal(digest(&half.tensors().await.map_err(error)?)))
    }

    /// The same numbers of both halves of a whole run.
    ///
    /// # Errors
    /// A sentence when there is no run.
    #[wasm_bindgen(js_name = groupDigests)]
    pub async fn group_digests(&self, slot: usize) -> JsResult<Vec<JsValue>> {
        let halves = self.run(slot)?.groups().await.map_err(error)?;
        Ok(halves.iter().map(|half| hexadecimal(digest(half))).collect())
    }

    /// Every layer of a network in numbers; 0 classes mean its usual number.
    ///
    /// # Errors
    /// A sentence when the configuration is out of range.
    #[wasm_bindgen(js_name = describeNetwork)]
    pub fn describe_network(&self, config: JsValue) -> JsResult<JsValue> {
        let config: NetworkConfig = from_js(config, ValueName::Network)?;
        to_js(&NetworkShape::new(config).map_err(error)?)
    }
}

fn no_tower() -> JsValue {
    error(EngineError::NoTower)
}
