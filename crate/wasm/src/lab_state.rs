//! The parts of a [`Lab`](crate::Lab): loaded data sets, the data set being built, the prepared benchmark.

use std::rc::Rc;

use alexnet::architecture::Architecture;
use alexnet::data::{
    DataError, Dataset, InMemoryDataset, Manifest, Report, Samples, ShardLoader, ShardedDataset, Split,
};
use alexnet::protocol::message::{Message, Sentence};
use alexnet::protocol::messages::EngineError;
use alexnet::protocol::{ClassLabel, Network, Preprocess};
use alexnet::{Classifier, Session};
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::convert::{JsResult, cause, error, to_js};

/// A data set that can be used by its id.
pub(crate) enum LoadedDataset {
    /// Shards, read at the size that a run's network needs.
    Shards { manifest: Manifest, fetch: Function },
    /// Images in memory, at one size.
    Images { dataset: Rc<InMemoryDataset>, network: Network },
}

impl LoadedDataset {
    /// The data set at the input size of a network.
    pub(crate) fn dataset(&self, network: Network) -> JsResult<Rc<dyn Dataset>> {
        let size = Architecture::input_size_of(network);
        match self {
            Self::Shards { manifest, fetch } => {
                let sharded = ShardedDataset::new(manifest.clone(), size, loader(fetch.clone()));
                Ok(Rc::new(sharded.map_err(error)?))
            }
            Self::Images { dataset, .. } if dataset.size() == size => Ok(dataset.clone()),
            Self::Images { network: own, .. } => {
                Err(error(EngineError::OtherNetwork { loaded: own.name(), network: network.name() }))
            }
        }
    }
}

/// Loads shards through a function of the page, `(file) => Promise<Uint8Array>`.
pub(crate) fn loader(fetch: Function) -> ShardLoader {
    Box::new(move |file| {
        let fetch = fetch.clone();
        Box::pin(async move {
            let name = file.clone();
            let failed = |e: JsValue| DataError::Load { file: name.clone(), reason: cause(&e) };
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
    skipped: Vec<Message>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Message>,
}

pub(crate) fn dataset_info(id: &str, dataset: &dyn Dataset, report: &Report) -> JsResult<JsValue> {
    to_js(&DatasetInfo {
        id,
        labels: dataset.labels().iter().map(|label| label.name.as_str()).collect(),
        train_images: dataset.shards(Split::Train).iter().sum(),
        val_images: dataset.shards(Split::Val).iter().sum(),
        size: dataset.size(),
        skipped: report.left_out.iter().map(Sentence::message).collect(),
        notes: report.notes.iter().map(Sentence::message).collect(),
    })
}

/// The data set being built.
pub(crate) struct ImageDataset {
    pub(crate) id: String,
    pub(crate) network: Network,
    pub(crate) labels: Vec<ClassLabel>,
    pub(crate) preprocess: Preprocess,
    pub(crate) train: Samples,
    pub(crate) val: Samples,
}

/// A prepared benchmark with its input.
pub(crate) enum Bench {
    /// Classifier, and normalised pixels of a batch.
    Infer(Box<Classifier>, Vec<f32>),
    /// Session, and normalised pixels and labels of a batch.
    Train(Box<Session>, Vec<f32>, Vec<u32>),
}
