//! Fine-tuning: from a network with its own classes to one with yours.

#![allow(missing_docs)]

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use alexnet_protocol::{Freeze, RunOptions, fine_tuning};
use common::{CLASSES, alexnet, data_set, folder, json, lines, read, refusal, stripes, train, write};

/// A network trained briefly on stripes, with other classes than the tests'.
fn parent(dir: &Path) -> PathBuf {
    let data = data_set(dir, 8);
    fs::rename(data.join("vertical"), data.join("upright")).unwrap();
    let file = dir.join("parent.safetensors");
    train(&data, &file, &["--epochs", "1", "--batch-size", "8", "--normalization", "batch"]);
    fs::remove_dir_all(&data).unwrap();
    file
}

fn tune<'a>(data: &'a Path, parent: &'a Path, out: &'a Path) -> Vec<&'a str> {
    let [data, parent, out] = [data, parent, out].map(|path| path.to_str().unwrap());
    let args =
        ["train", "--backend", "cpu", "--data", data, "--model", parent, "--freeze", "conv", "--out", out];
    args.to_vec()
}

/// A project as the page exports it: images, the order of the classes, the network.
fn project(file: &Path, network: &Path) {
    let mut zip = zip::ZipWriter::new(fs::File::create(file).unwrap());
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    };
    add(
        "project.json",
        br#"{"name": "Stripes", "classes": [{"name": "up/down", "folder": "vertical"}, "diagonal",
        "horizontal"]}"#,
    );
    add("network.safetensors", &fs::read(network).unwrap());
    for (class, name) in CLASSES.iter().enumerate() {
        for number in 0..12 {
            let split = if number < 9 { "train" } else { "val" };
            let mut png = std::io::Cursor::new(Vec::new());
            stripes(class, number, 40).write_to(&mut png, image::ImageFormat::Png).unwrap();
            add(&format!("{split}/{name}/{number}.png"), png.get_ref());
        }
    }
    zip.finish().unwrap();
}

#[test]
fn exported_project_is_fine_tuned_with_the_recipe() {
    let dir = folder("exported_project_is_fine_tuned_with_the_recipe");
    let parent = parent(&dir);
    let (data, out) = (dir.join("stripes.zip"), dir.join("mine.safetensors"));
    project(&data, &parent);
    let mut args = tune(&data, &parent, &out);
    args.extend(["--epochs", "3"]);
    let done = alexnet(&args, 0);
    assert!(!done.stderr.contains("skipped"), "{}", done.stderr);
    assert!(done.stderr.contains("27 training and 9 validation images"), "{}", done.stderr);
    let mine = read(&out);
    let names: Vec<_> = mine.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["up/down", "diagonal", "horizontal"]);
    let run = read(&dir.join("mine.run.alexnet")).run.unwrap();
    let RunOptions { network, width, normalization, .. } = run.options;
    let recipe = RunOptions {
        dataset: "stripes".into(),
        epochs: 3,
        batch_size: 27,
        network,
        width,
        normalization,
        ..fine_tuning().head
    };
    assert_eq!((run.options, recipe.freeze), (recipe, Freeze::Conv));
    // The network inside the project is the same as the file of it.
    let [data, parent] = [&data, &parent].map(|path| path.to_str().unwrap());
    let inspected = |model| json(&["inspect", model, "--json"]);
    assert_eq!(inspected(data), inspected(parent));
    // The page's models know classes by name only.
    let mut named = mine;
    named.labels.iter_mut().for_each(|label| label.id.clone_from(&label.name));
    write(&named, &out);
    let found = json(&["eval", "--model", out.to_str().unwrap(), "--data", data, "--json"]);
    assert_eq!(found["images"], 9);
}

