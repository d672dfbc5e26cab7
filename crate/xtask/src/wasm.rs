//! Builds the wasm modules from crate/wasm: cargo, wasm-bindgen, wasm-opt.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use wasm_bindgen_cli_support::Bindgen;

use crate::command::{cargo, command, output, run};
use crate::files::{cached, copy_files, fresh_folder, root, target};
use crate::npm::{NO_NODE, package};
use crate::stage::stage;
use crate::stamp::{Inputs, Stamp};
use crate::toolchain::{NO_RUST, WASM};

/// How thoroughly the wasm is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// For publishing: every variant, optimised for size.
    Full,
    /// For working on the page: the CPU variant under every name, compiled in seconds, large.
    Quick,
}

impl Effort {
    /// The profile in Cargo.toml, which sets the optimisation.
    fn profile(self) -> &'static str {
        match self {
            Self::Full => "wasm",
            Self::Quick => "wasm-quick",
        }
    }

    fn features(self, variant: &Variant) -> &'static str {
        match self {
            Self::Full => variant.features,
            Self::Quick => variant.quick_features,
        }
    }
}

/// One build of crate/wasm.
#[derive(Clone, Copy)]
pub struct Variant {
    /// The module's name: `<name>.js`, `<name>_bg.wasm`, `<name>.d.ts`.
    pub name: &'static str,
    /// Cargo features of alexnet-wasm.
    features: &'static str,
    /// Those of a quick build.
    quick_features: &'static str,
}

/// CPU only: quick to compile, a small download.
pub const CPU: Variant = Variant { name: "alexnet_cpu", features: "", quick_features: "" };
/// CPU and GPU.
pub const GPU: Variant = Variant { name: "alexnet_gpu", features: "webgpu", quick_features: "" };
/// CPU only, with the experiments of Learn. Their workers load it.
pub const EXPERIMENTS: Variant =
    Variant { name: "alexnet_experiments", features: "experiments", quick_features: "experiments" };
/// The variants that the page chooses from.
pub const VARIANTS: &[Variant] = &[CPU, EXPERIMENTS, GPU];

/// wasm-opt strips names, not cargo: wasm-bindgen reads a section that cargo would strip.
///
/// Two passes are skipped, because brotli compresses the same repetitions better: for the CPU variant they
/// save 2 % before compression and cost 0.5 % after it. All passes run twice: the GPU variant is 3 kB smaller
/// after brotli then.
const OPTIMISE: &[&str] = &[
    "-Os",
    "-Os",
    "--skip-pass=code-folding",
    "--skip-pass=local-cse",
    "--strip-debug",
    "--strip-producers",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// The folder of the page's modules.
pub fn folder() -> PathBuf {
    root("web/src/generated/wasm")
}

/// Builds every variant whose sources changed. The next variant is compiled while wasm-opt, which uses one
/// core, works on the previous one.
pub fn build(effort: Effort) -> Result<()> {
    thread::scope(|scope| {
        let mut shrinking = Vec::new();
        for variant in VARIANTS {
            compile_stage(variant, effort)?;
            shrinking.push(scope.spawn(move || bind_stage(variant, effort)));
        }
        shrinking.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| bail!("wasm-bindgen broke off: see above"))
        })
    })
}

/// Builds one variant if its sources changed.
pub fn build_variant(variant: &Variant, effort: Effort) -> Result<()> {
    compile_stage(variant, effort)?;
    bind_stage(variant, effort)
}

fn compile_stage(variant: &Variant, effort: Effort) -> Result<()> {
    stage(&format!("{}: compile", variant.name), || compile(variant, effort))
}

fn bind_stage(variant: &Variant, effort: Effort) -> Result<()> {
    stage(&format!("{}: bind and shrink", variant.name), || bind(variant, effort))
}

/// Whether a variant's files exist and are up to date.
pub fn is_current(variant: &Variant, effort: Effort) -> Result<bool> {
    if !compile_stamp(variant, effort)?.is_current(&[cached(&format!("{}.wasm", variant.name))]) {
        return Ok(false);
    }
    Ok(bind_stamp(variant, effort)?.is_current(&outputs(variant)))
}

/// Removes a variant's files, so that a site built now does not hold an outdated one.
pub fn remove(variant: &Variant) -> Result<()> {
    remove_from(&folder(), variant)
}

