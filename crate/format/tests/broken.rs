//! What is no checkpoint becomes one sentence.

#![allow(missing_docs)]

mod common;

use alexnet_format::{Checkpoint, FileFormat, FormatError, ModelFile, Precision, Tensor, inspect};
use alexnet_protocol::{Calibration, OutOfDistribution};
use common::{bare, checkpoint, raw, torchvision};
use proptest::prelude::*;

fn refusal(bytes: &[u8]) -> FormatError {
    let error = Checkpoint::read(bytes).unwrap_err();
    assert_eq!(inspect(bytes).unwrap_err(), error);
    let sentence = error.to_string();
    assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
    error
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = checkpoint(true).write(FileFormat::Alexnet, Precision::F32).unwrap();
    for end in 0..bytes.len() {
        let error = refusal(&bytes[..end]);
        if end > 8 {
            assert!(matches!(error, FormatError::Truncated { .. }), "{end}: {error}");
        }
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    let mut bytes = checkpoint(false).write(FileFormat::Safetensors, Precision::F32).unwrap();
    bytes.extend([0; 3]);
    assert!(refusal(&bytes).to_string().contains("3 bytes too many"));
}

#[test]
fn other_files_are_named() {
    for (bytes, name) in [
        (&b""[..], "empty"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "web page"),
        (b"\n <html>", "web page"),
        (b"PK\x03\x04\x14\0\0\0alexnet-owt/data.pkl", "PyTorch"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "LFS"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image"),
        (b"{\"message\": \"Not Found\"}", "JSON"),
        (b"Hello, this is a text file.", "something else"),
        (b"\0\0\0", "something else"),
    ] {
        let sentence = refusal(bytes).to_string();
        assert!(sentence.contains(name), "{sentence}");
    }
}

#[test]
fn hostile_headers_are_refused() {
    let entry = |shape: &str, end: u64| {
        raw(&format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#), 16)
    };
    let (contradicts, no_list) = ("(its header contradicts itself)", "(its header is not a list of tensors)");
    let larger = "(its header is larger than that of any network)";
    for (bytes, words) in [
        (entry("[4611686018427387904, 4]", 16), contradicts),
        (entry("[18446744073709551615]", 16), contradicts),
        (entry("[4]", u64::MAX), contradicts),
        (entry("[2]", 16), contradicts),
        (entry("[-1]", 16), no_list),
        (entry("[1e400]", 16), no_list),
        (raw(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[8,4]}}"#, 16), contradicts),
        (raw(r#"{"a":"#, 16), no_list),
        (raw(&"{\"a\":".repeat(100_000), 0), no_list),
        ([&u64::MAX.to_le_bytes()[..], b"{}"].concat(), larger),
        ([&(1u64 << 40).to_le_bytes()[..], b"{\"a\":"].concat(), larger),
        (entry("[1,1,1,1,1,1,1,1,1,1,1,4]", 16), "a tensor of 12 dimensions"),
    ] {
        let sentence = refusal(&bytes).to_string();
        assert!(sentence.contains(words), "{sentence}");
    }
    // A name is repeated as far as a person reads.
    let mut tensors = torchvision(10);
    tensors.push((format!("a\n{}", "b".repeat(10_000)), common::tensor(&[2], 0.0)));
    let sentence = refusal(&bare(&tensors)).to_string();
    assert!(sentence.contains(r"“a\nbbb") && sentence.len() < 300, "{sentence}");
}

#[test]
fn a_header_of_millions_of_tensors_is_refused_before_it_is_parsed() {
    let mut header = String::from("{");
    for i in 0..400_000 {
        header.push_str(&format!(r#""{i}":{{"dtype":"F32","shape":[],"data_offsets":[0,0]}},"#));
    }
    header.push_str("\"x\":0}");
    assert!(matches!(refusal(&raw(&header, 0)), FormatError::Damaged { .. }));
}

#[test]
fn a_crowd_of_tensors_is_refused_before_one_is_looked_for() {
    let mut header = String::from("{");
    for i in 0..200_000 {
        header.push_str(&format!(r#""{i}.scale":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}},"#));
    }
    let bytes = raw(&format!("{}}}", header.trim_end_matches(',')), 0);
    let sentence = refusal(&bytes).to_string();
    assert!(sentence.contains("it holds 200000 tensors, more than any network"), "{sentence}");
}

#[test]
fn a_tensor_without_numbers_cannot_ask_for_many_classes() {
    let mut tensors = torchvision(10);
    for (name, tensor) in &mut tensors {
        if name.starts_with("classifier.6") {
            *tensor = Tensor { shape: vec![1 << 40, 0], data: vec![] };
        }
    }
    assert!(matches!(refusal(&bare(&tensors)), FormatError::Description { .. }));
}

#[test]
fn a_tensor_too_few_or_too_many_is_named() {
    let mut tensors = torchvision(10);
    tensors.push(("features.12.weight".into(), common::tensor(&[2], 0.0)));
    let sentence = refusal(&bare(&tensors)).to_string();
    assert!(sentence.contains("features.12.weight"), "{sentence}");

    let tensors: Vec<_> =
        torchvision(10).into_iter().filter(|(name, _)| name != "classifier.4.bias").collect();
    let sentence = refusal(&bare(&tensors)).to_string();
    assert!(sentence.contains("lacks") && sentence.contains("classifier.4.bias"), "{sentence}");
}

const CALIBRATION: Calibration = Calibration {
    temperature: 1.2,
    confidence_threshold: 0.4,
    ece_before: 0.1,
    ece_after: 0.02,
    images: 3000,
    out_of_distribution: None,
};

#[test]
fn descriptions_that_cannot_be_are_refused() {
    type Edit = fn(&mut Checkpoint);
    let edits: [(&str, Edit); 8] = [
        ("the temperature 0", |c| c.calibration = Some(Calibration { temperature: 0.0, ..CALIBRATION })),
        ("energy", |c| {
            let out_of_distribution = Some(OutOfDistribution {
                energy: f32::NAN,
                contrast: 10.0,
                roughness: [0.1, 0.5],
                flatness: 0.6,
                false_alarms: 0.05,
            });
            c.calibration = Some(Calibration { out_of_distribution, ..CALIBRATION });
        }),
        ("labels", |c| drop(c.labels.pop())),
        ("classes", |c| c.network.classes = 0),
        ("Width", |c| c.network.width = f64::INFINITY),
        ("Dropout", |c| c.network.dropout = 1.5),
        ("cropped", |c| c.preprocess.crop = 1000),
        ("standard deviations", |c| c.preprocess.std[1] = 0.0),
    ];
    for (word, edit) in edits {
        let mut broken = checkpoint(false);
        edit(&mut broken);
        let sentence = broken.write(FileFormat::Safetensors, Precision::F32).unwrap_err().to_string();
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[test]
fn a_newer_layout_and_a_foreign_network_are_told() {
    let description = |json: &str| {
        let json = serde_json::to_string(json).unwrap();
        raw(&format!(r#"{{"__metadata__":{{"alexnet":{json}}}}}"#), 0)
    };
    assert!(matches!(refusal(&description(r#"{"version":9}"#)), FormatError::Newer { found: 9, .. }));
    assert!(matches!(refusal(&description("{}")), FormatError::Damaged { .. }));
    let bytes = checkpoint(false).write(FileFormat::Safetensors, Precision::F32).unwrap();
    let at = bytes.windows(10).position(|w| w == b"alexnet-32").unwrap();
    let foreign = [&bytes[..at], b"resnet-152", &bytes[at + 10..]].concat();
    assert!(refusal(&foreign).to_string().contains("resnet-152"));
}

#[test]
fn a_tensor_that_its_numbers_do_not_fill_is_not_written() {
    let mut broken = checkpoint(false);
    broken.tensors.insert("x".into(), Tensor { shape: vec![2, 2], data: vec![0.0; 3] });
    let error = broken.write(FileFormat::Safetensors, Precision::F32).unwrap_err();
    assert_eq!(error, FormatError::Shape { name: "x".into(), shape: vec![2, 2].into(), numbers: 3 });
}

#[test]
fn whole_numbers_are_no_weights() {
    let bytes = raw(r#"{"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}"#, 16);
    assert!(matches!(refusal(&bytes), FormatError::MissingTensor { .. }));
}

/// Reads the whole, and through a file that is opened first, every tensor and every tensor's bytes.
fn no_numbers(bytes: &[u8]) -> String {
    let error = Checkpoint::read(bytes).unwrap_err();
    let file = ModelFile::open(&bytes).unwrap();
    let read = |name: &String| file.bytes(name).map(drop).and_then(|()| file.tensor(name).map(drop));
    let info = file.info();
    let mut names = info.tensors.into_iter().map(|tensor| tensor.name).filter(|name| !name.contains('/'));
    let other = names.find_map(|name| read(&name).err());
    assert_eq!(other.unwrap_or_else(|| error.clone()), error);
    error.to_string()
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let sentence = |name: &str| {
        format!(
            "The weights are not all finite numbers (NaN or infinity in {name}): the file is damaged or its training \
             failed, so use another file."
        )
    };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for precision in [Precision::F32, Precision::F16, Precision::Int8] {
            let mut model = checkpoint(false);
            model.tensors.get_mut("classifier.6.weight").unwrap().data[5] = value;
            let bytes = model.write(FileFormat::Safetensors, precision).unwrap();
            // A byte's scale is the largest of its row, which a NaN is not.
            if !(value.is_nan() && precision == Precision::Int8) {
                assert_eq!(no_numbers(&bytes), sentence("classifier.6.weight"), "{value} {precision:?}");
            }
        }
        let mut tensors = torchvision(10);
        tensors[3].1.data[0] = value;
        assert_eq!(no_numbers(&bare(&tensors)), sentence(&tensors[3].0));
        // A run that goes on from them would not be one.
        let mut run = checkpoint(true);
        run.run.as_mut().unwrap().average.get_mut("features.0.bias").unwrap().data[1] = value;
        let bytes = run.write(FileFormat::Alexnet, Precision::F32).unwrap();
        assert_eq!(no_numbers(&bytes), sentence("average/features.0.bias"));
    }
    // Finite, but not once its bytes are widened.
    let model = checkpoint(false);
    let bytes = model.write(FileFormat::Safetensors, Precision::Int8).unwrap();
    let at = bytes.windows(4).position(|window| {
        let largest =
            model.tensors["features.0.weight"].data[..27].iter().fold(0.0f32, |a, b| a.max(b.abs()));
        window == (largest / 127.0).to_le_bytes()
    });
    let mut huge = bytes.clone();
    huge[at.unwrap()..][..4].copy_from_slice(&f32::MAX.to_le_bytes());
    assert_eq!(no_numbers(&huge), sentence("features.0.weight"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Checkpoint::read(&bytes);
    }

    #[test]
    fn any_flipped_byte_is_read_or_refused(at in 0usize..1500, to: u8) {
        let mut bytes = checkpoint(true).write(FileFormat::Alexnet, Precision::F32).unwrap();
        bytes[at] = to;
        match Checkpoint::read(&bytes) {
            Ok(read) => prop_assert_eq!(read.labels.len(), 3),
            Err(error) => prop_assert!(error.to_string().ends_with('.')),
        }
    }
}
