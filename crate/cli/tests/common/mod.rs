//! Small data sets and models for testing the built command.

#![allow(dead_code, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use alexnet_format::{Checkpoint, FileFormat, Precision};
use image::{Rgb, RgbImage};
use serde_json::Value;

#[path = "../../../../tests/fixtures/pickle.rs"]
pub mod pickle;

/// The output of a finished command.
pub struct Done {
    pub stdout: String,
    pub stderr: String,
}

/// Runs the built command and checks its exit status.
pub fn alexnet(args: &[&str], status: i32) -> Done {
    let done = Command::new(env!("CARGO_BIN_EXE_alexnet")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(done.stdout), text(done.stderr));
    assert_eq!(done.status.code(), Some(status), "{args:?}\n{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    Done { stdout, stderr }
}

pub fn json(args: &[&str]) -> Value {
    serde_json::from_str(&alexnet(args, 0).stdout).unwrap()
}

pub fn lines(args: &[&str]) -> Vec<Value> {
    alexnet(args, 0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs a command that must fail, and returns its error line.
pub fn refusal(args: &[&str]) -> String {
    let done = alexnet(args, 1);
    let mut reasons = done.stderr.lines().filter(|line| line.starts_with("error: "));
    let reason = reasons.next().expect("a line that says why").to_owned();
    assert_eq!(reasons.next(), None);
    reason
}

/// An empty folder for one test.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub const CLASSES: [&str; 3] = ["diagonal", "horizontal", "vertical"];

/// Stripes with a seeded phase, width and colour: classes that differ in pattern, not in mean colour.
pub fn stripes(class: usize, number: u32, side: u32) -> RgbImage {
    let period = 6 + number % 5;
    let colour =
        [(90 + number * 37 % 160) as u8, (90 + number * 61 % 160) as u8, (90 + number * 83 % 160) as u8];
    RgbImage::from_fn(side, side, |x, y| {
        let along = [x + y, y, x][class] + number;
        if along % period < period / 2 { Rgb(colour) } else { Rgb([20, 20, 30]) }
    })
}

/// A data set in ImageFolder layout with `images` images per class.
pub fn data_set(root: &Path, images: u32) -> PathBuf {
    let data = root.join("stripes");
    for (class, name) in CLASSES.iter().enumerate() {
        let folder = data.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..images {
            stripes(class, number, 40).save(folder.join(format!("{number:03}.png"))).unwrap();
        }
    }
    data
}

/// Runs a training that takes seconds, and returns the lines of its epochs.
pub fn train(data: &Path, out: &Path, more: &[&str]) -> Vec<Value> {
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let mut args = vec!["train", "--json", "--backend", "cpu", "--data", data, "--out", out];
    if !["--resume", "--model", "--network"].iter().any(|own| more.contains(own)) {
        args.extend(["--network", "alexnet-32", "--width", "0.25"]);
    }
    args.extend(more);
    lines(&args)
}

pub fn read(path: &Path) -> Checkpoint {
    Checkpoint::read(std::fs::read(path).unwrap()).unwrap()
}

pub fn write(checkpoint: &Checkpoint, path: &Path) {
    std::fs::write(path, checkpoint.write(FileFormat::Safetensors, Precision::F32).unwrap()).unwrap();
}

/// The keys of a JSON object, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let sorted: BTreeMap<_, _> = value.as_object().unwrap().iter().collect();
    sorted.into_keys().map(String::as_str).collect()
}
