//! The PyTorch tests: they load exported files with PyTorch, in their own Python environment.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, command, find, run};
use crate::files::{cached, fresh_folder, root, target};
use crate::stage::stage;
use crate::stamp::Inputs;
use crate::toolchain::NO_RUST;

/// The pinned packages with their hashes: those that the reference files were made with.
const PACKAGES: &str = "tests/fixtures/requirements.lock";
/// Python versions that these packages support, the most likely first.
const PYTHONS: [&str; 4] = ["python3.11", "python3.10", "python3.12", "python3"];
pub const FIX: &str = "install Python 3.11 with its venv module";

/// The command that runs the tests, after installing its environment and compiling `alexnet`.
///
/// # Errors
/// If something could not be installed or compiled.
pub fn tests() -> Result<Command> {
    let folder = cached("pytorch");
    let python = folder.join("bin/python");
    stage("PyTorch", || {
        let stamp = Inputs::default().file(&root(PACKAGES))?.stamp(cached("pytorch.stamp"));
        if stamp.is_current(std::slice::from_ref(&python)) {
            return Ok("there".into());
        }
        fresh_folder(&folder)?;
        let system = PYTHONS.iter().find_map(|name| find(name)).unwrap_or_else(|| PathBuf::from("python3"));
        run(command(system).args(["-m", "venv"]).arg(&folder), FIX)?;
        let mut install = command(&python);
        run(install.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r", PACKAGES]), FIX)?;
        stamp.save()?;
        Ok("installed".into())
    })?;
    let build = ["build", "--release", "--package", "alexnet-cli", "--no-default-features"];
    run(cargo().args(build), NO_RUST)?;
    let mut tests = command(python);
    tests.arg(root("tests/pytorch/test_export.py")).arg(target().join("release/alexnet"));
    Ok(tests)
}
