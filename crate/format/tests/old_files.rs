//! Model files of an earlier build still open: `tests/fixtures/old-files/README.md`.

#![allow(missing_docs)]

use alexnet_format::{Checkpoint, FileFormat, ModelFile, Precision, inspect};
use alexnet_protocol::{Network, Optimizer, RunOptions};

const RUN: &[u8] = include_bytes!("../../../tests/fixtures/old-files/run.alexnet");
const MODEL: &[u8] = include_bytes!("../../../tests/fixtures/old-files/model.safetensors");

/// The options that the run was configured with; all others were the defaults.
fn options() -> RunOptions {
    RunOptions {
        network: Network::AlexNet32,
        dataset: "fashion-mnist".into(),
        width: 0.125,
        batch_size: 16,
        train_images: 1000,
        dropout: 0.25,
        seed: 7,
        ..RunOptions::default()
    }
}

#[test]
fn a_run_keeps_its_options_step_and_tensors() {
    let checkpoint = Checkpoint::read(RUN).unwrap();
    let run = checkpoint.run.as_ref().unwrap();
    assert_eq!((&run.options, run.step, run.distillation), (&options(), 25, 0.0));
    assert_eq!(run.options.optimizer, Optimizer::Sgd);
    assert_eq!((checkpoint.tensors.len(), run.optimizer.len(), run.average.len()), (16, 16, 0));
    assert!(run.optimizer.contains_key("momentum/features.0.weight"), "{:?}", run.optimizer.keys());
    assert_eq!(checkpoint.labels.len(), 10);
    assert_eq!(checkpoint.labels[9].name, "Ankle boot");
    // Written by this build, it is the same checkpoint.
    let again = checkpoint.write(FileFormat::Alexnet, Precision::F32).unwrap();
    assert_eq!(Checkpoint::read(&again).unwrap(), checkpoint);
}

#[test]
fn a_model_is_that_of_the_run() {
    let (model, run) = (Checkpoint::read(MODEL).unwrap(), Checkpoint::read(RUN).unwrap());
    assert!(model.run.is_none());
    assert_eq!(model.tensors, run.clone().into_model().tensors);
    assert_eq!((model.network, model.preprocess, &model.labels), (run.network, run.preprocess, &run.labels));
    let file = MODEL;
    let opened = ModelFile::open(&file).unwrap();
    assert_eq!(opened.tensor("features.0.weight").unwrap(), model.tensors["features.0.weight"]);
    let info = inspect(MODEL).unwrap();
    assert_eq!((info.format.as_str(), info.network, info.classes), ("safetensors", Network::AlexNet32, 10));
}
