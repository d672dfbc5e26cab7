//! Classify, eval, convert and inspect with a briefly trained model.

#![allow(missing_docs)]

mod common;

use common::{alexnet, data_set, folder, json, keys, pickle, read, refusal, stripes, train, write};

#[test]
fn classify_eval_convert_and_inspect_a_trained_model() {
    let dir = folder("classify_eval_convert_and_inspect_a_trained_model");
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

    // Eval: on all images, far above chance.
    let data = data.to_str().unwrap();
    let found = json(&["eval", "--model", model, "--data", data, "--backend", "cpu", "--json"]);
    assert_eq!(keys(&found), ["ece", "images", "loss", "top1", "top5"]);
    assert_eq!(found["images"], 120);
    let top1 = found["top1"].as_f64().unwrap();
    assert!(top1 > 0.7, "{top1}, {epochs:?}");
    assert_eq!(found["top5"], 1.0);

    // An ensemble of the same model twice is that model.
    let twice =
        json(&["eval", "--model", model, "--model", model, "--data", data, "--backend", "cpu", "--json"]);
    assert_eq!(twice["top1"], found["top1"]);
    assert!((twice["loss"].as_f64().unwrap() - found["loss"].as_f64().unwrap()).abs() < 1e-5);

    // So is its weight average with itself. A different model is refused.
    let mean = dir.join("mean.safetensors");
    let mean = mean.to_str().unwrap();
    alexnet(&["average", "--model", model, "--model", model, "--out", mean], 0);
    assert!(read(mean.as_ref()).tensors == read(model.as_ref()).tensors);
    let strangers = refusal(&["average", "--model", model, "--model", "shipped", "--out", mean]);
    assert!(strangers.contains("same layers, width and classes"), "{strangers}");

    // Half precision: half the bytes, nearly the same accuracy; and back.
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
    assert_eq!(
        keys(&sizes[2]),
        ["bytes", "images", "logit_error", "loss", "precision", "reference", "top1", "top5"]
    );
    assert!(value(0, "logit_error") == 0.0 && (value(0, "top1") - top1).abs() < 1e-6);
    assert!(value(1, "logit_error") < 1e-2 && value(2, "logit_error") < 5e-2, "{sizes}");
    assert!(
        value(1, "bytes") < value(0, "bytes") * 0.55 && value(2, "bytes") < value(0, "bytes") * 0.35,
        "{sizes}"
    );
    let bytes = dir.join("bytes.safetensors");
    alexnet(&["convert", model, bytes.to_str().unwrap(), "--int8"], 0);
    assert_eq!(std::fs::metadata(&bytes).unwrap().len() as f64, value(2, "bytes"));

    // Classify: one document, with damaged photos among good ones.
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
fn grouped_network_converts_to_every_format() {
    let dir = folder("grouped_network_converts_to_every_format");
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
    // Grouped: each kernel of conv2 reads the eight channels of its own group.
    assert_eq!(shape("features.4.weight"), serde_json::json!([32, 8, 3, 3]));
    let eval = |file: &str| json(&["eval", "--model", file, "--data", data, "--backend", "cpu", "--json"]);
    let own = dir.join("towers.alexnet");
    alexnet(&["convert", model, own.to_str().unwrap()], 0);
    assert_eq!(eval(own.to_str().unwrap()), eval(model));
    let onnx = dir.join("towers.onnx");
    alexnet(&["convert", model, onnx.to_str().unwrap()], 0);
    assert!(std::fs::metadata(onnx).unwrap().len() > 100_000);
}

/// torchvision's AlexNet with all weights equal, stored once.
fn full_size() -> Vec<u8> {
    let shapes: &[(&str, &[i64])] = &[
        ("features.0", &[64, 3, 11, 11]),
        ("features.3", &[192, 64, 5, 5]),
        ("features.6", &[384, 192, 3, 3]),
        ("features.8", &[256, 384, 3, 3]),
        ("features.10", &[256, 256, 3, 3]),
        ("classifier.1", &[4096, 9216]),
        ("classifier.4", &[4096, 4096]),
        ("classifier.6", &[1000, 4096]),
    ];
    let mut tensors = Vec::new();
    for (layer, shape) in shapes {
        tensors.push((format!("{layer}.weight"), pickle::view(1, 0, shape, &vec![0; shape.len()])));
        tensors.push((format!("{layer}.bias"), pickle::view(1, 0, &shape[..1], &[0])));
    }
    let tensors: Vec<_> = tensors.iter().map(|(key, view)| (key.as_str(), view.clone())).collect();
    let storage: &[(&str, &[u8])] = &[("archive/data/0", &0.01f32.to_le_bytes())];
    pickle::archive_with(&pickle::dictionary(&tensors), storage, zip::CompressionMethod::Stored)
}

#[test]
fn pytorch_file_is_inspected_and_converted() {
    let dir = folder("pytorch_file_is_inspected_and_converted");
    let (file, out) = (dir.join("full.pth"), dir.join("full.safetensors"));
    std::fs::write(&file, full_size()).unwrap();
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    let info = json(&["inspect", file, "--json"]);
    assert_eq!((&info["format"], &info["parameters"]), (&"pth".into(), &61_100_840.into()));
    assert_eq!((&info["problem"], &info["origin"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    alexnet(&["convert", file, out, "--int8", "--origin", "Made by a test."], 0);
    let converted = json(&["inspect", out, "--json"]);
    assert_eq!(
        (&converted["format"], &converted["origin"]),
        (&"safetensors".into(), &"Made by a test.".into())
    );
    let shapes = |info: &serde_json::Value| {
        let tensors = info["tensors"].as_array().unwrap().iter();
        tensors.map(|tensor| (tensor["name"].clone(), tensor["shape"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(shapes(&converted), shapes(&info));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn weights_that_fit_no_network_are_inspected_but_not_converted() {
    let dir = folder("weights_that_fit_no_network_are_inspected_but_not_converted");
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pth");
    let out = dir.join("out.safetensors");
    let photo = dir.join("photo.png");
    stripes(1, 64, 64).save(&photo).unwrap();
    // The fixtures have fewer channels.
    let sentence = "features.0.weight has the shape [4, 3, 3, 3] where alexnet-224 needs [64, 3, 11, 11]: these \
                    weights belong to another network";
    for name in ["zip.pth", "legacy.pth", "checkpoint.pth"] {
        let file = fixtures.join(name);
        let file = file.to_str().unwrap();
        let info = json(&["inspect", file, "--json"]);
        assert_eq!((&info["format"], &info["classes"]), (&"pth".into(), &7.into()), "{name}");
        assert_eq!(info["problem"], format!("{sentence}."));
        let table = alexnet(&["inspect", file], 0).stdout;
        assert!(table.contains(&format!("problem     {sentence}.")), "{table}");
        let line = refusal(&["convert", file, out.to_str().unwrap()]);
        assert_eq!(line, format!("error: {file}: {sentence}"));
        let line = refusal(&["classify", photo.to_str().unwrap(), "--model", file, "--backend", "cpu"]);
        assert!(line.contains(sentence), "{line}");
    }
    assert!(!out.exists());
}

#[test]
fn run_state_is_never_quantised() {
    let dir = folder("run_state_is_never_quantised");
    let data = data_set(&dir, 4);
    let run = dir.join("run.alexnet");
    train(&data, &run, &["--epochs", "1", "--batch-size", "4"]);
    let (run, copy) = (run.to_str().unwrap(), dir.join("copy.alexnet"));
    let copy = copy.to_str().unwrap();
    for precision in ["--int8", "--half"] {
        let line = refusal(&["convert", run, copy, precision]);
        assert!(line.contains("only from single precision") && line.contains(".safetensors"), "{line}");
    }
    assert!(!std::path::Path::new(copy).exists());
    alexnet(&["convert", run, copy], 0);
    assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(run).unwrap());
    let model = dir.join("model.safetensors");
    let model = model.to_str().unwrap();
    alexnet(&["convert", run, model, "--int8"], 0);
    // A finished model can be quantised in either format.
    alexnet(&["convert", model, copy, "--half"], 0);
    assert_eq!(json(&["inspect", copy, "--json"])["tensors"][0]["dtype"], "f16");

    // For a file that is quantised already, `sizes` says so.
    let data = data.to_str().unwrap();
    let sizes = ["sizes", model, "--data", data, "--backend", "cpu"];
    let rows = json(&[&sizes[..], &["--json"]].concat());
    assert!(rows.as_array().unwrap().iter().all(|row| row["reference"] == "int8"), "{rows}");
    assert!(
        alexnet(&sizes, 0)
            .stdout
            .contains("The file holds int8: the error is measured against these rounded weights")
    );
}

#[test]
fn non_finite_weights_are_rejected() {
    let dir = folder("non_finite_weights_are_rejected");
    let data = data_set(&dir, 4);
    let model = dir.join("model.safetensors");
    train(&data, &model, &["--epochs", "1", "--batch-size", "4"]);
    let mut broken = read(&model);
    broken.tensors.get_mut("classifier.6.weight").unwrap().data[3] = f32::NAN;
    write(&broken, &model);
    let (data, model, out) = (data.to_str().unwrap(), model.to_str().unwrap(), dir.join("out.onnx"));
    let words = "infinity in classifier.6.weight";
    assert!(json(&["inspect", model, "--json"])["problem"].as_str().unwrap().contains(words));
    for args in [
        &["convert", model, out.to_str().unwrap()][..],
        &["eval", "--model", model, "--data", data, "--backend", "cpu"],
        &["sizes", model, "--data", data, "--backend", "cpu"],
        &["average", "--model", model, "--model", model, "--out", out.to_str().unwrap()],
    ] {
        let line = refusal(args);
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn folders_match_classes_by_label_or_id() {
    let dir = folder("folders_match_classes_by_label_or_id");
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
fn weights_of_another_shape_are_rejected() {
    let dir = folder("weights_of_another_shape_are_rejected");
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
