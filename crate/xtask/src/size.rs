//! The download size: the page's wasm after brotli, checked against a limit.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, ensure};

use crate::files::{cached, write_if_changed};
use crate::stage::stage;
use crate::stamp::Inputs;
use crate::wasm::{VARIANTS, folder, megabytes};

/// Largest size of a variant after brotli, in bytes. A visitor downloads one of them, and the GPU variant
/// holds both backends.
const LIMIT: usize = 2_250_000;
/// Brotli's highest quality, which static hosts use for files that they compress once.
const QUALITY: u32 = 11;

/// Checks the download size, as a stage.
pub fn check() -> Result<()> {
    stage("download size", measure)
}

/// Compresses every variant, and fails if one is too large.
pub fn measure() -> Result<String> {
    let mut parts = Vec::new();
    for variant in VARIANTS {
        let path = folder().join(format!("{}_bg.wasm", variant.name));
        let wasm = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let size = compressed_size(variant.name, &wasm)?;
        ensure!(
            size <= LIMIT,
            "{} is {} after brotli, more than {}",
            variant.name,
            megabytes(size),
            megabytes(LIMIT)
        );
        parts.push(format!("{} {}", variant.name, megabytes(size)));
    }
    Ok(format!("after brotli {}; the limit is {} each", parts.join(", "), megabytes(LIMIT)))
}

/// The size after brotli, cached because compressing takes tens of seconds.
fn compressed_size(name: &str, wasm: &[u8]) -> Result<usize> {
    let known = cached(&format!("{name}.brotli"));
    let hash = Inputs::default().bytes(&QUALITY.to_le_bytes()).bytes(wasm).hash();
    if let Ok(text) = fs::read_to_string(&known) {
        let mut words = text.split_whitespace();
        if words.next() == Some(hash.as_str())
            && let Some(size) = words.next().and_then(|word| word.parse().ok())
        {
            return Ok(size);
        }
    }
    let mut packed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut packed, 1 << 16, QUALITY, 24);
    encoder.write_all(wasm).and_then(|()| encoder.flush()).context("brotli")?;
    drop(encoder);
    write_if_changed(&known, format!("{hash} {}", packed.len()).as_bytes())?;
    Ok(packed.len())
}
