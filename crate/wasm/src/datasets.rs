//! Data sets: the shards that the page fetches, and what a visitor brought.

use std::rc::Rc;

use alexnet::architecture::Architecture;
use alexnet::data::{File, InputSize, Manifest, ShardedDataset, import};
use alexnet::protocol::Network;
use alexnet::protocol::messages::ValueName;
use js_sys::{Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error, from_js};
use crate::lab::Lab;
use crate::lab_parts::{LoadedDataset, describe, loader};

/// Seed of the split into training and validation: the same pictures give the same split.
const SPLIT_SEED: u32 = 0;

#[wasm_bindgen]
impl Lab {
    /// Makes a streamed data set known; `fetch` is `(file) => Promise<Uint8Array>`.
    ///
    /// # Errors
    /// A sentence when the manifest cannot be.
    #[wasm_bindgen(js_name = addShards)]
    pub fn add_shards(&mut self, manifest: JsValue, fetch: Function) -> JsResult<JsValue> {
        let manifest: Manifest = from_js(manifest, ValueName::Manifest)?;
        let id = manifest.id.clone();
        let opened = ShardedDataset::new(manifest.clone(), manifest.size, loader(fetch.clone()));
        let info = describe(&id, &opened.map_err(error)?, &[])?;
        self.datasets.insert(id, LoadedDataset::Shards { manifest, fetch });
        Ok(info)
    }

    /// Takes a visitor's files, `[{path, bytes}]`: a ZIP or the files of a directory in ImageFolder layout,
    /// CIFAR-10's archive, IDX files. Pictures are kept as bytes at the size of `network`.
    ///
    /// # Errors
    /// A sentence when they hold no data set; the sets that are there stay.
    #[wasm_bindgen(js_name = importData)]
    pub async fn import_data(
        &mut self,
        id: String,
        files: js_sys::Array,
        network: String,
    ) -> JsResult<JsValue> {
        let network: Network = network.parse().map_err(error)?;
        let mut list = Vec::with_capacity(files.length() as usize);
        for entry in files.iter() {
            let get = |name: &str| Reflect::get(&entry, &name.into()).unwrap_or(JsValue::UNDEFINED);
            let path = get("path").as_string().unwrap_or_default();
            list.push(File { path, bytes: Uint8Array::new(&get("bytes")).to_vec() });
        }
        let square = InputSize::whole(Architecture::input_size_of(network));
        let imported = import(list, square, SPLIT_SEED, &mut |_, _| {}).map_err(error)?;
        let source = Rc::new(imported.source);
        let info = describe(&id, source.as_ref(), &imported.skipped)?;
        self.datasets.insert(id, LoadedDataset::Images { source, network });
        Ok(info)
    }

    /// Forgets a data set; a run that uses it keeps it alive until it ends.
    #[wasm_bindgen(js_name = removeData)]
    pub fn remove_data(&mut self, id: &str) {
        self.datasets.remove(id);
    }
}
