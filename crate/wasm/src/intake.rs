//! Files that a visitor brings.

use alexnet::architecture::Architecture;
use alexnet::data::{File, Import, Input, InputSize, import};
use alexnet::protocol::Network;
use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::convert::{JsResult, error};

/// Seed of the split into training and validation images: the same images give the same split.
const SPLIT_SEED: u32 = 0;

/// Imports files, `[{path, bytes}]`, at the input size of a network.
///
/// # Errors
/// If they hold no data set.
pub(crate) fn import_files(files: &Array, network: Network) -> JsResult<Import> {
    let mut list = Vec::with_capacity(files.length() as usize);
    for entry in files.iter() {
        let get = |name: &str| Reflect::get(&entry, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let path = get("path").as_string().unwrap_or_default();
        list.push(File { path, bytes: Uint8Array::new(&get("bytes")).to_vec() });
    }
    let square = InputSize::whole(Architecture::input_size_of(network));
    import(Input { nfc, ..list.into() }, square, SPLIT_SEED, &mut |_, _| {}).map_err(error)
}

/// The browser's Unicode normal form NFC of a name: the tables of a crate would be 40 kB of the download.
fn nfc(name: &str) -> String {
    JsString::from(name).normalize("NFC").into()
}
