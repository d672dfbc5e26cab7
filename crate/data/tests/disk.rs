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
    let mut files: Vec<_> =
        read_path(&scratch.0).unwrap().files.into_iter().map(|f| (f.path, f.bytes)).collect();
    files.sort();
    assert_eq!(files, [("a/1.jpg".into(), b"one".to_vec()), ("b/2.jpg".into(), b"two".to_vec())]);
}

#[test]
fn one_file_stands_for_itself_and_a_missing_one_is_named() {
    let scratch = Scratch::new("file");
    scratch.write("data.zip", b"PK");
    let [file] = read_path(&scratch.0.join("data.zip")).unwrap().files.try_into().unwrap();
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
    let files = read_path(&scratch.0).unwrap().files;
    assert!((1..10).contains(&files.len()), "{} files", files.len());
}

#[cfg(unix)]
#[test]
fn each_real_folder_is_read_once_and_loops_are_named() {
    let scratch = Scratch::new("links");
    for n in 0..4 {
        scratch.write(&format!("ds/a/{n}.jpg"), b"one");
        scratch.write(&format!("ds/b/{n}.jpg"), b"two");
    }
    scratch.write("elsewhere/5.jpg", b"five");
    let link = |to: PathBuf, at: &str| std::os::unix::fs::symlink(to, scratch.0.join(at)).unwrap();
    link("..".into(), "ds/a/up");
    link(scratch.0.join("ds"), "ds/whole");
    link(scratch.0.join("ds/b"), "ds/a-second-b");
    link(scratch.0.clone(), "ds/above");
    link(scratch.0.join("elsewhere"), "ds/c");
    let input = read_path(&scratch.0.join("ds")).unwrap();
    let mut paths: Vec<_> = input.files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    let real =
        ["a/0.jpg", "a/1.jpg", "a/2.jpg", "a/3.jpg", "b/0.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg", "c/5.jpg"];
    assert_eq!(paths, real);
    let mut said: Vec<_> = input.left_out.iter().map(ToString::to_string).collect();
    said.sort();
    let named = ["a-second-b", "a/up", "above", "whole"];
    assert_eq!(said, named.map(|path| format!("{path}: this link leads to a folder that is read already.")));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_skipped_and_named() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("unreadable");
    scratch.write("a/1.jpg", b"one");
    scratch.write("b/2.jpg", b"two");
    scratch.write("@eaDir/2.jpg", b"thumbnail");
    std::os::unix::fs::symlink(scratch.0.join("gone.jpg"), scratch.0.join("a/dangling.jpg")).unwrap();
    let locked = scratch.0.join("b/locked.jpg");
    fs::write(&locked, b"secret").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    // The administrator may read it all the same.
    let readable = fs::read(&locked).is_ok();
    let input = read_path(&scratch.0).unwrap();
    assert_eq!(input.files.len(), if readable { 3 } else { 2 });
    let said: Vec<_> = input.left_out.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|s| s.starts_with("a/dangling.jpg: it could not be read")), "{said:?}");
    assert!(readable || said.iter().any(|s| s.starts_with("b/locked.jpg: it could not be read")), "{said:?}");
    assert!(said.iter().any(|s| s.starts_with("@eaDir: this folder is made by a system")), "{said:?}");
}
