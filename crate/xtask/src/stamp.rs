//! Stamps: a stage is skipped if its inputs have the same hash as in its last run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::files::write_if_changed;

/// The hash of everything that a stage's output depends on, built up part by part.
#[derive(Default)]
pub struct Inputs(Sha256);

impl Inputs {
    /// Adds a setting, or bytes in memory.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a file's content.
    pub fn file(self, path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(self.bytes(&bytes))
    }

    /// Adds names and contents of all files below a folder, apart from subfolders named in `excluded`.
    pub fn folder(mut self, folder: &Path, excluded: &[&str]) -> Result<Self> {
        let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
        let entries = walk.filter_entry(|entry| {
            !(entry.file_type().is_dir() && excluded.iter().any(|name| entry.file_name() == *name))
        });
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                self = self.bytes(name.to_string_lossy().as_bytes()).file(entry.path())?;
            }
        }
        Ok(self)
    }

    /// The stamp of these inputs, to be saved to `file` once the stage is done.
    pub fn stamp(self, file: impl Into<PathBuf>) -> Stamp {
        Stamp { file: file.into(), hash: self.hash() }
    }

    /// The hash, in hexadecimal.
    pub fn hash(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The current hash of a stage's inputs, and the file with the hash of its last run.
pub struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// Whether the last completed run had these inputs, and its outputs still exist.
    pub fn is_current(&self, outputs: &[PathBuf]) -> bool {
        outputs.iter().all(|output| output.exists())
            && fs::read_to_string(&self.file).is_ok_and(|old| old == self.hash)
    }

    /// Saves the hash. To be called when the outputs are complete.
    pub fn save(&self) -> Result<()> {
        write_if_changed(&self.file, self.hash.as_bytes()).map(drop)
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TempFolder;

    #[test]
    fn stamp_is_current_for_equal_inputs_and_existing_outputs() {
        let scratch = TempFolder::new("stamp");
        let output = scratch.path().join("output");
        let inputs =
            |text: &str| Inputs::default().bytes(text.as_bytes()).stamp(scratch.path().join("stamp"));
        let outputs = [output.clone()];
        assert!(!inputs("a").is_current(&outputs));
        fs::write(&output, "made from a").unwrap();
        assert!(!inputs("a").is_current(&outputs), "an output without a stamp is not finished");
        inputs("a").save().unwrap();
        assert!(inputs("a").is_current(&outputs));
        assert!(!inputs("b").is_current(&outputs));
        fs::remove_file(&output).unwrap();
        assert!(!inputs("a").is_current(&outputs), "a stamp without its output counts for nothing");
    }

    #[test]
    fn folder_hash_covers_names_and_contents_but_not_excluded_folders() {
        let scratch = TempFolder::new("folder");
        let write = |name: &str, text: &str| {
            write_if_changed(&scratch.path().join(name), text.as_bytes()).unwrap();
        };
        let hash = || Inputs::default().folder(scratch.path(), &["node_modules"]).unwrap().hash();
        write("src/a.ts", "one");
        let first = hash();
        write("node_modules/x.js", "two");
        assert_eq!(hash(), first);
        write("src/a.ts", "three");
        let second = hash();
        assert_ne!(second, first);
        fs::rename(scratch.path().join("src/a.ts"), scratch.path().join("src/b.ts")).unwrap();
        assert_ne!(hash(), second);
    }

    #[test]
    fn hash_separates_parts() {
        let joined = Inputs::default().bytes(b"ab").bytes(b"c").hash();
        assert_ne!(joined, Inputs::default().bytes(b"a").bytes(b"bc").hash());
    }
}
