//! Writes `web/public/data/index.json`: the data sets that the page can offer for download.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::files::{root, write_if_changed};
use crate::{cifar, fashion_mnist};

/// One data set. Paths are relative to the index.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: &'static str,
    name: &'static str,
    /// `shards`: `file` is a manifest. `archive`: an archive as a visitor could import it.
    kind: &'static str,
    file: String,
    bytes: u64,
}

/// Writes the index of the data sets that exist.
pub fn write() -> Result<()> {
    let folder = root("web/public/data");
    let mut entries = Vec::new();
    for (id, name, kind, file) in [
        (fashion_mnist::ID, "Fashion-MNIST", "shards", format!("{}/manifest.json", fashion_mnist::ID)),
        (cifar::ID, "CIFAR-10", "archive", format!("{}/{}", cifar::ID, cifar::ARCHIVE)),
    ] {
        if let Ok(metadata) = fs::metadata(folder.join(&file)) {
            entries.push(Entry { id, name, kind, file, bytes: metadata.len() });
        }
    }
    let text = serde_json::to_vec_pretty(&entries).context("cannot write the index of data sets")?;
    write_if_changed(&folder.join("index.json"), &text).map(drop)
}
