//! The repository's folders, and writing files.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// A path relative to the repository's root.
pub fn root(path: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).join(path)
}

/// Cargo's target folder, passed on to every cargo that a stage starts.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root("target"), PathBuf::from)
}

/// A file in the tasks' cache below the target folder: stamps and intermediate results.
pub fn cached(name: &str) -> PathBuf {
    target().join("xtask").join(name)
}

/// Writes a file and its folders, unless it has this content already, and returns whether it wrote. Programs
/// that watch the file (Vite, cargo) are then not triggered for nothing.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let context = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    fs::write(path, bytes).with_context(context)?;
    Ok(true)
}

/// Creates a folder, or empties an existing one.
pub fn fresh_folder(path: &Path) -> Result<()> {
    let context = || format!("cannot empty {}", path.display());
    if path.exists() {
        fs::remove_dir_all(path).with_context(context)?;
    }
    fs::create_dir_all(path).with_context(context)
}

/// Copies the files of a folder, without subfolders, into another.
pub fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let context = || format!("cannot copy {} to {}", from.display(), to.display());
    for entry in fs::read_dir(from).with_context(context)? {
        let entry = entry.with_context(context)?;
        if entry.file_type().with_context(context)?.is_file() {
            let bytes = fs::read(entry.path()).with_context(context)?;
            write_if_changed(&to.join(entry.file_name()), &bytes)?;
        }
    }
    Ok(())
}

/// A temporary folder for one test, removed on drop.
#[cfg(test)]
pub struct TempFolder(PathBuf);

#[cfg(test)]
impl TempFolder {
    /// Creates an empty folder.
    pub fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("alexnet-xtask-{name}-{}", std::process::id()));
        fresh_folder(&path).unwrap();
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
impl Drop for TempFolder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
