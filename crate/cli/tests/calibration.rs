//! Calibrating a model, and evaluating an ensemble.

#![allow(missing_docs)]

mod common;

use common::{alexnet, data_set, folder, json, keys, read, refusal, train, write};

#[test]
fn overconfident_model_is_calibrated_in_place() {
    let dir = folder("overconfident_model_is_calibrated_in_place");
    let data = data_set(&dir, 40);
    let (model, small) = (dir.join("model.safetensors"), dir.join("bytes.safetensors"));
    train(&data, &model, &["--epochs", "2", "--batch-size", "12", "--learning-rate", "0.02"]);
    let mut sure = read(&model);
    for name in ["classifier.6.weight", "classifier.6.bias"] {
        sure.tensors.get_mut(name).unwrap().data.iter_mut().for_each(|value| *value *= 50.0);
    }
    write(&sure, &model);
    let (data, model, small) = (data.to_str().unwrap(), model.to_str().unwrap(), small.to_str().unwrap());
    alexnet(&["convert", model, small, "--int8"], 0);
    let size = |path: &str| std::fs::metadata(path).unwrap().len();
    let before = size(small);
    let measured = || json(&["eval", "--model", small, "--data", data, "--backend", "cpu", "--json"]);
    let (sure, found) =
        (measured(), json(&["calibrate", small, "--data", data, "--backend", "cpu", "--json"]));
    let number = |of: &serde_json::Value, key: &str| of[key].as_f64().unwrap();
    assert_eq!(found["images"], 120);
    assert!(number(&found, "ece_after") < 0.7 * number(&found, "ece_before"), "{found}");
    assert!(number(&found, "loss_after") < number(&found, "loss_before"), "{found}");
    assert!(number(&found, "temperature") > 2.0, "{found}");

    // The same top classes, other probabilities, still int8. The file records the calibration.
    let calibrated = measured();
    assert_eq!((&calibrated["top1"], &calibrated["top5"]), (&sure["top1"], &sure["top5"]));
    assert!(number(&calibrated, "ece") < 0.7 * number(&sure, "ece"), "{sure} {calibrated}");
    let info = json(&["inspect", small, "--json"]);
    for key in ["temperature", "doubt"] {
        assert!((number(&info["calibration"], key) - number(&found, key)).abs() < 1e-5, "{info}");
    }
    assert!(info["tensors"].as_array().unwrap().iter().any(|tensor| tensor["dtype"] == "i8"));
    assert!(size(small).abs_diff(before) < 600);
    assert!(alexnet(&["inspect", small], 0).stdout.contains("calibrated  temperature"));

    // A second calibration replaces the first instead of adding to it.
    let again = json(&["calibrate", small, "--data", data, "--unknown", data, "--backend", "cpu", "--json"]);
    // Images that are no others are told from themselves by chance alone.
    let told = &again["unknown"][0];
    assert_eq!(told["images"], 120);
    assert!((number(&told["energy"], "auroc") - 0.5).abs() < 0.02, "{told}");
    assert!(number(told, "detected") < 0.1, "{told}");
    let energy = number(&info["calibration"]["outOfDistribution"], "energy");
    assert!((number(&found["out_of_distribution"], "energy") - energy).abs() < 1e-3, "{found} {info}");
    let ratio = number(&again, "temperature") / number(&found, "temperature");
    assert!((ratio - 1.0).abs() < 1e-2, "{found} {again}");

    // New class names, written to another file.
    let (names, out) = (dir.join("names.json"), dir.join("named.safetensors"));
    let listed = common::CLASSES.map(|id| serde_json::json!({"id": id, "name": format!("{id} stripes")}));
    std::fs::write(&names, serde_json::json!(listed).to_string()).unwrap();
    let (names, out) = (names.to_str().unwrap(), out.to_str().unwrap());
    alexnet(&["calibrate", small, "--data", data, "--labels", names, "--out", out, "--backend", "cpu"], 0);
    assert_eq!(json(&["inspect", out, "--json"])["labels"][0], "diagonal stripes");
    assert_eq!(json(&["inspect", small, "--json"])["labels"][0], "diagonal");

    // Images resized to slightly more than the crop.
    alexnet(&["calibrate", small, "--data", data, "--resize", "36", "--out", out, "--backend", "cpu"], 0);
    assert_eq!(json(&["inspect", out, "--json"])["preprocess"]["resize"], 36);
    let line = refusal(&["calibrate", small, "--data", data, "--resize", "20", "--backend", "cpu"]);
    assert!(line.contains("32 × 32 pixels, so use 32 to 64"), "{line}");
}

