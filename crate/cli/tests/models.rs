//! Classify, eval, convert and inspect on a model that a short run made.

#![allow(missing_docs)]

mod common;

use common::{alexnet, data_set, folder, json, keys, read, refusal, stripes, train, write};

#[test]
fn a_trained_model_is_used_measured_converted_and_described() {
    let dir = folder("a_trained_model_is_used_measured_converted_and_described");
    let data = data_set(&dir, 40);
    let model = dir.join("model.safetensors");
    let recipe =
        ["--epochs", "12", "--batch-size", "12", "--learning-rate", "0.02", "--normalization", "batch"];
    let epochs = train(&data, &model, &recipe);
    let model = model.to_str().unwrap();

    // Inspect: the contract's keys, torchvision's names.
    let info = json(&["inspect", model, "--json"]);
    for key in ["format", "network", "classes", "parameters", "tensors", "labels", "preprocess"] {
        assert!(keys(&info).contains(&key), "{key}");
    }
    assert_eq!((&info["network"], &info["classes"]), (&"alexnet-32".into(), &3.into()));
    assert_eq!(info["labels"], serde_json::json!(common::CLASSES));
    assert_eq!(info["tensors"][0]["dtype"], "f32");

    // Eval: on everything, at least as good as the last validation says within reason, and far above chance.
    let data = data.to_str().unwrap();
    let found = json(&["eval", "--model", model, "--data", data, "--backend", "cpu", "--json"]);
    assert_eq!(keys(&found), ["ece", "images", "loss", "top1", "top5"]);
    assert_eq!(found["images"], 120);
    let top1 = found["top1"].as_f64().unwrap();
    assert!(top1 > 0.7, "{top1}, {epochs:?}");
    assert_eq!(found["top5"], 1.0);

    // The same model twice is that model.
    let twice =
        json(&["eval", "--model", model, "--model", model, "--data", data, "--backend", "cpu", "--json"]);
    assert_eq!(twice["top1"], found["top1"]);
    assert!((twice["loss"].as_f64().unwrap() - found["loss"].as_f64().unwrap()).abs() < 1e-5);

    // So is its average with itself; one of something else is refused.
    let mean = dir.join("mean.safetensors");
    let mean = mean.to_str().unwrap();
    alexnet(&["average", "--model", model, "--model", model, "--out", mean], 0);
    assert!(read(mean.as_ref()).tensors == read(model.as_ref()).tensors);
    let strangers = refusal(&["average", "--model", model, "--model", "shipped", "--out", mean]);
    assert!(strangers.contains("same layers, width and classes"), "{strangers}");

    // Half precision: half the bytes, the same answers on nearly all images; and back.
    let (half, own) = (dir.join("half.safetensors"), dir.join("own.alexnet"));
    let (half, own) = (half.to_str().unwrap(), own.to_str().unwrap());
    alexnet(&["convert", model, half, "--half"], 0);
    alexnet(&["convert", half, own], 0);
    assert_eq!(json(&["inspect", half, "--json"])["tensors"][0]["dtype"], "f16");
    assert_eq!(json(&["inspect", own, "--json"])["format"], "alexnet");
    let rounded = json(&["eval", "--model", own, "--data", data, "--backend", "cpu", "--json"]);
    assert!((rounded["top1"].as_f64().unwrap() - top1).abs() < 0.03);

    // Every precision: smaller files, nearly the same logits.
    let sizes = json(&["sizes", model, "--data", data, "--backend", "cpu", "--json"]);
    let value = |row: usize, key: &str| sizes[row][key].as_f64().unwrap();
    assert_eq!(keys(&sizes[2]), ["bytes", "images", "logit_error", "loss", "precision", "top1", "top5"]);
    assert!(value(0, "logit_error") == 0.0 && (value(0, "top1") - top1).abs() < 1e-6);
    assert!(value(1, "logit_error") < 1e-2 && value(2, "logit_error") < 5e-2, "{sizes}");
    assert!(
        value(1, "bytes") < value(0, "bytes") * 0.55 && value(2, "bytes") < value(0, "bytes") * 0.35,
        "{sizes}"
    );
    let bytes = dir.join("bytes.safetensors");
    alexnet(&["convert", model, bytes.to_str().unwrap(), "--int8"], 0);
    assert_eq!(std::fs::metadata(&bytes).unwrap().len() as f64, value(2, "bytes"));

    // Classify: one document, broken photos among good ones.
    let photo = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let (good, text, cut) = (photo("good.png"), photo("text.jpg"), photo("cut.png"));
    stripes(1, 500, 90).save(&good).unwrap();
    std::fs::write(&text, "not a picture").unwrap();
    std::fs::write(&cut, &std::fs::read(&good).unwrap()[..60]).unwrap();
    let args = ["classify", &text, &good, &cut, "--model", model, "--top", "2", "--backend", "cpu", "--json"];
    let done = alexnet(&args, 1);
    let answers: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(keys(&answers[0]), ["error", "file"]);
    assert_eq!(keys(&answers[1]), ["file", "milliseconds", "top"]);
    assert_eq!(keys(&answers[2]), ["error", "file"]);
    assert_eq!(answers[1]["top"][0]["label"], "horizontal");
    assert_eq!(keys(&answers[1]["top"][0]), ["index", "label", "probability"]);
    assert_eq!(answers[1]["top"].as_array().unwrap().len(), 2);
}

