//! Parts of the toolchain that rustup installs: the wasm target, rustfmt, clippy.

use anyhow::Result;

use crate::command::{command, output, run};
use crate::stage::stage;

/// The compiler's name for WebAssembly in a browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// What to do if Rust is missing.
pub const NO_RUST: &str = "install rustup from https://rustup.rs";
const NO_RUSTUP: &str = "install rustup from https://rustup.rs, or this part of the toolchain by other means";

/// Installs the standard library for WebAssembly.
pub fn wasm_target() -> Result<()> {
    stage("wasm target", || provide("target", WASM))
}

/// Installs the formatter and the linter.
pub fn lints() -> Result<()> {
    stage("rustfmt and clippy", || {
        let before = installed("component")?;
        let missing: Vec<_> = ["rustfmt", "clippy"].into_iter().filter(|name| !has(&before, name)).collect();
        for name in &missing {
            provide("component", name)?;
        }
        Ok(if missing.is_empty() { "there".into() } else { format!("installed {}", missing.join(", ")) })
    })
}

/// Adds a target or a component, unless it is installed.
fn provide(kind: &str, name: &str) -> Result<String> {
    if has(&installed(kind)?, name) {
        return Ok("there".into());
    }
    run(command("rustup").args([kind, "add", name]), NO_RUSTUP)?;
    Ok(format!("installed {name}"))
}

fn installed(kind: &str) -> Result<String> {
    output(command("rustup").args([kind, "list", "--installed"]), NO_RUSTUP)
}

/// rustup lists components with the host's name appended (`clippy-x86_64-unknown-linux-gnu`).
fn has(list: &str, name: &str) -> bool {
    list.lines().any(|line| line == name || line.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_with_a_host_suffix_only() {
        let list = "clippy-preview-x\nrustfmt-x86_64-unknown-linux-gnu\nwasm32-unknown-unknown\n";
        assert!(has(list, "rustfmt"));
        assert!(has(list, WASM));
        assert!(!has(list, "wasm3"));
    }
}
