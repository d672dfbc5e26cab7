//! Classes by the names of files: `cat.0.jpg`, `great_pyrenees_12.jpg`.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{class_key, name_of};

/// What cameras and programs name files, whatever is on them.
const CAMERA: &[&str] = &[
    "img",
    "image",
    "dsc",
    "dscn",
    "dscf",
    "dscx",
    "pxl",
    "photo",
    "picture",
    "pic",
    "frame",
    "screenshot",
    "vid",
    "mvimg",
    "scan",
    "file",
    "sample",
    "train",
    "test",
    "val",
    "gopr",
    "dji",
    "foto",
    "bild",
    "imagen",
    "imgp",
    "snap",
    "capture",
    "wp",
    "p",
    "signal",
    "whatsapp image",
    "untitled",
    "download",
    "crop",
];

/// Share of the files whose names must tell a class.
const MOST: f64 = 0.9;

/// The class in a file's name: what stands before its number.
pub(super) fn class(path: &str) -> Option<&str> {
    let name = name_of(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.strip_suffix(')').unwrap_or(stem);
    let text = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let class = text.trim_end_matches([' ', '.', '_', '-', '(', '#']);
    (text.len() < stem.len() && class.chars().any(char::is_alphabetic)).then_some(class)
}

/// The keys of the classes that the names tell: at least two, each with two files, and nearly all files have one.
pub(super) fn classes<'a>(paths: impl Iterator<Item = &'a str>) -> Option<BTreeSet<String>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut files = 0usize;
    for path in paths {
        files += 1;
        if let Some(class) = class(path) {
            *counts.entry(class_key(class)).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count > 1);
    let named: usize = counts.values().sum();
    let by_camera = counts.keys().any(|class| CAMERA.contains(&class.as_str()));
    let tells = counts.len() > 1 && !by_camera && named as f64 >= MOST * files as f64;
    tells.then(|| counts.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_stands_before_the_number() {
        assert_eq!(class("train/cat.0.jpg"), Some("cat"));
        assert_eq!(class("great_pyrenees_12.jpg"), Some("great_pyrenees"));
        assert_eq!(class("dog (3).jpeg"), Some("dog"));
        assert_eq!(class("12.jpg"), None);
        assert_eq!(class("cover.jpg"), None);
    }

    #[test]
    fn cameras_name_no_classes() {
        let names = |list: &[&'static str]| classes(list.iter().copied());
        assert!(names(&["cat.1.jpg", "cat.2.jpg", "dog.1.jpg", "dog.2.jpg"]).is_some());
        assert!(names(&["IMG_1.jpg", "IMG_2.jpg", "dog.1.jpg", "dog.2.jpg"]).is_none());
        assert!(names(&["cat.1.jpg", "cat.2.jpg", "dog.1.jpg", "bird.2.jpg"]).is_none());
        assert!(names(&["cat.1.jpg", "cat.2.jpg"]).is_none());
    }
}
