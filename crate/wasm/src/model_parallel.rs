//! Model parallelism: one of two groups (the paper's towers) in this worker; and the shapes of networks.

use alexnet::protocol::messages::{EngineError, ValueName};
use alexnet::protocol::{NetworkConfig, NetworkShape, RunOptions};
use alexnet::{Exchange, GroupSession, LabError, digest};
use js_sys::{Float32Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::convert::{JsResult, error, floats, from_js, object, to_js};
use crate::lab::Lab;

/// The worker's function that exchanges values with the other group, `(Float32Array) =>
/// Promise<Float32Array>`.
struct Peer(Function);

impl Exchange for Peer {
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
    /// Creates half of a network: group 0 or 1 of a new run.
    ///
    /// # Errors
    /// If an option is out of range, the network does not have two groups or the data set is not loaded.
    #[wasm_bindgen(js_name = configureGroup)]
    pub fn configure_group(&mut self, group: usize, options: JsValue) -> JsResult<JsValue> {
        let options: RunOptions = from_js(options, ValueName::Options)?;
        options.check().map_err(error)?;
        let dataset = self.dataset(&options.dataset, options.network)?;
        let group = GroupSession::new(options, group, dataset, &self.compute).map_err(error)?;
        let info = to_js(&group.session().info())?;
        self.group = Some(group);
        Ok(info)
    }

    /// Trains one step together with the other group. `exchange` is `(Float32Array) =>
    /// Promise<Float32Array>`. Returns the metrics of the whole network and what this group has sent so far:
    /// `{metrics, traffic}`.
    ///
    /// # Errors
    /// If images cannot be loaded or the other group is gone.
    #[wasm_bindgen(js_name = stepGroup)]
    pub async fn step_group(&mut self, exchange: Function) -> JsResult<JsValue> {
        let group = self.group.as_mut().ok_or_else(no_group)?;
        let metrics = group.step(&mut Peer(exchange)).await.map_err(error)?;
        Ok(object(&[("metrics", to_js(&metrics)?), ("traffic", to_js(&group.traffic())?)]))
    }

    /// A hash of this group's half of the weights.
    ///
    /// # Errors
    /// If there is no group.
    #[wasm_bindgen(js_name = groupDigest)]
    pub async fn group_digest(&self) -> JsResult<JsValue> {
        let group = self.group.as_ref().ok_or_else(no_group)?;
        Ok(hexadecimal(digest(&group.tensors().await.map_err(error)?)))
    }

    /// The hashes of both halves of a whole run.
    ///
    /// # Errors
    /// If there is no run.
    #[wasm_bindgen(js_name = groupDigests)]
    pub async fn group_digests(&self, slot: usize) -> JsResult<Vec<JsValue>> {
        let groups = self.run(slot)?.group_tensors().await.map_err(error)?;
        Ok(groups.iter().map(|group| hexadecimal(digest(group))).collect())
    }

    /// Every layer of a network in numbers. 0 classes mean its default.
    ///
    /// # Errors
    /// If the configuration is out of range.
    #[wasm_bindgen(js_name = describeNetwork)]
    pub fn describe_network(&self, config: JsValue) -> JsResult<JsValue> {
        let config: NetworkConfig = from_js(config, ValueName::Network)?;
        to_js(&NetworkShape::new(config).map_err(error)?)
    }
}

fn no_group() -> JsValue {
    error(EngineError::NoTower)
}
