//! Networks loaded from opened files, tensor by tensor.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;

use alexnet::format::{Checkpoint, FileFormat, ModelFile, Precision, Tensor};
use alexnet::protocol::{Activation, ClassLabel, Network, NetworkConfig, Normalization};
use alexnet::{Architecture, Classifier, Compute};
use support::{block_on, images, relative, weights};

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
    let sentence = Classifier::from_file(&file, &Compute::cpu()).err().unwrap().to_string();
    assert_eq!(Classifier::check(checkpoint).unwrap_err().to_string(), sentence);
    sentence
}

#[test]
fn opened_file_gives_the_same_logits_as_its_checkpoint() {
    for precision in [Precision::F32, Precision::Int8] {
        let bytes = checkpoint().write(FileFormat::Safetensors, precision).unwrap();
        let bytes = bytes.as_slice();
        let file = ModelFile::open(&bytes).unwrap();
        let opened = Classifier::from_file(&file, &Compute::cpu()).unwrap();
        let whole = Classifier::new(&Checkpoint::read(bytes).unwrap(), &Compute::cpu()).unwrap();
        // Small batches multiply int8 weights directly, large ones dequantise them first.
        for count in [2, 9] {
            let logits = |classifier: &Classifier| {
                block_on(classifier.logits_from_pixels(images(count, 32), count)).unwrap()
            };
            let reference: Vec<f64> = logits(&whole).into_iter().map(f64::from).collect();
            let furthest = relative(&logits(&opened), &reference);
            assert!(
                furthest < if precision == Precision::Int8 { 1e-6 } else { f64::MIN_POSITIVE },
                "{furthest}"
            );
        }
        assert_eq!(opened.labels(), whole.labels());
        assert_eq!(block_on(opened.model()).unwrap().tensors, block_on(whole.model()).unwrap().tensors);
        let alike = |classifier: &Classifier| block_on(classifier.similar_classes(0, 3)).unwrap();
        assert_eq!(alike(&opened), alike(&whole));
        let evidence =
            |classifier: &Classifier| block_on(classifier.evidence_map(&[99; 32 * 32 * 3], 1)).unwrap();
        assert_eq!(evidence(&opened).values, evidence(&whole).values);
    }
}

#[test]
fn exported_keys_and_shapes_match_torchvision() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/alexnet-224.json");
    let wanted: BTreeMap<String, Vec<usize>> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let network = NetworkConfig {
        network: Network::AlexNet224,
        classes: 1000,
        width: 1.0,
        normalization: Normalization::None,
        ..checkpoint().network
    };
    // Only the shapes matter here, so the values are zeros.
    let zeros = Architecture::new(network).unwrap().layers.into_iter().flat_map(|layer| layer.tensors());
    let zeros = zeros.map(|(name, shape, _)| {
        let data = vec![0.0; shape.iter().product()];
        (name, Tensor { shape, data })
    });
    let whole = Checkpoint {
        network,
        labels: (0..1000).map(|i| ClassLabel { id: i.to_string(), name: i.to_string() }).collect(),
        preprocess: Architecture::default_preprocess(network.network),
        tensors: zeros.collect(),
        ..checkpoint()
    };
    let bytes = whole.write(FileFormat::Safetensors, Precision::F32).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(file.iter().all(|(_, tensor)| tensor.dtype() == safetensors::Dtype::F32));
    let written = file.iter().map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec()));
    assert_eq!(
        written.collect::<BTreeMap<_, _>>(),
        wanted,
        "load_state_dict(…, strict=True) needs the same keys"
    );
}

#[test]
fn non_finite_weights_are_rejected() {
    for (layer, precision) in [
        ("features.0", Precision::F32),
        ("classifier.4", Precision::F32),
        ("features.0", Precision::Int8),
        // On the CPU these stay int8.
        ("classifier.4", Precision::Int8),
    ] {
        let mut model = checkpoint();
        model.tensors.get_mut(&format!("{layer}.weight")).unwrap().data[3] = f32::INFINITY;
        let bytes = model.write(FileFormat::Safetensors, precision).unwrap();
        let bytes = bytes.as_slice();
        let file = ModelFile::open(&bytes).unwrap();
        let sentence = Classifier::from_file(&file, &Compute::cpu()).err().unwrap().to_string();
        assert!(sentence.contains(&format!("infinity in {layer}.weight")), "{sentence}");
    }
}

#[test]
fn wrong_shapes_and_missing_tensors_are_named() {
    assert!(Classifier::check(&checkpoint()).is_ok());
    let mut wide = checkpoint();
    wide.network.width = 1.0;
    assert!(refused(&wide).contains("shape [16, 3, 3, 3] where alexnet-32 needs [32, 3, 3, 3]"));
    let mut short = checkpoint();
    short.tensors.remove("classifier.4.bias");
    assert!(refused(&short).contains("lack classifier.4.bias"));
    let mut cropped = checkpoint();
    (cropped.preprocess.resize, cropped.preprocess.crop) = (64, 64);
    assert!(refused(&cropped).contains("crops images to 64 pixels"));
}
