//! The built part of the npm package: `pkg/dist/`.

use std::fs;

use anyhow::{Context, Result};

use crate::files::{copy_files, fresh_folder, root, write_if_changed};
use crate::stage::stage;
use crate::{types, wasm};

/// Copies the wasm modules and the protocol into the package, laid out as in web/src/generated, so that the
/// modules' types find the protocol's.
pub fn build() -> Result<()> {
    stage("npm package", || {
        let dist = root("pkg/dist");
        fresh_folder(&dist)?;
        copy_files(&wasm::folder(), &dist.join("wasm"))?;
        // The package is for the network; the experiments are the page's.
        wasm::remove_from(&dist.join("wasm"), &wasm::EXPERIMENTS)?;
        write_if_changed(&dist.join("protocol.js"), types::script()?.as_bytes())?;
        write_if_changed(&dist.join("protocol.d.ts"), types::declarations()?.as_bytes())?;
        for (source, name) in TYPES {
            write_if_changed(&dist.join(name), engine_types(source)?.as_bytes())?;
        }
        Ok("pkg/ is ready for `npm pack`".into())
    })
}

/// Files of the page that hold only types, so that they can serve as declaration files.
const TYPES: [(&str, &str); 3] = [
    ("web/src/engine/worker/wasm-api.ts", "wasm-api.d.ts"),
    ("web/src/engine/shared/wasm-types.ts", "wasm-types.d.ts"),
    ("web/src/generated/rust-messages.ts", "rust-messages.d.ts"),
];

/// One of [`TYPES`], with its imports changed to those of the package.
fn engine_types(source: &str) -> Result<String> {
    let path = root(source);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text
        .replace("\"../../generated/protocol\"", "\"./protocol.js\"")
        .replace("\"../../generated/rust-messages\"", "\"./rust-messages.js\"")
        .replace("\"../shared/wasm-types\"", "\"./wasm-types.js\""))
}
