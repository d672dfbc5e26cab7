//! The build tasks: what each needs, in order.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::command::run;
use crate::files::{cached, root, write_if_changed};
use crate::npm::{NO_NODE, npm};
use crate::stage::stage;
use crate::stamp::Inputs;
use crate::wasm::Effort;
use crate::{
    datasets, fashion_mnist, messages, npm as packages, package, size, toolchain, types, wasm, weights,
};

/// Builds the site and the npm package, and checks the download size.
pub fn build_all() -> Result<()> {
    site(Effort::Full)?;
    package::build()?;
    size::check()
}

/// Builds the static site in web/dist/.
pub fn site(effort: Effort) -> Result<()> {
    inputs()?;
    wasm::build(effort)?;
    stage("site", bundle)
}

/// Builds the site in web/dist/ for a quick start: with the CPU wasm, and with the others that are up to
/// date. Returns whether one is missing; [`complete_site`] adds it.
pub fn cpu_site() -> Result<bool> {
    inputs()?;
    wasm::build_variant(&wasm::CPU, Effort::Full)?;
    let later = [wasm::EXPERIMENTS, wasm::GPU];
    let mut missing = Vec::new();
    for variant in &later {
        if !wasm::is_current(variant, Effort::Full)? {
            missing.push(variant);
        }
    }
    if missing.is_empty() {
        stage("site", bundle)?;
        return Ok(false);
    }
    missing.into_iter().try_for_each(wasm::remove)?;
    stage("site", || {
        vite(&root("web/dist"))?;
        GpuBuild::Compiling.publish(&root("web/dist"))?;
        Ok("web/dist is ready; some builds are still missing".into())
    })?;
    Ok(true)
}

/// Builds the wasm of the experiments, then that for the GPU. After each, replaces the site in web/dist/, which
/// may be being served, by one that holds it.
pub fn complete_site() -> Result<()> {
    let dist = root("web/dist");
    let add = |variant, name: &str, note: &str| {
        wasm::build_variant(variant, Effort::Full)?;
        stage(name, || {
            let complete = cached("complete-site");
            vite(&complete)?;
            replace_site(&complete, &dist)?;
            Ok(note.into())
        })
    };
    let built =
        add(&wasm::EXPERIMENTS, "site with experiments", "reload the page for the experiments of Learn")
            .and_then(|()| add(&wasm::GPU, "site with the GPU build", "reload the page to use the GPU"));
    let state = if built.is_ok() { GpuBuild::Ready } else { GpuBuild::Failed };
    state.publish(&dist)?;
    built
}

/// The state of the GPU wasm in web/dist/builds.json, which a page built without it polls.
#[derive(Clone, Copy)]
enum GpuBuild {
    Compiling,
    Ready,
    Failed,
}

impl GpuBuild {
    fn publish(self, dist: &Path) -> Result<()> {
        let state = match self {
            Self::Compiling => "compiling",
            Self::Ready => "ready",
            Self::Failed => "failed",
        };
        write_if_changed(&dist.join("builds.json"), format!("{{\"gpu\":\"{state}\"}}\n").as_bytes()).map(drop)
    }
}

/// Copies a site over one that is being served. Asset names contain a hash of their content, so open pages
/// still find theirs. index.html names the new assets, so it is written last.
fn replace_site(from: &Path, to: &Path) -> Result<()> {
    let mut files = Vec::new();
    for entry in WalkDir::new(from) {
        let entry = entry.with_context(|| format!("cannot list {}", from.display()))?;
        if entry.file_type().is_file() {
            files.push(entry.path().strip_prefix(from).context("a file outside its folder")?.to_path_buf());
        }
    }
    files.sort_by_key(|file| file.as_os_str() == "index.html");
    for file in files {
        let path = from.join(&file);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        write_if_changed(&to.join(file), &bytes)?;
    }
    Ok(())
}

/// Packs Fashion-MNIST for the page, and for the tests of experiments.
pub fn fashion_mnist() -> Result<()> {
    packages::install()?;
    fashion_mnist::pack()
}

/// Builds everything that the site needs apart from the wasm.
fn inputs() -> Result<()> {
    sources()?;
    fashion_mnist::pack()?;
    datasets::write()?;
    weights::write_list(&root("web/public"))?;
    toolchain::wasm_target()
}

/// What the front end's checks need: its packages and the generated types.
pub fn sources() -> Result<()> {
    generate()?;
    packages::install()
}

/// Generates what the page takes from Rust: types, tables and English messages.
pub fn generate() -> Result<()> {
    let outcome = |changed: bool| Ok(if changed { "written" } else { "as it was" }.into());
    stage("TypeScript protocol", || outcome(types::write(&root("web/src/generated/protocol.ts"))?))?;
    stage("TypeScript experiments", || {
        outcome(types::write_experiments(&root("web/src/generated/experiments.ts"))?)
    })?;
    stage("English messages", || outcome(messages::write()?))
}

/// Runs Vite if anything below web/ has changed.
fn bundle() -> Result<String> {
    let stamp = Inputs::default()
        .folder(&root("web"), &["node_modules", "dist", "test-results", ".svelte-kit"])?
        .stamp(cached("site.stamp"));
    if stamp.is_current(&[root("web/dist/index.html")]) {
        return Ok("web/dist is up to date".into());
    }
    vite(&root("web/dist"))?;
    stamp.save()?;
    Ok("web/dist is ready for any static server".into())
}

/// Bundles the page and the existing wasm into an empty folder.
fn vite(to: &Path) -> Result<()> {
    let mut build = npm();
    build.args(["run", "build", "--", "--emptyOutDir", "--outDir"]).arg(to);
    run(&mut build, NO_NODE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TempFolder;

    #[test]
    fn replacing_a_served_site_keeps_assets_of_open_pages() {
        let scratch = TempFolder::new("replace-site");
        let (from, to) = (scratch.path().join("complete"), scratch.path().join("dist"));
        let write = |folder: &Path, file: &str, text: &str| {
            write_if_changed(&folder.join(file), text.as_bytes()).unwrap();
        };
        write(&to, "index.html", "old");
        write(&to, "assets/page-1.js", "old");
        GpuBuild::Compiling.publish(&to).unwrap();
        write(&from, "index.html", "new");
        write(&from, "assets/page-2.js", "new");
        write(&from, "assets/gpu-3.wasm", "wasm");
        replace_site(&from, &to).unwrap();
        GpuBuild::Ready.publish(&to).unwrap();
        let read = |file: &str| fs::read_to_string(to.join(file)).unwrap();
        assert_eq!(read("index.html"), "new");
        assert_eq!(read("assets/page-1.js"), "old");
        assert_eq!(read("assets/page-2.js"), "new");
        assert_eq!(read("assets/gpu-3.wasm"), "wasm");
        assert_eq!(read("builds.json"), "{\"gpu\":\"ready\"}\n");
    }
}
