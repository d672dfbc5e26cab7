//! The benchmarks: they drive the built site in a browser through `window.lab.bench`, and other runtimes with
//! the same computations for comparison.

use anyhow::Result;

use crate::command::{self, command};
use crate::files::root;
use crate::npm::NO_NODE;
use crate::wasm::Effort;
use crate::{browser, build, serve};

/// Runs one benchmark, or all. With `json`, stdout holds one document and nothing else. Each figure is
/// measured `samples` times.
pub fn run(name: Option<&str>, json: bool, samples: u32) -> Result<()> {
    build::site(Effort::Full)?;
    let program = browser::provide()?;
    let mut node = command("node");
    node.arg(root("tests/bench/browser.mjs")).args(name).args(json.then_some("--json"));
    node.arg(format!("--samples={samples}"));
    node.env(browser::VARIABLE, program).env("SITE_URL", serve::in_background()?);
    command::run(&mut node, NO_NODE)
}
