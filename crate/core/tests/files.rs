//! Networks taken from opened files, tensor by tensor.
#![allow(missing_docs)]

mod support;

use alexnet::format::{Checkpoint, FileFormat, ModelFile, Precision};
use alexnet::protocol::{Activation, ClassLabel, Network, NetworkConfig, Normalization};
use alexnet::{Architecture, Classifier, Compute};
use support::{block_on, images, weights};

fn checkpoint() -> Checkpoint {
    let network = NetworkConfig {
        network: Network::AlexNet32,
        classes: 10,
        width: 0.5,
        activation: Activation::Relu,
        normalization: Normalization::Batch,
        dropout: 0.5,
        response_norm: Default::default(),
    };
    Checkpoint {
        network,
        labels: (0..10).map(|i| ClassLabel { id: i.to_string(), name: i.to_string() }).collect(),
        preprocess: Architecture::default_preprocess(network.network),
        calibration: None,
        origin: None,
        tensors: weights(network),
        run: None,
    }
}

fn refused(checkpoint: &Checkpoint) -> String {
    let bytes = checkpoint.write(FileFormat::Safetensors, Precision::F32).unwrap();
    let bytes = bytes.as_slice();
    let file = ModelFile::open(&bytes).unwrap();
    Classifier::from_file(&file, &Compute::cpu()).err().unwrap().to_string()
}

#[test]
fn a_file_answers_as_its_checkpoint_does() {
    for precision in [Precision::F32, Precision::Int8] {
        let bytes = checkpoint().write(FileFormat::Safetensors, precision).unwrap();
        let bytes = bytes.as_slice();
        let file = ModelFile::open(&bytes).unwrap();
        let opened = Classifier::from_file(&file, &Compute::cpu()).unwrap();
        let whole = Classifier::new(&Checkpoint::read(bytes).unwrap(), &Compute::cpu()).unwrap();
        let logits = |classifier: &Classifier| block_on(classifier.logits_of(images(2, 32), 2)).unwrap();
        assert_eq!(logits(&opened), logits(&whole));
        assert_eq!(opened.labels(), whole.labels());
    }
}

#[test]
fn tensors_of_another_network_are_named() {
    let mut wide = checkpoint();
    wide.network.width = 1.0;
    assert!(refused(&wide).contains("shape [16, 3, 3, 3] where alexnet-32 needs [32, 3, 3, 3]"));
    let mut short = checkpoint();
    short.tensors.remove("classifier.4.bias");
    assert!(refused(&short).contains("lack classifier.4.bias"));
    let mut cropped = checkpoint();
    (cropped.preprocess.resize, cropped.preprocess.crop) = (64, 64);
    assert!(refused(&cropped).contains("crops pictures to 64 pixels"));
}