/// Removes a variant's files from a folder that holds a copy of the modules.
pub fn remove_from(folder: &Path, variant: &Variant) -> Result<()> {
    for end in [".js", ".d.ts", "_bg.wasm", "_bg.wasm.d.ts"] {
        let file = folder.join(format!("{}{end}", variant.name));
        if file.exists() {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

/// The crates that the wasm depends on.
const SOURCES: [&str; 8] = ["protocol", "data", "format", "kernels", "core", "teach", "experiment", "wasm"];

/// The inputs of the compiled wasm.
fn compile_stamp(variant: &Variant, effort: Effort) -> Result<Stamp> {
    let (profile, features) = (effort.profile(), effort.features(variant));
    let mut inputs = Inputs::default().bytes(features.as_bytes()).bytes(profile.as_bytes());
    for file in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
        inputs = inputs.file(&root(file))?;
    }
    for source in SOURCES {
        inputs = inputs.folder(&root("crate").join(source), &["tests", "benches"])?;
    }
    let compiler = output(command("rustc").arg("--version"), NO_RUST)?;
    Ok(inputs.bytes(compiler.as_bytes()).stamp(cached(&format!("{}.compiled", variant.name))))
}

/// Stamped, because both variants compile to the same file, so cargo alone would link again each time.
fn compile(variant: &Variant, effort: Effort) -> Result<String> {
    let compiled = cached(&format!("{}.wasm", variant.name));
    let (profile, features) = (effort.profile(), effort.features(variant));
    let stamp = compile_stamp(variant, effort)?;
    if !stamp.is_current(std::slice::from_ref(&compiled)) {
        let mut cargo = cargo();
        cargo.args(["build", "--package", "alexnet-wasm", "--target", WASM, "--profile", profile]);
        cargo.args(["--no-default-features", "--features", features]);
        run(&mut cargo, NO_RUST)?;
        let built = built(profile);
        let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        check_exports(&bytes)?;
        crate::files::write_if_changed(&compiled, &bytes)?;
        stamp.save()?;
    }
    let bytes = fs::metadata(&compiled).with_context(|| format!("cannot read {}", compiled.display()))?.len();
    Ok(megabytes(bytes as usize))
}

/// Cargo's output, the same file for every variant.
fn built(profile: &str) -> PathBuf {
    target().join(WASM).join(profile).join("alexnet_wasm.wasm")
}

/// Unless `__wasm_call_ctors` is called once at the start, the linker wraps every export so that it runs all
/// static constructors on each call from JavaScript, 1.5 ms each.
fn check_exports(wasm: &[u8]) -> Result<()> {
    ensure!(
        memmem::find(wasm, b"__wasm_call_ctors").is_some(),
        "the wasm has no names of functions: its profile in Cargo.toml must not strip them"
    );
    ensure!(
        memmem::find(wasm, b"command_export").is_none(),
        "the wasm's exports run the static constructors on every call: \
         call __wasm_call_ctors once in the start function of crate/wasm"
    );
    Ok(())
}

/// The files that the page imports.
fn outputs(variant: &Variant) -> [PathBuf; 3] {
    [".js", ".d.ts", "_bg.wasm"].map(|extension| folder().join(format!("{}{extension}", variant.name)))
}

/// The inputs of the page's files, after the wasm is compiled.
fn bind_stamp(variant: &Variant, effort: Effort) -> Result<Stamp> {
    Ok(Inputs::default()
        .bytes(OPTIMISE.join(" ").as_bytes())
        .bytes(effort.profile().as_bytes())
        .file(&root("Cargo.lock"))?
        .file(&package("binaryen").join("package.json"))?
        .file(&cached(&format!("{}.wasm", variant.name)))?
        .stamp(cached(&format!("{}.stamp", variant.name))))
}

fn bind(variant: &Variant, effort: Effort) -> Result<String> {
    let stamp = bind_stamp(variant, effort)?;
    let outputs = outputs(variant);
    if !stamp.is_current(&outputs) {
        let bound = cached(&format!("bound-{}", variant.name));
        fresh_folder(&bound)?;
        generate(&cached(&format!("{}.wasm", variant.name)), variant.name, &bound)?;
        if effort == Effort::Full {
            optimise(&package("binaryen"), &bound.join(format!("{}_bg.wasm", variant.name)))?;
        }
        copy_files(&bound, &folder())?;
        stamp.save()?;
    }
    let [_, _, path] = outputs;
    let bytes = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len();
    Ok(megabytes(bytes as usize))
}

fn generate(wasm: &Path, name: &str, to: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).typescript(true).omit_default_module_path(false);
    bindgen.web(true).and_then(|bindgen| bindgen.generate(to)).context("wasm-bindgen")
}

fn optimise(binaryen: &Path, wasm: &Path) -> Result<()> {
    let small = wasm.with_extension("small");
    let mut node = command("node");
    node.arg(binaryen.join("bin/wasm-opt")).args(OPTIMISE).arg(wasm);
    node.arg(OsString::from("-o")).arg(&small);
    run(&mut node, NO_NODE)?;
    fs::rename(&small, wasm).with_context(|| format!("cannot replace {}", wasm.display()))
}

/// A size for people, in megabytes of 10⁶ bytes.
pub fn megabytes(bytes: usize) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_exports_and_stripped_names_are_rejected() {
        check_exports(b"..__wasm_call_ctors..step..").unwrap();
        let wrapped = check_exports(b"..__wasm_call_ctors..step.command_export..").unwrap_err();
        assert!(wrapped.to_string().contains("__wasm_call_ctors once"));
        assert!(check_exports(b"..step..").unwrap_err().to_string().contains("must not strip"));
    }
}
