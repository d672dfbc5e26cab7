//! The tasks that build: what each of them takes, in order.

use anyhow::Result;

use crate::command::run;
use crate::files::{kept, root};
use crate::npm::{NO_NODE, npm};
use crate::stage::stage;
use crate::stamp::Inputs;
use crate::wasm::Effort;
use crate::{catalog, fashion, npm as packages, package, size, toolchain, types, wasm, weights};

/// The site and the npm package, held against the limit of what a visitor downloads.
pub fn everything() -> Result<()> {
    site(Effort::Full)?;
    package::build()?;
    size::check()
}

/// The static site in web/dist/.
pub fn site(effort: Effort) -> Result<()> {
    sources()?;
    fashion::pack()?;
    catalog::write()?;
    weights::offer(&root("web/public"))?;
    toolchain::wasm_target()?;
    wasm::build(effort)?;
    if effort == Effort::Full {
        size::check()?;
    }
    stage("site", bundle)
}

/// What the front end's own checks need: its packages and the protocol's types.
pub fn sources() -> Result<()> {
    generate()?;
    packages::install()
}

/// What the page takes from Rust.
pub fn generate() -> Result<()> {
    stage("TypeScript protocol", || {
        let changed = types::write(&root("web/src/generated/protocol.ts"))?;
        Ok(if changed { "written" } else { "as it was" }.into())
    })
}

/// Runs Vite when anything below web/ changed.
fn bundle() -> Result<String> {
    let stamp = Inputs::default()
        .folder(&root("web"), &["node_modules", "dist", "test-results", ".svelte-kit"])?
        .stamp(kept("site.stamp"));
    if stamp.is_current(&[root("web/dist/index.html")]) {
        return Ok("web/dist is up to date".into());
    }
    run(npm().args(["run", "build"]), NO_NODE)?;
    stamp.keep()?;
    Ok("web/dist is ready for any static server".into())
}
