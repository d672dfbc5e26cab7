//! Embeds the shipped network into the binary, if the checkout has it.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(shipped)");
    let Some(root) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else { return };
    let file = root.join("../../web/public/models/alexnet-64.safetensors");
    // Cargo would rerun this script on every build if it watched a missing file, so it watches the nearest
    // folder.
    let there = file.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    println!("cargo::rerun-if-changed={}", there.display());
    if file.is_file() {
        println!("cargo::rustc-cfg=shipped");
        println!("cargo::rustc-env=ALEXNET_SHIPPED={}", file.display());
    }
}
