//! Data sets read from this machine's disk.
#![cfg(feature = "fs")]

use std::fs;
use std::path::{Path, PathBuf};

use alexnet_data::read_path;

/// A folder that is removed at the end, whatever happens.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("alexnet-data-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_directory_gives_all_below_it_by_path_and_leaves_hidden_files() {
    let scratch = Scratch::new("tree");
    for (file, bytes) in
        [("b/2.jpg", "two"), ("a/1.jpg", "one"), (".DS_Store", "x"), ("a/.hidden/3.jpg", "x")]
    {
        scratch.write(file, bytes.as_bytes());
    }
    let mut files: Vec<_> = read_path(&scratch.0).unwrap().into_iter().map(|f| (f.path, f.bytes)).collect();
    files.sort();
    assert_eq!(files, [("a/1.jpg".into(), b"one".to_vec()), ("b/2.jpg".into(), b"two".to_vec())]);
}

#[test]
fn one_file_stands_for_itself_and_a_missing_one_is_named() {
    let scratch = Scratch::new("file");
    scratch.write("data.zip", b"PK");
    let [file] = read_path(&scratch.0.join("data.zip")).unwrap().try_into().unwrap();
    assert_eq!((file.path.as_str(), file.bytes.as_slice()), ("data.zip", &b"PK"[..]));
    let missing = read_path(Path::new("nowhere/at/all")).unwrap_err().to_string();
    assert!(missing.contains("nowhere/at/all"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_ends() {
    let scratch = Scratch::new("loop");
    scratch.write("a/1.jpg", b"one");
    std::os::unix::fs::symlink(&scratch.0, scratch.0.join("a/again")).unwrap();
    let files = read_path(&scratch.0).unwrap();
    assert!((1..10).contains(&files.len()), "{} files", files.len());
}
