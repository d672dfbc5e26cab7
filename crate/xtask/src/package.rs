//! The npm package's built part: `pkg/dist/`.

use std::fs;

use anyhow::{Context, Result};

use crate::files::{copy_files, fresh_folder, root, write_if_changed};
use crate::stage::stage;
use crate::{types, wasm};

/// Puts the modules and the protocol beside the package's own files, laid out as in web/src/generated, so
/// that the modules' types find the protocol's.
pub fn build() -> Result<()> {
    stage("npm package", || {
        let dist = root("pkg/dist");
        fresh_folder(&dist)?;
        copy_files(&wasm::folder(), &dist.join("wasm"))?;
        write_if_changed(&dist.join("protocol.js"), types::script()?.as_bytes())?;
        write_if_changed(&dist.join("protocol.d.ts"), types::declarations()?.as_bytes())?;
        write_if_changed(&dist.join("wasm-api.d.ts"), engine_types()?.as_bytes())?;
        Ok("pkg/ is ready for `npm pack`".into())
    })
}

/// The types of the engine's object, from where the page has them. The file holds nothing but types, so it
/// is a declaration file as it stands.
fn engine_types() -> Result<String> {
    let path = root("web/src/engine/wasm-api.ts");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.replace("\"../generated/protocol\"", "\"./protocol.js\""))
}
