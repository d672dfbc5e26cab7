//! Finds a Chromium for the tests, or installs Debian's.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Result, bail, ensure};

use crate::command::{command, find, run};
use crate::stage::stage;

/// The environment variable that names the browser. The tests read it too.
pub const VARIABLE: &str = "CHROMIUM";

const NAMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
const MACOS: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const FIX: &str = "install Chromium or Chrome, or name its program in the environment variable CHROMIUM";

/// Finds a browser, or installs Debian's, and returns the path of its program.
pub fn provide() -> Result<PathBuf> {
    let mut browser = None;
    stage("browser for the tests", || {
        let (path, outcome) = match installed_browser()? {
            Some(path) => (path, "there"),
            None => (install()?, "installed from Debian"),
        };
        let outcome = format!("{outcome}: {}", path.display());
        browser = Some(path);
        Ok(outcome)
    })?;
    browser.ok_or_else(|| anyhow::anyhow!("no browser was found: {FIX}"))
}

/// A browser that is installed already.
fn installed_browser() -> Result<Option<PathBuf>> {
    if let Some(named) = env::var_os(VARIABLE).map(PathBuf::from) {
        ensure!(named.is_file(), "CHROMIUM names {}, which is not there", named.display());
        return Ok(Some(named));
    }
    let on_path = NAMES.iter().find_map(|name| find(name));
    let mac = || MACOS.iter().map(PathBuf::from).find(|path| path.is_file());
    Ok(on_path.or_else(mac).or_else(playwright_browser))
}

/// The newest browser in Playwright's cache.
fn playwright_browser() -> Option<PathBuf> {
    let cache = env::var_os("PLAYWRIGHT_BROWSERS_PATH")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/ms-playwright")))?;
    let mut folders: Vec<_> = fs::read_dir(cache).ok()?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let programs = folders.iter().rev().flat_map(|folder| {
        ["chrome-linux/chrome", "chrome-linux64/chrome"].map(|program| folder.join(program))
    });
    programs.into_iter().find(|program| program.is_file())
}

/// Installs Debian's Chromium, with fonts for rendering text.
fn install() -> Result<PathBuf> {
    ensure!(find("apt-get").is_some(), "there is no browser for the tests: {FIX}");
    let Some(root) = root_command() else {
        bail!(
            "there is no browser for the tests, and installing one needs root: \
             run `sudo apt-get install chromium fonts-liberation`"
        );
    };
    let apt = |words: &[&str]| {
        let mut apt = command(root.first().copied().unwrap_or("apt-get"));
        apt.args(root.get(1..).unwrap_or_default()).args(words);
        run(apt.env("DEBIAN_FRONTEND", "noninteractive"), FIX)
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--yes", "--quiet", "--no-install-recommends", "chromium", "fonts-liberation"])?;
    find("chromium").ok_or_else(|| anyhow::anyhow!("Debian's package brought no `chromium`: {FIX}"))
}

/// The command prefix that runs apt-get as root without a prompt, if there is one.
fn root_command() -> Option<Vec<&'static str>> {
    let quietly = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let user = command("id").arg("-u").output().ok()?;
    if user.stdout.trim_ascii() == b"0" {
        return Some(vec!["apt-get"]);
    }
    quietly(command("sudo").args(["-n", "true"])).then(|| vec!["sudo", "-n", "apt-get"])
}
