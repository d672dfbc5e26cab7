//! Folders of photos, and tables of answers.

#![allow(missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::{alexnet, folder, refusal, stripes};

/// A folder with three photos, one of them below another folder, and what is no photo.
fn photos(root: &Path) {
    fs::create_dir_all(root.join("more/@eaDir")).unwrap();
    stripes(0, 1, 40).save(root.join("=1+1.png")).unwrap();
    stripes(1, 2, 40).save(root.join("b, c.png")).unwrap();
    stripes(2, 3, 40).save(root.join("more/d.png")).unwrap();
    // The content tells, not the name.
    fs::rename(root.join("more/d.png"), root.join("more/d")).unwrap();
    stripes(2, 3, 40).save(root.join("more/@eaDir/d.png")).unwrap();
    fs::write(root.join("notes.txt"), "three photos").unwrap();
    fs::write(root.join("sheet.xls"), b"\xd0\xcf\x11\xe0").unwrap();
}

#[test]
fn every_image_of_a_folder_is_classified() {
    let root = folder("every_image_of_a_folder");
    photos(&root);
    let done = alexnet(&["classify", root.to_str().unwrap(), "--backend", "cpu", "--json"], 0);
    let documents: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let files: Vec<_> = documents
        .as_array()
        .unwrap()
        .iter()
        .map(|document| {
            assert_eq!(document["top"].as_array().unwrap().len(), 5);
            Path::new(document["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(files, ["=1+1.png", "b, c.png", "d"]);
    assert!(done.stderr.contains("skipped: more/@eaDir"), "{}", done.stderr);
    assert!(
        done.stderr.contains("skipped: Files that are not images: 1, such as “sheet.xls”"),
        "{}",
        done.stderr
    );

    let empty = root.join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(
        refusal(&["classify", empty.to_str().unwrap(), "--backend", "cpu"])
            .contains("no image in this folder")
    );
}

#[test]
fn a_table_has_a_line_for_each_photo_and_no_formula() {
    let root = folder("a_table_of_answers");
    photos(&root);
    fs::write(root.join("broken.jpg"), "no photo").unwrap();
    let run = |photos: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_alexnet"))
            .current_dir(&root)
            .args(["classify", photos, "=1+1.png", "--top", "2", "--backend", "cpu", "--csv"])
            .output()
            .unwrap()
    };
    let done = run(".");
    assert_eq!(done.status.code(), Some(1), "one of them is no photo");
    let table = String::from_utf8(done.stdout).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "file,label_1,probability_1,label_2,probability_2,error");
    assert_eq!(lines.len(), 6, "{table}");
    assert!(lines[2].starts_with("\"./b, c.png\","), "{table}");
    assert!(
        lines[3].starts_with("./broken.jpg,,,,,\"This file is not an image but a text: choose"),
        "{table}"
    );
    assert!(lines[5].starts_with("'=1+1.png,"), "{table}");
    let both = alexnet(&["classify", "x.png", "--csv", "--json"], 2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
}
