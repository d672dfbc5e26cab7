//! Data sets: the shards that the page fetches, and what a visitor brought.

use std::rc::Rc;

use alexnet::architecture::Architecture;
use alexnet::data::{
    DataError, File, ImageSource, Loader, Manifest, Memory, Split, Square, Streamed, import,
};
use alexnet::protocol::Network;
use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::convert::{JsResult, error, from_js, to_js};
use crate::lab::Lab;

/// Seed of the split into training and validation: the same pictures give the same split.
const SPLIT_SEED: u32 = 0;

/// A data set by its id.
pub(crate) enum Set {
    /// Shards, opened at the size that a run's network needs.
    Shards { manifest: Manifest, fetch: Function },
    /// Pictures in memory at one size.
    Pictures { source: Rc<Memory>, network: Network },
}

impl Set {
    /// The images at the size of a network.
    pub(crate) fn source(&self, network: Network) -> JsResult<Rc<dyn ImageSource>> {
        let size = Architecture::input_size_of(network);
        match self {
            Self::Shards { manifest, fetch } => {
                let streamed = Streamed::new(manifest.clone(), size, loader(fetch.clone()));
                Ok(Rc::new(streamed.map_err(|e| error(e.into()))?))
            }
            Self::Pictures { source, .. } if source.size() == size => Ok(source.clone()),
            Self::Pictures { network: own, .. } => Err(JsError::new(&format!(
                "These pictures were loaded for {own}: load them again for {network}."
            ))),
        }
    }
}

/// Fetches a shard through the page's function, `(file) => Promise<Uint8Array>`.
fn loader(fetch: Function) -> Loader {
    Box::new(move |file| {
        let fetch = fetch.clone();
        Box::pin(async move {
            let name = file.clone();
            let failed = |e: JsValue| {
                let reason = Reflect::get(&e, &"message".into()).ok().and_then(|m| m.as_string());
                DataError::Load { file: name.clone(), reason: reason.unwrap_or_else(|| "no answer".into()) }
            };
            let promise = fetch.call1(&JsValue::NULL, &file.as_str().into()).map_err(failed)?;
            let bytes = JsFuture::from(Promise::resolve(&promise)).await.map_err(failed)?;
            Ok(Uint8Array::new(&bytes).to_vec())
        })
    })
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct DatasetInfo<'a> {
    id: &'a str,
    labels: Vec<&'a str>,
    train_images: u32,
    val_images: u32,
    size: u32,
    skipped: Vec<String>,
}

pub(crate) fn describe(id: &str, source: &dyn ImageSource, skipped: Vec<String>) -> JsResult<JsValue> {
    to_js(&DatasetInfo {
        id,
        labels: source.labels().iter().map(|label| label.name.as_str()).collect(),
        train_images: source.shards(Split::Train).iter().sum(),
        val_images: source.shards(Split::Val).iter().sum(),
        size: source.size(),
        skipped,
    })
}

#[wasm_bindgen]
impl Lab {
    /// Makes a streamed data set known; `fetch` is `(file) => Promise<Uint8Array>`.
    ///
    /// # Errors
    /// A sentence when the manifest cannot be.
    #[wasm_bindgen(js_name = addShards)]
    pub fn add_shards(&mut self, manifest: JsValue, fetch: Function) -> JsResult<JsValue> {
        let manifest: Manifest = from_js(manifest, "list of shards")?;
        let id = manifest.id.clone();
        let opened = Streamed::new(manifest.clone(), manifest.size, loader(fetch.clone()));
        let info = describe(&id, &opened.map_err(|e| error(e.into()))?, vec![])?;
        self.sets.insert(id, Set::Shards { manifest, fetch });
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
        let network: Network = network.parse().map_err(|e: String| JsError::new(&e))?;
        let mut list = Vec::with_capacity(files.length() as usize);
        for entry in files.iter() {
            let get = |name: &str| Reflect::get(&entry, &name.into()).unwrap_or(JsValue::UNDEFINED);
            let path = get("path").as_string().unwrap_or_default();
            list.push(File { path, bytes: Uint8Array::new(&get("bytes")).to_vec() });
        }
        let square = Square::whole(Architecture::input_size_of(network));
        let imported = import(list, square, SPLIT_SEED, &mut |_, _| {}).map_err(|e| error(e.into()))?;
        let source = Rc::new(imported.source);
        let info = describe(&id, source.as_ref(), imported.skipped)?;
        self.sets.insert(id, Set::Pictures { source, network });
        Ok(info)
    }

    /// Forgets a data set; a run that uses it keeps it alive until it ends.
    #[wasm_bindgen(js_name = removeData)]
    pub fn remove_data(&mut self, id: &str) {
        self.sets.remove(id);
    }
}
