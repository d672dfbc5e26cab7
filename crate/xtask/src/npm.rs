//! The front end's npm packages.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{command, run};
use crate::files::root;
use crate::stage::stage;
use crate::stamp::Inputs;

/// What to do if Node is missing.
pub const NO_NODE: &str = "install Node.js 20.19 or later from https://nodejs.org";

/// An npm command in web/.
pub fn npm() -> Command {
    let mut npm = command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(root("web"));
    // The tests run ONNX files on the CPU. The CUDA files that onnxruntime would download are not on the
    // registry.
    npm.env("ONNXRUNTIME_NODE_INSTALL", "skip");
    npm
}

/// The folder of an installed package of web/.
pub fn package(name: &str) -> PathBuf {
    root("web/node_modules").join(name)
}

/// Installs exactly what the lock file says, if it has changed.
pub fn install() -> Result<()> {
    stage("front-end packages", || {
        let lock = root("web/package-lock.json");
        ensure!(lock.exists(), "web/package-lock.json is missing: run `npm install` in web/ and commit it");
        // Inside node_modules, so that removing the folder removes the stamp too.
        let stamp = Inputs::default().file(&lock)?.stamp(root("web/node_modules/.xtask-stamp"));
        if stamp.is_current(&[]) {
            return Ok("as the lock file says".into());
        }
        run(npm().args(["ci", "--no-audit", "--no-fund"]), NO_NODE)?;
        stamp.save()?;
        Ok("installed by npm ci".into())
    })?;
    link()
}

/// Lets the scripts in tests/ import the packages of web/: Node looks for them in the parent folders of a
/// script.
fn link() -> Result<()> {
    let link = root("tests/node_modules");
    if link.exists() {
        return Ok(());
    }
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink("../web/node_modules", &link);
    #[cfg(windows)]
    let made = std::os::windows::fs::symlink_dir("..\\web\\node_modules", &link);
    made.with_context(|| format!("cannot link {}", link.display()))
}
