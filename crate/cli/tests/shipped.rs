//! The shipped network: as accurate as its list says.

#![allow(missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::json;

fn place(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below)
}

fn listed(file: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place(file)).unwrap()).unwrap()
}

#[test]
fn sample_images_are_classified_correctly() {
    let samples = listed("web/public/samples/index.json");
    for sample in samples.as_array().unwrap() {
        let photo = place("web/public/samples").join(sample["file"].as_str().unwrap());
        for views in ["one", "ten"] {
            let args = ["classify", photo.to_str().unwrap(), "--views", views, "--backend", "cpu", "--json"];
            assert_eq!(json(&args)[0]["top"][0]["label"], sample["label"], "{views}");
        }
    }
}

#[test]
fn accuracy_matches_the_model_list() {
    let data = place("../shared/data/tiny-imagenet-200/val.zip");
    if !data.exists() {
        println!("skipped: {} is not there, and no other pictures will do", data.display());
        return;
    }
    let expected = &listed("web/public/models/index.json")[0]["measured"];
    let args = ["eval", "--model", "shipped", "--data", data.to_str().unwrap(), "--backend", "cpu", "--json"];
    let found = json(&args);
    assert_eq!(found["images"], expected["images"]);
    for rate in ["top1", "top5"] {
        let [found, expected] = [&found, expected].map(|of| of[rate].as_f64().unwrap());
        assert!((found - expected).abs() < 0.005, "{rate}: {found} where {expected} is told");
    }
}
