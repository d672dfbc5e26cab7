//! Training: output per epoch, saved files, resuming, starting from a model.

#![allow(missing_docs)]

mod common;

use common::{data_set, folder, keys, read, refusal, train};

const SHORT: [&str; 6] = ["--epochs", "2", "--batch-size", "8", "--average", "0.9"];

#[test]
fn each_epoch_prints_one_json_line() {
    let dir = folder("each_epoch_prints_one_json_line");
    let data = data_set(&dir, 12);
    let out = dir.join("model.safetensors");
    let epochs = train(&data, &out, &SHORT);
    assert_eq!(epochs.len(), 2);
    let expected =
        ["epoch", "images_per_second", "loss", "step", "train_top1", "val_loss", "val_top1", "val_top5"];
    assert!(epochs.iter().all(|epoch| keys(epoch) == expected));
    assert_eq!((&epochs[1]["epoch"], &epochs[1]["step"]), (&2.into(), &8.into()));
    for file in ["model.safetensors", "model.best.safetensors", "model.run.alexnet"] {
        read(&dir.join(file));
    }
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 4, "no partial file is left");
}

#[test]
fn resumed_training_gives_the_same_bits() {
    let dir = folder("resumed_training_gives_the_same_bits");
    let data = data_set(&dir, 12);
    let path = |name: &str| dir.join(name);
    train(&data, &path("whole.alexnet"), &SHORT);

    // `--minutes 0` stops after one step and saves.
    let mut stop = SHORT.to_vec();
    stop.extend(["--minutes", "0"]);
    assert!(train(&data, &path("piece.alexnet"), &stop).is_empty(), "no epoch was finished");
    let piece = path("piece.alexnet");
    assert_eq!(read(&piece).run.unwrap().step, 1);
    let rest = train(&data, &path("rest.alexnet"), &["--resume", piece.to_str().unwrap()]);
    assert_eq!(rest.len(), 2);
    // Not `assert_eq!`, which would print every weight.
    let (resumed, whole) = (read(&path("rest.alexnet")), read(&path("whole.alexnet")));
    assert!(resumed.tensors == whole.tensors, "weights differ");
    assert!(resumed.run == whole.run, "optimiser, average or options differ");
    assert!(resumed == whole);
}

#[test]
fn frozen_convolutions_of_a_model_do_not_change() {
    let dir = folder("frozen_convolutions_of_a_model_do_not_change");
    let data = data_set(&dir, 12);
    let (first, second) = (dir.join("first.safetensors"), dir.join("second.safetensors"));
    train(&data, &first, &SHORT);
    let more = ["--model", first.to_str().unwrap(), "--freeze", "conv", "--epochs", "1", "--batch-size", "8"];
    train(&data, &second, &more);
    let (before, after) = (read(&first), read(&second));
    let (conv, fc) = ("features.0.weight", "classifier.6.weight");
    assert!(before.tensors[conv] == after.tensors[conv]);
    assert!(before.tensors[fc] != after.tensors[fc]);
}

