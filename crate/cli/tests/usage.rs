//! Wrong usage exits with status 2, other failures with status 1 and one line.

#![allow(missing_docs)]

mod common;

use common::{alexnet, folder, refusal};

#[test]
fn wrong_usage_exits_with_status_2() {
    for args in [
        &[][..],
        &["fly"],
        &["classify"],
        &["classify", "x.jpg", "--top", "0"],
        &["classify", "x.jpg", "--backend", "abacus"],
        &["train", "--data", "x"],
        &["train", "--data", "x", "--out", "x.pth"],
        &["train", "--data", "x", "--out", "x.safetensors", "--dropout", "1.5"],
        &["train", "--data", "x", "--out", "x.safetensors", "--batch-size", "many"],
        &["train", "--data", "x", "--out", "x.safetensors", "--model", "shipped", "--resume", "y.alexnet"],
        &["eval", "--data", "x"],
        &["convert", "x.safetensors", "y.h5"],
        &["inspect"],
    ] {
        let done = alexnet(args, 2);
        assert!(done.stdout.is_empty(), "{args:?}");
        assert!(!done.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn out_of_range_value_gives_the_option_tables_error() {
    let done = alexnet(&["train", "--data", "x", "--out", "x.safetensors", "--dropout", "1.5"], 2);
    let stderr = done.stderr;
    assert!(stderr.contains("Dropout cannot be 1.5: use a number from 0 to 0.95"), "{stderr}");
}

#[test]
fn help_lists_every_option() {
    let help = alexnet(&["train", "--help"], 0).stdout;
    for spec in alexnet_protocol::option_table().iter().filter(|spec| spec.name != "dataset") {
        assert!(help.contains(&format!("--{}", spec.flag())), "{}", spec.name);
    }
    assert!(help.contains("[default: alexnet-64]"));
}

#[test]
fn missing_files_give_one_error_line() {
    // The name of this folder must not hold the word that is looked for below.
    let dir = folder("one_error_line");
    let missing = dir.join("missing");
    let (missing, out) = (missing.to_str().unwrap(), dir.join("o.safetensors"));
    let out = out.to_str().unwrap();
    for args in [
        &["inspect", missing][..],
        &["convert", missing, out],
        &["classify", "x.jpg", "--model", missing, "--backend", "cpu"],
        &["eval", "--model", missing, "--data", missing, "--backend", "cpu"],
        &["train", "--data", missing, "--out", out, "--backend", "cpu"],
    ] {
        let line = refusal(args);
        assert!(line.contains("missing"), "{line}");
    }
    // Small files are checked first, or the error would come after minutes of reading data.
    let small = dir.join("small");
    let small = small.to_str().unwrap();
    for name in ["--labels", "--teacher"] {
        let line = refusal(&["train", "--data", missing, name, small, "--out", out, "--backend", "cpu"]);
        assert!(line.contains("small") && !line.contains("missing"), "{line}");
    }
    // The output folder is checked before anything is read or trained.
    let nowhere = dir.join("nowhere/o.safetensors");
    let nowhere = nowhere.to_str().unwrap();
    for args in [
        &["train", "--data", missing, "--out", nowhere, "--backend", "cpu"][..],
        &["calibrate", missing, "--data", missing, "--out", nowhere, "--backend", "cpu"],
    ] {
        let line = refusal(args);
        assert!(
            line.contains("there is no folder") && line.ends_with("nowhere, so create it first"),
            "{line}"
        );
    }
    let line = refusal(&["inspect", dir.to_str().unwrap()]);
    assert!(line.contains("cannot be read: is a directory"), "{line}");
}

#[test]
fn files_that_are_not_models_are_named() {
    let dir = folder("files_that_are_not_models_are_named");
    for (name, bytes, word) in [
        ("page.safetensors", &b"<!DOCTYPE html><html>404</html>"[..], "web page"),
        ("empty.alexnet", b"", "empty"),
        ("cut.safetensors", b"\x00\x10\x00\x00\x00\x00\x00\x00{\"features", "cut off"),
    ] {
        let file = dir.join(name);
        std::fs::write(&file, bytes).unwrap();
        let line = refusal(&["inspect", file.to_str().unwrap(), "--json"]);
        assert!(line.contains(word) && line.contains(name), "{line}");
    }
}