#[test]
fn tiny_and_damaged_data_sets() {
    let dir = folder("tiny_and_damaged_data_sets");
    let parent = parent(&dir);
    let (data, out) = (data_set(&dir, 5), dir.join("mine.safetensors"));
    let refused = || refusal(&tune(&data, &parent, &out));
    let keep = |class: &str, images: usize| {
        for number in images..5 {
            let file = data.join(class).join(format!("{number:03}.png"));
            if file.exists() {
                fs::remove_file(file).unwrap();
            }
        }
    };

    // A damaged image among good ones is named and left out.
    fs::write(data.join("diagonal/000.png"), b"no picture").unwrap();
    let mut args = tune(&data, &parent, &out);
    args.extend(["--epochs", "1"]);
    let done = alexnet(&args, 0);
    assert!(done.stderr.contains("skipped: diagonal/000.png: "), "{}", done.stderr);
    fs::remove_file(data.join("diagonal/000.png")).unwrap();
    fs::remove_file(&out).unwrap();

    // One image per class is enough to train, and one more to validate on.
    for class in ["horizontal", "vertical"] {
        keep(class, 1);
    }
    keep("diagonal", 3);
    assert_eq!(fs::read_dir(data.join("diagonal")).unwrap().count(), 2);
    args.push("--json");
    assert_eq!(lines(&args).len(), 1);
    fs::remove_file(&out).unwrap();
    keep("diagonal", 2);
    assert!(refused().contains("only one image, so none is left for validation"), "{}", refused());

    for class in ["horizontal", "vertical"] {
        fs::remove_dir_all(data.join(class)).unwrap();
    }
    assert!(refused().contains("only one image"), "{}", refused());
    stripes(0, 7, 40).save(data.join("diagonal/007.png")).unwrap();
    assert!(refused().contains("only one class, “diagonal”"), "{}", refused());
    fs::remove_dir_all(data.join("diagonal")).unwrap();
    assert!(refused().contains("no image in the data set"), "{}", refused());
    assert!(!out.exists());
}

#[test]
fn imagenette_reaches_70_percent() {
    let data =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/imagenette/imagenette-small.zip");
    if !data.exists() {
        println!("skipped: {} is not there, and no other photos will do", data.display());
        return;
    }
    let dir = folder("imagenette_reaches_70_percent");
    let out = dir.join("mine.safetensors");
    let mut args = tune(&data, Path::new("shipped"), &out);
    args.push("--json");
    let epochs = lines(&args);
    assert_eq!(epochs.len(), fine_tuning().head.epochs as usize);
    let last = epochs.last().unwrap();
    // 74 to 75 %, depending on the seed. Chance is 10 %.
    assert!(last["val_top1"].as_f64().unwrap() > 0.7, "{last}");
}

#[test]
fn training_uses_the_models_preprocessing() {
    let dir = folder("training_uses_the_models_preprocessing");
    let parent = parent(&dir);
    // A model whose crop is the middle of the image.
    let mut model = read(&parent);
    model.preprocess.resize = 56;
    write(&model, &parent);
    let (data, out) = (dir.join("stripes.zip"), dir.join("mine.safetensors"));
    project(&data, &parent);
    let epochs = lines(&[&tune(&data, &parent, &out)[..], &["--epochs", "2", "--json"]].concat());
    let measured = json(&[
        "eval",
        "--model",
        out.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
        "--backend",
        "cpu",
        "--json",
    ]);
    let [told, found] =
        [&epochs.last().unwrap()["val_loss"], &measured["loss"]].map(|loss| loss.as_f64().unwrap());
    assert!((told - found).abs() < 1e-5, "{told} while load_training, {found} afterwards");
}

#[test]
fn narrower_width_starts_from_a_subset_of_the_models_filters() {
    let dir = folder("narrower_width_starts_from_a_subset_of_the_models_filters");
    let parent = parent(&dir);
    let (data, out) = (data_set(&dir, 8), dir.join("thin.safetensors"));
    let [data, model, file] = [&data, &parent, &out].map(|path| path.to_str().unwrap());
    let begin =
        ["train", "--backend", "cpu", "--data", data, "--model", model, "--out", file, "--epochs", "1"];
    let rate = ["--learning-rate", "0.000001", "--seed", "3"];
    alexnet(&[&begin[..], &rate, &["--width", "0.125"]].concat(), 0);
    let (thin, whole) = (read(&out), read(&parent));
    assert_eq!((thin.network.width, whole.network.width), (0.125, 0.25));
    let filters = &thin.tensors["features.0.weight"];
    assert_eq!(filters.shape, [4, 3, 3, 3]);
    // At this learning rate every filter is still close to one of the parent's.
    let parents = &whole.tensors["features.0.weight"].data;
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(filters.data.chunks(27).all(|filter| parents.chunks(27).any(|own| near(own, filter))));
    let line = refusal(&[&begin[..], &["--width", "0.5"]].concat());
    assert!(line.contains("has width 0.25"), "{line}");
}
