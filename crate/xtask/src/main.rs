//! `cargo xtask`
mod files;
mod types;
fn main() -> anyhow::Result<()> {
    types::write(&files::root().join("web/src/generated/protocol.ts"))?;
    Ok(())
}