#[test]
fn two_towers_go_through_every_format() {
    let dir = folder("two_towers_go_through_every_format");
    let data = data_set(&dir, 8);
    let model = dir.join("towers.safetensors");
    let recipe = ["--epochs", "2", "--batch-size", "6", "--width", "0.5", "--network", "alexnet-2012-32"];
    train(&data, &model, &[&recipe[..], &["--response-norm", "bvlc"]].concat());
    let (model, data) = (model.to_str().unwrap(), data.to_str().unwrap());
    let info = json(&["inspect", model, "--json"]);
    assert_eq!(
        (&info["network"], &info["config"]["responseNorm"]),
        (&"alexnet-2012-32".into(), &"bvlc".into())
    );
    let shape = |name: &str| {
        let tensors = info["tensors"].as_array().unwrap();
        tensors.iter().find(|tensor| tensor["name"] == name).unwrap()["shape"].clone()
    };
    // Grouped: each kernel of conv2 reads the eight maps of its own tower.
    assert_eq!(shape("features.4.weight"), serde_json::json!([32, 8, 3, 3]));
    let eval = |file: &str| json(&["eval", "--model", file, "--data", data, "--backend", "cpu", "--json"]);
    let own = dir.join("towers.alexnet");
    alexnet(&["convert", model, own.to_str().unwrap()], 0);
    assert_eq!(eval(own.to_str().unwrap()), eval(model));
    let onnx = dir.join("towers.onnx");
    alexnet(&["convert", model, onnx.to_str().unwrap()], 0);
    assert!(std::fs::metadata(onnx).unwrap().len() > 100_000);
}

#[test]
fn a_pytorch_file_is_described_and_converted() {
    let dir = folder("a_pytorch_file_is_described_and_converted");
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pth");
    let path = |name: &str| fixtures.join(name).to_str().unwrap().to_owned();
    for name in ["zip.pth", "legacy.pth", "checkpoint.pth"] {
        let info = json(&["inspect", &path(name), "--json"]);
        assert_eq!((&info["format"], &info["classes"]), (&"pth".into(), &7.into()), "{name}");
        let out = dir.join(name).with_extension("safetensors");
        alexnet(&["convert", &path(name), out.to_str().unwrap()], 0);
        let converted = json(&["inspect", out.to_str().unwrap(), "--json"]);
        assert_eq!((&converted["format"], &converted["tensors"]), (&"safetensors".into(), &info["tensors"]));
    }
    // The fixture is thinned: to classify, the shapes must be the network's.
    let photo = dir.join("photo.png");
    stripes(1, 64, 64).save(&photo).unwrap();
    let photo = photo.to_str().unwrap();
    let done = alexnet(&["classify", photo, "--model", &path("zip.pth"), "--backend", "cpu"], 1);
    assert!(done.stderr.contains("features.0.weight has the shape [4, 3, 3, 3]"), "{}", done.stderr);
}

#[test]
fn folders_match_classes_by_label_or_id_and_others_are_left_out() {
    let dir = folder("folders_match_classes_by_label_or_id_and_others_are_left_out");
    let data = data_set(&dir, 4);
    let model = dir.join("model.safetensors");
    train(&data, &model, &["--epochs", "1", "--batch-size", "4"]);
    let mut renamed = read(&model);
    for (label, id) in renamed.labels.iter_mut().zip(["n1", "n2", "n3"]) {
        label.id = id.into();
    }
    write(&renamed, &model);
    std::fs::rename(data.join("vertical"), data.join("n3")).unwrap();
    std::fs::rename(data.join("diagonal"), data.join("spots")).unwrap();
    let (data, model) = (data.to_str().unwrap(), model.to_str().unwrap());
    let args = ["eval", "--model", model, "--data", data, "--backend", "cpu", "--json"];
    assert_eq!(json(&args)["images"], 8, "horizontal by its label, n3 by its id");
    assert!(alexnet(&args, 0).stderr.contains("spots"));

    for folder in ["n3", "horizontal"] {
        std::fs::remove_dir_all(std::path::Path::new(data).join(folder)).unwrap();
    }
    assert!(refusal(&args).contains("spots"));
}

#[test]
fn weights_of_another_shape_are_refused() {
    let dir = folder("weights_of_another_shape_are_refused");
    let data = data_set(&dir, 4);
    let model = dir.join("model.safetensors");
    train(&data, &model, &["--epochs", "1", "--batch-size", "4"]);
    let mut wrong = read(&model);
    wrong.network.width = 0.5;
    write(&wrong, &model);
    let (data, model) = (data.to_str().unwrap(), model.to_str().unwrap());
    let line = refusal(&["eval", "--model", model, "--data", data, "--backend", "cpu"]);
    assert!(line.contains("features.0.weight") && line.contains("another network"), "{line}");
}
