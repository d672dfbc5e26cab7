//! The experiments with small networks show what they declare, at their declared budget, on Fashion-MNIST.

#![allow(missing_docs)]

use std::path::Path;
use std::rc::Rc;

use alexnet::Compute;
use alexnet::data::{DataError, LocalFuture, Manifest, ShardedDataset};
use alexnet_experiment::{Inputs, run};
use alexnet_protocol::messages::Cause;
use alexnet_protocol::{Outcome, Picture, RunReport, Settings};

/// Fashion-MNIST as the build packs it.
fn fashion_mnist() -> Inputs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/public/data/fashion-mnist");
    let text = std::fs::read(folder.join("manifest.json")).expect("run `cargo xtask build` once");
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    let size = manifest.size;
    let loader = move |file: String| -> LocalFuture<'static, Result<Vec<u8>, DataError>> {
        let bytes = std::fs::read(folder.join(&file));
        Box::pin(async move { bytes.map_err(|e| DataError::Load { file, reason: Cause::of(&e) }) })
    };
    let images = ShardedDataset::new(manifest, size, Box::new(loader)).unwrap();
    Inputs { compute: Compute::cpu(), images: Some(Rc::new(images)) }
}

fn one_seed(name: &str, settings: &[(&str, &str)]) -> (Vec<RunReport>, Outcome) {
    let settings: Settings =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let found = pollster::block_on(run(name, &settings, &[1], &fashion_mnist(), |_| ())).unwrap();
    for report in &found.0 {
        println!("{name} {}: {:?}", report.spec.arm, report.values);
    }
    println!("{name}: {:?} {}", found.1.values, found.1.answer);
    found
}

#[test]
fn units_of_a_network_without_dropout_rely_on_each_other() {
    let (reports, outcome) = one_seed("coadaptation", &[]);
    // 3.8 times when it was written; the activations differ by a factor of about 1.3 after ten passes.
    assert!(outcome.values["removalTimes"] > 2.0);
    assert_ne!(outcome.answer, "same");
    assert!(outcome.value.unwrap() > 1.05);
    for report in &reports {
        assert!(report.values["testError"] < 0.03, "it gives back images");
        assert!(report.pictures.iter().any(|picture| {
            matches!(picture, Picture::Images { name, images, .. } if name == "features" && images.len() == 64)
        }));
    }
}

#[test]
fn gradients_vanish_through_sigmoids_and_through_small_weights() {
    let (reports, outcome) = one_seed("saturation", &[]);
    assert_eq!(outcome.answer, "tiny");
    assert!(outcome.values["sigmoidShrink"] > 50.0);
    assert!(outcome.values["reluShrink"] < 5.0);
    let error = |reports: &[RunReport], arm: &str| {
        reports.iter().find(|report| report.spec.arm == arm).unwrap().values["testError"]
    };
    assert!(error(&reports, "relu") < 0.3 && error(&reports, "sigmoid") > 0.7);

    // The presets where the claim fails.
    let (_, small) = one_seed("saturation", &[("start", "paper")]);
    assert!(small.values.get("reluShrink").is_none_or(|shrink| *shrink > 50.0));
    let (shallow, _) = one_seed("saturation", &[("layers", "2"), ("rate", "0.5")]);
    assert!(error(&shallow, "sigmoid") < 0.4);
}

#[test]
fn a_link_gives_the_same_bits_again() {
    let settings = [("layers", "2")];
    assert_eq!(one_seed("saturation", &settings), one_seed("saturation", &settings));
}
