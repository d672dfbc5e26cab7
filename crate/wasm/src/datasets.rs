//! Data sets: shards that the page fetches, and files that a visitor imports.

use std::rc::Rc;

use alexnet::data::{Manifest, Report, ShardedDataset};
use alexnet::protocol::Network;
use alexnet::protocol::messages::ValueName;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js};
use crate::intake::import_files;
use crate::lab::Lab;
use crate::lab_state::{LoadedDataset, dataset_info, loader};

#[wasm_bindgen]
impl Lab {
    /// Adds a data set in shards. `fetch` is `(file) => Promise<Uint8Array>`.
    ///
    /// # Errors
    /// If the manifest is not valid.
    #[wasm_bindgen(js_name = addShards)]
    pub fn add_shards(&mut self, manifest: JsValue, fetch: Function) -> JsResult<JsValue> {
        let manifest: Manifest = from_js(manifest, ValueName::Manifest)?;
        let id = manifest.id.clone();
        let opened = ShardedDataset::new(manifest.clone(), manifest.size, loader(fetch.clone()));
        let info = dataset_info(&id, &opened.map_err(error)?, &Report::default())?;
        self.datasets.insert(id, LoadedDataset::Shards { manifest, fetch });
        Ok(info)
    }

    /// Imports a visitor's files, `[{path, bytes}]`: a ZIP or the files of a folder in ImageFolder layout,
    /// CIFAR-10's archive, IDX files. Images are stored as bytes at the input size of `network`.
    ///
    /// # Errors
    /// If they hold no data set. Data sets loaded earlier stay.
    #[wasm_bindgen(js_name = importData)]
    pub async fn import_data(
        &mut self,
        id: String,
        files: js_sys::Array,
        network: String,
    ) -> JsResult<JsValue> {
        let network: Network = network.parse().map_err(error)?;
        let imported = import_files(&files, network)?;
        let dataset = Rc::new(imported.source);
        let info = dataset_info(&id, dataset.as_ref(), &imported.report)?;
        self.datasets.insert(id, LoadedDataset::Images { dataset, network });
        Ok(info)
    }

    /// Removes a data set. A run that uses it keeps it alive until it ends.
    #[wasm_bindgen(js_name = removeData)]
    pub fn remove_data(&mut self, id: &str) {
        self.datasets.remove(id);
    }
}
