//! The Fashion-MNIST that the build packs for the page, for commands that need images and were given none.

use std::env;
use std::path::{Path, PathBuf};

use alexnet_data::{DataError, Manifest, ShardedDataset};
use alexnet_protocol::messages::Cause;
use anyhow::{Context, Result, bail};

/// Where the build puts it, from the project's root.
const FOLDER: &str = "web/public/data/fashion-mnist";

/// Opens it at `size` pixels a side, from the folder of the project that the current folder or this program lies in.
///
/// # Errors
/// If it is not there, with what to do.
pub fn fashion_mnist(size: u32) -> Result<ShardedDataset> {
    let Some(folder) = find() else {
        bail!(
            "no images: give --data, or run `cargo xtask build` once in the project, which packs Fashion-MNIST, \
             and start this command there"
        );
    };
    let path = folder.join("manifest.json");
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    let loader = move |file: String| -> alexnet_data::LocalFuture<'static, Result<Vec<u8>, DataError>> {
        let bytes = std::fs::read(folder.join(&file));
        Box::pin(async move { bytes.map_err(|e| DataError::Load { file, reason: Cause::of(&e) }) })
    };
    Ok(ShardedDataset::new(manifest, size, Box::new(loader))?)
}

/// The folder, if it exists.
fn find() -> Option<PathBuf> {
    let starts = [env::current_dir().ok(), env::current_exe().ok()];
    let folders = starts.iter().flatten().flat_map(|start| start.ancestors());
    folders.map(|folder: &Path| folder.join(FOLDER)).find(|folder| folder.join("manifest.json").is_file())
}