#[test]
fn eval_and_classify_average_the_same_crops() {
    let dir = folder("eval_and_classify_average_the_same_crops");
    let data = data_set(&dir, 12);
    let model = dir.join("model.safetensors");
    train(&data, &model, &["--epochs", "2", "--batch-size", "12"]);
    let (data, model) = (data.to_str().unwrap(), model.to_str().unwrap());
    let losses = ["one", "mirrored", "ten"].map(|views| {
        let found =
            json(&["eval", "--model", model, "--data", data, "--views", views, "--backend", "cpu", "--json"]);
        assert_eq!(found["images"], 36);
        found["loss"].as_f64().unwrap()
    });
    assert!(losses.iter().all(|loss| loss.is_finite()) && losses[0] != losses[1] && losses[1] != losses[2]);

    // One image through `eval` and through `classify`: the same probability for its class.
    let class = common::CLASSES[0];
    let from =
        std::fs::read_dir(std::path::Path::new(data).join(class)).unwrap().next().unwrap().unwrap().path();
    let alone = dir.join("alone");
    std::fs::create_dir_all(alone.join(class)).unwrap();
    let photo = alone.join(class).join("photo.png");
    std::fs::copy(from, &photo).unwrap();
    for views in ["one", "ten"] {
        let with = ["--model", model, "--views", views, "--backend", "cpu", "--json"];
        let alone = ["eval", "--data", alone.to_str().unwrap()];
        let loss = json(&[&alone[..], &with].concat())["loss"].as_f64().unwrap();
        let answer = json(&[&["classify", photo.to_str().unwrap()][..], &with].concat());
        let top = answer[0]["top"].as_array().unwrap();
        let own = top.iter().find(|guess| guess["label"] == class).unwrap();
        assert!((own["probability"].as_f64().unwrap() - (-loss).exp()).abs() < 1e-5, "{loss} {answer}");
    }
}

#[test]
fn too_few_images_and_the_shipped_model_are_not_calibrated() {
    let dir = folder("too_few_images_and_the_shipped_model_are_not_calibrated");
    let data = data_set(&dir, 4);
    let model = dir.join("model.safetensors");
    train(&data, &model, &["--epochs", "1", "--batch-size", "4"]);
    let (data, model) = (data.to_str().unwrap(), model.to_str().unwrap());
    let bytes = std::fs::read(model).unwrap();
    let line = refusal(&["calibrate", model, "--data", data, "--backend", "cpu"]);
    assert!(line.contains("12 images are too few to calibrate a model: use 40 or more"), "{line}");
    assert_eq!(std::fs::read(model).unwrap(), bytes);
    let line = refusal(&["calibrate", "shipped", "--data", data, "--backend", "cpu"]);
    assert!(line.contains("choose a file with --out"), "{line}");
}

#[test]
fn eval_reports_members_and_ensemble() {
    let dir = folder("eval_reports_members_and_ensemble");
    let data = data_set(&dir, 12);
    let paths = ["1", "2"].map(|seed| {
        let model = dir.join(format!("model-{seed}.safetensors"));
        train(&data, &model, &["--epochs", "4", "--batch-size", "12", "--seed", seed]);
        model.to_str().unwrap().to_owned()
    });
    let data = data.to_str().unwrap();
    let args = ["eval", "--model", &paths[0], "--model", &paths[1], "--data", data, "--backend", "cpu"];
    let found = json(&[&args[..], &["--json"]].concat());
    assert_eq!(keys(&found), ["ece", "images", "loss", "models", "top1", "top5"]);
    let models = found["models"].as_array().unwrap();
    assert_eq!(models[0]["model"], "model-1.safetensors");
    assert_eq!((&models[1]["network"], &models[1]["width"]), (&"alexnet-32".into(), &0.25.into()));
    // Each member as if it were evaluated alone.
    for (path, member) in paths.iter().zip(models) {
        let alone = json(&["eval", "--model", path, "--data", data, "--backend", "cpu", "--json"]);
        assert_eq!((&member["top1"], &member["images"]), (&alone["top1"], &alone["images"]));
        assert!((member["loss"].as_f64().unwrap() - alone["loss"].as_f64().unwrap()).abs() < 1e-4);
    }
    // The loss of averaged probabilities is at most the mean of the losses (Jensen).
    let loss = |of: &serde_json::Value| of["loss"].as_f64().unwrap();
    assert!(loss(&found) <= (loss(&models[0]) + loss(&models[1])) / 2.0 + 1e-5, "{found}");
    let table = alexnet(&args, 0).stdout;
    assert!(table.contains("average of 2") && table.contains("40.7 %       18.2 %"), "{table}");
}
