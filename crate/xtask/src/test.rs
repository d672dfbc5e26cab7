//! Runs all tests, the cheapest first. A failure does not stop the others. The last line counts them.

use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::command::{self, cargo, watch};
use crate::npm::{NO_NODE, npm};
use crate::stage::stage;
use crate::test_count::TestCount;
use crate::toolchain::NO_RUST;
use crate::wasm::Effort;
use crate::{browser, build, package, pytorch, serve, size, toolchain};

/// A group of tests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Group {
    /// The crates: formatting, unit and property tests, parity, lints.
    Rust,
    /// The front end: types and logic.
    Web,
    /// The built site in a browser.
    Browser,
    /// Exported files, loaded by PyTorch. Only on request, because it installs 5 GB.
    Pytorch,
}

/// The groups that run by default.
const USUAL: [Group; 3] = [Group::Web, Group::Rust, Group::Browser];

/// The crates that compile natively and are tested in the release profile. Without default features: the GPU
/// stack would take as long to compile as all the rest, and test machines have no GPU. The wasm build
/// compiles the same backend.
const CRATES: [&str; 6] =
    ["--workspace", "--exclude", "alexnet-wasm", "--exclude", "xtask", "--no-default-features"];

/// Runs these groups, or the default ones.
///
/// # Errors
/// The names of the checks that failed.
pub fn run(groups: &[Group]) -> Result<()> {
    let wanted = |each| if groups.is_empty() { USUAL.contains(&each) } else { groups.contains(&each) };
    let mut report = Report::default();
    if wanted(Group::Web) {
        web(&mut report);
    }
    if wanted(Group::Rust) {
        rust(&mut report);
    }
    if wanted(Group::Browser) {
        browser_tests(&mut report);
    }
    if wanted(Group::Pytorch) {
        match pytorch::tests() {
            Ok(mut tests) => report.tests("PyTorch's own word", &mut tests, pytorch::FIX),
            Err(error) => report.failed("what PyTorch's tests need", &error),
        }
    }
    report.close()
}

fn web(report: &mut Report) {
    if report.prepare(build::sources) {
        report.tests("front end's tests", npm().args(["test"]), NO_NODE);
        report.check("front end's types", || run_check(npm().args(["run", "check"]), NO_NODE));
    }
}

fn rust(report: &mut Report) {
    // The experiments are tested on the images that ship.
    if !report.prepare(toolchain::lints) || !report.prepare(build::fashion_mnist) {
        return;
    }
    report.check("formatting", || run_check(cargo().args(["fmt", "--all", "--check"]), NO_RUST));
    report.tests("the tasks' own tests", cargo().args(["test", "--quiet", "--package", "xtask"]), NO_RUST);
    report.tests("crates' tests", cargo().args(["test", "--release"]).args(CRATES), NO_RUST);
    // The same as `cargo clippy`, but with code generation, so that the dependencies compiled for the tests
    // are reused. `cargo clippy` would check burn and its dependencies again.
    report.check("lints", || {
        let crates = ["--release"].into_iter().chain(CRATES).collect();
        for which in [vec!["--package", "xtask"], crates] {
            let mut lints = cargo();
            lints.args(["test", "--quiet", "--no-run"]).args(which);
            lints.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", "-Dwarnings");
            command::run(&mut lints, NO_RUST)?;
        }
        Ok("good".into())
    });
}

fn browser_tests(report: &mut Report) {
    if !report.prepare(|| build::site(Effort::Full)) || !report.prepare(package::build) {
        return;
    }
    report.check("download size", size::measure);
    let provided = browser::provide().and_then(|program| Ok((program, serve::in_background()?)));
    match provided {
        Ok((program, address)) => {
            let mut e2e = npm();
            e2e.args(["run", "e2e"]).env(browser::VARIABLE, program).env("SITE_URL", address);
            report.tests("the site in a browser", &mut e2e, NO_NODE);
        }
        Err(error) => report.failed("browser", &error),
    }
}

fn run_check(command: &mut Command, fix: &str) -> Result<String> {
    command::run(command, fix).map(|()| "good".into())
}

/// What passed and what failed so far.
#[derive(Default)]
struct Report {
    count: TestCount,
    failures: Vec<String>,
}

impl Report {
    /// Prepares something that the tests need. A failure counts as a failed test.
    fn prepare(&mut self, work: impl FnOnce() -> Result<()>) -> bool {
        work().map_err(|error| self.failed("what the tests need", &error)).is_ok()
    }

    /// Runs a check that counts as one test.
    fn check(&mut self, name: &str, work: impl FnOnce() -> Result<String>) {
        match stage(name, work) {
            Ok(()) => self.count.passed += 1,
            Err(error) => self.failed(name, &error),
        }
    }

    /// Runs a command whose output says how many tests it ran.
    fn tests(&mut self, name: &str, command: &mut Command, fix: &str) {
        let mut count = TestCount::default();
        let result = stage(name, || {
            if !watch(command, fix, |line| count.read(line))? {
                bail!("{} of its tests failed", count.failed);
            }
            if count.passed == 0 {
                bail!("it ran no tests");
            }
            Ok(format!("{} passed", count.passed))
        });
        self.count.add(count);
        if let Err(error) = result {
            // Its failed tests are already counted. A command that fails without a count counts as one.
            self.count.failed -= count.failed.min(1);
            self.failed(name, &error);
        }
    }

    fn failed(&mut self, name: &str, error: &anyhow::Error) {
        eprintln!("error: {error:#}");
        self.count.failed += 1;
        self.failures.push(name.into());
    }

    fn close(self) -> Result<()> {
        println!("{} passed, {} failed", self.count.passed, self.count.failed);
        match self.failures.is_empty() {
            true => Ok(()),
            false => bail!("these failed: {}", self.failures.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_command_counts_as_one_failure() {
        let mut report = Report::default();
        report.tests("broken", cargo().args(["no-such-subcommand"]).stderr(std::process::Stdio::null()), "");
        assert_eq!(report.count, TestCount { passed: 0, failed: 1 });
        assert!(report.close().is_err());
    }

    #[test]
    fn command_without_tests_is_a_failure() {
        let mut report = Report::default();
        report.tests("empty", cargo().arg("--version"), "");
        assert_eq!(report.failures, ["empty"]);
    }

    #[test]
    fn checks_and_failed_preparations_are_counted() {
        let mut report = Report::default();
        report.check("good", || Ok("good".into()));
        assert!(!report.prepare(|| bail!("no network")));
        assert_eq!(report.count, TestCount { passed: 1, failed: 1 });
    }
}