#[test]
fn resumed_distillation_keeps_its_share() {
    let dir = folder("resumed_distillation_keeps_its_share");
    let data = data_set(&dir, 12);
    let path = |name: &str| dir.join(name);
    let (teacher, piece) = (path("teacher.safetensors"), path("piece.alexnet"));
    train(&data, &teacher, &SHORT);
    let (teacher, again) = (teacher.to_str().unwrap(), piece.to_str().unwrap());

    let taught = |more: &[&'static str]| [&["--teacher", teacher][..], &SHORT, more].concat();
    train(&data, &path("whole.alexnet"), &taught(&["--distillation", "0.8"]));
    train(&data, &piece, &taught(&["--distillation", "0.8", "--minutes", "0"]));
    train(&data, &path("rest.alexnet"), &["--resume", again, "--teacher", teacher]);
    let (whole, rest) = (read(&path("whole.alexnet")), read(&path("rest.alexnet")));
    assert!(whole == rest, "the share of 0.8 was not the resumed run's");
    train(&data, &path("half.alexnet"), &taught(&[]));
    assert!(read(&path("half.alexnet")).tensors != whole.tensors);

    let (data, out) = (data.to_str().unwrap(), path("none.safetensors"));
    let out = out.to_str().unwrap();
    let alone = ["train", "--data", data, "--resume", again, "--out", out, "--backend", "cpu"];
    assert!(refusal(&alone).contains("--teacher"));
    let stranger = ["train", "--data", data, "--teacher", "shipped", "--out", out, "--backend", "cpu"];
    assert!(refusal(&stranger).contains("other classes"));
}

#[test]
fn non_finite_loss_ends_training_and_keeps_saved_files() {
    let dir = folder("non_finite_loss_ends_training_and_keeps_saved_files");
    let data = data_set(&dir, 12);
    let out = dir.join("model.safetensors");
    let (data, file) = (data.to_str().unwrap(), out.to_str().unwrap());
    let args = [
        "train",
        "--backend",
        "cpu",
        "--data",
        data,
        "--out",
        file,
        "--network",
        "alexnet-32",
        "--width",
        "0.25",
        "--batch-size",
        "8",
        "--epochs",
        "50",
        "--learning-rate",
        "10",
        "--momentum",
        "0.99",
        "--weight-decay",
        "1",
    ];
    let line = refusal(&args);
    assert!(line.contains("lower learning rate"), "{line}");
    if out.exists() {
        assert!(read(&out).tensors.values().all(|t| t.data.iter().all(|v| v.is_finite())));
    }
}

#[test]
fn labels_file_sets_class_order_and_names() {
    let dir = folder("labels_file_sets_class_order_and_names");
    let data = data_set(&dir, 6);
    let (out, list) = (dir.join("model.safetensors"), dir.join("classes.json"));
    std::fs::write(
        &list,
        r#"[{"wnid": "vertical", "words": "upright stripes, columns"},
        {"id": "horizontal", "name": "level stripes"}, {"id": "diagonal", "name": "slanted stripes"}]"#,
    )
    .unwrap();
    train(&data, &out, &["--epochs", "1", "--batch-size", "4", "--labels", list.to_str().unwrap()]);
    let names: Vec<_> = read(&out).labels.into_iter().map(|label| label.name).collect();
    assert_eq!(names, ["upright stripes", "level stripes", "slanted stripes"]);
}

#[test]
fn data_set_with_one_class_is_rejected() {
    let dir = folder("data_set_with_one_class_is_rejected");
    let data = data_set(&dir, 6);
    for class in &common::CLASSES[1..] {
        std::fs::remove_dir_all(data.join(class)).unwrap();
    }
    let out = dir.join("model.safetensors");
    let args =
        ["train", "--backend", "cpu", "--data", data.to_str().unwrap(), "--out", out.to_str().unwrap()];
    assert!(refusal(&args).contains("diagonal"));
    assert!(!out.exists());
}

#[test]
fn a_run_that_diverges_keeps_the_last_good_files() {
    let dir = folder("a_run_that_diverges_keeps_the_last_good_files");
    let data = data_set(&dir, 8);
    let model = dir.join("model.safetensors");
    train(&data, &model, &["--epochs", "1", "--batch-size", "8"]);
    let (run, best) = (dir.join("model.run.alexnet"), dir.join("model.best.safetensors"));
    let (data, out, run_path) = (data.to_str().unwrap(), model.to_str().unwrap(), run.to_str().unwrap());
    let diverge = ["--learning-rate", "1", "--warmup-steps", "0", "--epochs", "200", "--backend", "cpu"];
    let args = [&["train", "--data", data, "--out", out, "--resume", run_path][..], &diverge].concat();
    let reason = refusal(&args);
    assert!(reason.contains("is not a number") || reason.contains("no finite numbers"), "{reason}");
    for path in [&model, &run, &best] {
        // Whatever was saved on the way is finite.
        assert_eq!(read(path).check_finite(), Ok(()), "{}", path.display());
    }
    assert!(!dir.join("model.run.alexnet.partial").exists());
}
