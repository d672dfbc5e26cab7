//! Data sets on disk.

use std::path::Path;

use alexnet_protocol::messages::Cause;

use crate::{DataError, File};

/// Reads a directory and everything below it, or one file (an archive, an IDX file).
///
/// # Errors
/// A path that does not exist or cannot be read.
pub fn read_path(path: &Path) -> Result<Vec<File>, DataError> {
    let failed = |path: &Path, error: std::io::Error| DataError::Io {
        path: path.display().to_string(),
        reason: Cause::of(&error),
    };
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let metadata = std::fs::metadata(path).map_err(|e| failed(path, e))?;
    if metadata.is_file() {
        let bytes = std::fs::read(path).map_err(|e| failed(path, e))?;
        return Ok(vec![File { path: name(path), bytes }]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(path.to_path_buf(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let mut entries = std::fs::read_dir(&folder)
            .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
            .map_err(|e| failed(&folder, e))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let place = entry.path();
            let file = name(&place);
            if file.starts_with('.') {
                continue;
            }
            let inside = format!("{prefix}{file}");
            let metadata = std::fs::metadata(&place).map_err(|e| failed(&place, e))?;
            if metadata.is_dir() {
                if depth < MAX_DEPTH {
                    folders.push((place, format!("{inside}/"), depth + 1));
                }
            } else {
                files.push(File {
                    path: inside,
                    bytes: std::fs::read(&place).map_err(|e| failed(&place, e))?,
                });
            }
        }
    }
    Ok(files)
}

/// Deeper folders are not read: a link may lead back to its own folder.
const MAX_DEPTH: usize = 8;
