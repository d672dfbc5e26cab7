//! What is written comes back.

#![allow(missing_docs)]

mod common;

use alexnet_format::{
    Checkpoint, FileFormat, ModelFile, Precision, ReadAt, ReadError, Tensor, Tensors, inspect,
};
use alexnet_protocol::messages::Cause;
use alexnet_protocol::{Calibration, OutOfDistribution};
use common::{bare, checkpoint, torchvision};
use proptest::prelude::*;

#[test]
fn the_own_format_keeps_the_run_to_the_bit() {
    let saved = checkpoint(true);
    let bytes = saved.write(FileFormat::Alexnet, Precision::F32).unwrap();
    assert_eq!(Checkpoint::read(&bytes).unwrap(), saved);
    assert_eq!(saved.write(FileFormat::Alexnet, Precision::F16).unwrap(), bytes, "a run is never rounded");
}

#[test]
fn safetensors_holds_the_averaged_model_without_the_run() {
    let mut saved = checkpoint(true);
    let average = &mut saved.run.as_mut().unwrap().average;
    average.values_mut().for_each(|t| t.data.fill(0.25));
    let bytes = saved.write(FileFormat::Safetensors, Precision::F32).unwrap();
    let read = Checkpoint::read(&bytes).unwrap();
    assert_eq!((read.run.is_none(), read.tensors["features.0.bias"].data[0]), (true, 0.25));
    assert_eq!(read, saved.into_model());
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    let write = || checkpoint(true).write(FileFormat::Alexnet, Precision::F32).unwrap();
    assert_eq!(write(), write());
}

#[test]
fn half_precision_rounds_to_nearest_even() {
    let mut saved = checkpoint(false);
    // 2048 + 1 lies halfway between two halves; 65504 is the largest, 6e-8 near the smallest.
    let data = vec![1.0, 0.1, 2049.0, 2051.0, 65504.0, 65519.0, 6e-8, 1e-9, -0.0];
    saved.tensors = Tensors::from([("features.0.bias".into(), Tensor { shape: vec![9], data })]);
    let bytes = saved.write(FileFormat::Safetensors, Precision::F16).unwrap();
    let read = Checkpoint::read(&bytes).unwrap();
    let expected = [1.0, 0.099_975_586, 2048.0, 2052.0, 65504.0, 65504.0, 5.960_464_5e-8, 0.0, -0.0];
    assert_eq!(read.tensors["features.0.bias"].data, expected);
    assert_eq!(inspect(&bytes).unwrap().tensors[0].dtype, "f16");
    // What would come back as infinity is not written.
    saved.tensors.get_mut("features.0.bias").unwrap().data[5] = 65520.0;
    let sentence = saved.write(FileFormat::Safetensors, Precision::F16).unwrap_err().to_string();
    assert!(sentence.contains("features.0.bias holds numbers too large for half precision"), "{sentence}");
}

#[test]
fn inspecting_a_file_says_what_its_checkpoint_says() {
    let saved = checkpoint(true);
    let bytes = saved.write(FileFormat::Alexnet, Precision::F32).unwrap();
    let (info, file) = (saved.info(), inspect(&bytes).unwrap());
    assert_eq!(info.parameters, 4 * 27 + 4 + 12 + 3, "running statistics are not trained");
    assert_eq!((file.parameters, file.steps, file.format.as_str()), (info.parameters, Some(1234), "alexnet"));
    assert_eq!(file.tensors.len(), 3 * info.tensors.len(), "weights, momentum, average");

    let model = saved.write(FileFormat::Safetensors, Precision::F32).unwrap();
    let model = inspect(&model).unwrap();
    assert_eq!((model.format.as_str(), model.steps), ("safetensors", Some(1234)));
    assert_eq!(model.tensors, info.tensors);
}

#[test]
fn a_bare_torchvision_file_is_alexnet_224_with_imagenets_classes() {
    let tensors = torchvision(1000);
    let bytes = bare(&tensors);
    let read = Checkpoint::read(&bytes).unwrap();
    assert_eq!(read.network.network.name(), "alexnet-224");
    let cock = &read.labels[7];
    assert_eq!((read.labels.len(), cock.id.as_str(), cock.name.as_str()), (1000, "n01514668", "cock"));
    assert_eq!((read.preprocess.resize, read.preprocess.crop), (256, 224));
    assert_eq!(read.tensors, tensors.into_iter().collect());
    assert_eq!(inspect(&bytes).unwrap(), read.info());
    let other = Checkpoint::read(bare(&torchvision(10))).unwrap();
    assert_eq!((other.labels.len(), other.labels[7].name.as_str()), (10, "class 7"));
}

#[test]
fn a_bare_file_of_the_network_of_2012_is_known_by_its_keys() {
    let renamed = |(name, tensor): (String, _)| {
        let moved =
            [("features.3.", "features.4."), ("features.6.", "features.8."), ("features.8.", "features.10.")];
        let moved = moved.into_iter().chain([("features.10.", "features.12.")]);
        let new = moved.into_iter().find(|(from, _)| name.starts_with(from));
        (new.map_or(name.clone(), |(from, to)| name.replace(from, to)), tensor)
    };
    let tensors: Vec<_> = torchvision(1000).into_iter().map(renamed).collect();
    let read = Checkpoint::read(bare(&tensors)).unwrap();
    assert_eq!(read.network.network.name(), "alexnet-2012");
    assert_eq!((read.preprocess.crop, read.labels.len()), (227, 1000));
    let lacking = bare(&tensors[..14]);
    let sentence = Checkpoint::read(lacking).unwrap_err().to_string();
    assert!(
        sentence.contains("classifier.6.weight") && sentence.contains("the AlexNet of 2012"),
        "{sentence}"
    );
}

/// A file that remembers which bytes were asked for.
struct RecordedFile {
    bytes: Vec<u8>,
    asked: std::cell::RefCell<Vec<std::ops::Range<u64>>>,
}

impl RecordedFile {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, asked: Default::default() }
    }
}

impl ReadAt for RecordedFile {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        assert!(into.len() <= 1 << 20, "a large file is read in pieces");
        self.asked.borrow_mut().push(offset..offset + into.len() as u64);
        self.bytes.as_slice().read_at(offset, into)
    }
}

#[test]
fn a_file_that_stays_where_it_is_is_read_once_and_in_pieces() {
    let tensors = torchvision(1000);
    let file = RecordedFile::new(bare(&tensors));
    let header = u64::from_le_bytes(file.bytes[..8].try_into().unwrap()) + 8;
    let opened = ModelFile::open(&file).unwrap();
    assert_eq!(opened.info(), inspect(&file.bytes).unwrap());
    assert_eq!(opened.shape("classifier.6.weight"), Some(&[1000, 16][..]));
    assert!(file.asked.borrow().iter().all(|range| range.end <= header), "nothing but the header");
    file.asked.borrow_mut().clear();
    for (name, tensor) in &tensors {
        assert_eq!(&opened.tensor(name).unwrap(), tensor);
    }
    let mut asked = file.asked.borrow().clone();
    asked.sort_by_key(|range| range.start);
    assert!(asked.windows(2).all(|pair| pair[0].end == pair[1].start), "no byte twice, none left out");
    assert_eq!((asked[0].start, asked.last().unwrap().end), (header, file.size()));
    assert!(opened.tensor("classifier.7.weight").unwrap_err().to_string().contains("classifier.7.weight"));
}

#[test]
fn a_run_s_file_gives_its_average_to_whoever_uses_it() {
    let mut saved = checkpoint(true);
    let average = &mut saved.run.as_mut().unwrap().average;
    average.values_mut().for_each(|t| t.data.fill(0.25));
    let file = RecordedFile::new(saved.write(FileFormat::Alexnet, Precision::F32).unwrap());
    let opened = ModelFile::open(&file).unwrap();
    assert_eq!(opened.tensor("features.0.bias").unwrap().data[0], 0.25);
    assert_eq!(opened.checkpoint().unwrap(), saved);
}

#[test]
fn a_file_that_can_no_longer_be_read_is_told() {
    struct Gone(Vec<u8>);
    impl ReadAt for Gone {
        fn size(&self) -> u64 {
            self.0.len() as u64
        }
        fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
            match offset > 10_000 {
                true => Err(Cause::from("it was moved").into()),
                false => self.0.as_slice().read_at(offset, into),
            }
        }
    }
    let file = Gone(bare(&torchvision(1000)));
    let sentence = ModelFile::open(&file).unwrap().checkpoint().unwrap_err().to_string();
    assert!(sentence.contains("could not be read (it was moved)"), "{sentence}");
}

fn any_tensors() -> impl Strategy<Value = Tensors> {
    let tensor = prop::collection::vec(1usize..5, 1..5).prop_flat_map(|shape| {
        let numbers = shape.iter().product::<usize>();
        prop::collection::vec(any::<f32>().prop_filter("compared by value", |v| !v.is_nan()), numbers)
            .prop_map(move |data| Tensor { shape: shape.clone(), data })
    });
    prop::collection::btree_map("[a-z]{1,8}\\.[0-9]{1,2}\\.(weight|bias)", tensor, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_checkpoint_comes_back(
        tensors in any_tensors(), optimizer in any_tensors(), average in any_tensors(),
        step: u64, dropout in 0.0f64..0.95, name: String, origin: Option<String>, temperature in 0.05f32..20.0,
    ) {
        let mut saved = checkpoint(true);
        saved.tensors = tensors;
        saved.network.dropout = dropout;
        saved.labels[0].name = name;
        saved.origin = origin;
        saved.calibration = Some(Calibration {
            temperature, confidence_threshold: 0.4, ece_before: 0.1, ece_after: 0.02, images: 3000,
            out_of_distribution: Some(OutOfDistribution {
 energy: -temperature, contrast: 10.0, roughness: [0.1, 0.5], flatness: 0.6, false_alarms: 0.05,
 }),
        });
        let run = saved.run.as_mut().unwrap();
        (run.optimizer, run.average, run.step) = (optimizer, average, step);
        let bytes = saved.write(FileFormat::Alexnet, Precision::F32).unwrap();
        prop_assert_eq!(Checkpoint::read(&bytes).unwrap(), saved);
    }
}

#[test]
fn int8_is_off_by_half_a_step_at_most() {
    let mut saved = checkpoint(false);
    saved
        .tensors
        .insert("features.3.weight".into(), common::formula_tensor("features.3.weight", &[5, 4, 3, 3]));
    let zeros = Tensor { shape: vec![2, 3], data: vec![0.0; 6] };
    saved.tensors.insert("classifier.1.weight".into(), zeros);
    let bytes = saved.write(FileFormat::Safetensors, Precision::Int8).unwrap();
    let read = Checkpoint::read(&bytes).unwrap();
    assert_eq!(read.tensors.keys().collect::<Vec<_>>(), saved.tensors.keys().collect::<Vec<_>>());
    for (name, tensor) in &saved.tensors {
        let (other, channels) = (&read.tensors[name], tensor.shape[0]);
        assert_eq!(other.shape, tensor.shape);
        let rounded = name.ends_with(".weight") && tensor.shape.len() > 1;
        let each = tensor.data.len() / channels;
        for (a, b) in tensor.data.chunks(each).zip(other.data.chunks(each)) {
            let step = a.iter().fold(0.0f32, |largest, w| largest.max(w.abs())) / 127.0;
            let allowed = if rounded { step * 0.5001 } else { 0.0 };
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= allowed), "{name}");
        }
    }
    let info = inspect(&bytes).unwrap();
    let dtype = |name: &str| info.tensors.iter().find(|t| t.name == name).unwrap().dtype.clone();
    assert_eq!((dtype("features.3.weight"), dtype("features.0.bias")), ("i8".into(), "f32".into()));
    assert_eq!(info.parameters, saved.info().parameters);
    // Written again from what was read, the bytes are the same: rounding happens once.
    assert_eq!(read.write(FileFormat::Safetensors, Precision::Int8).unwrap(), bytes);
}

#[test]
fn a_state_that_is_not_finite_is_named_before_it_is_written() {
    let whole = checkpoint(true);
    assert_eq!(whole.check_finite(), Ok(()));
    let named = |broken: &Checkpoint| broken.check_finite().unwrap_err().to_string();
    let mut weights = whole.clone();
    weights.tensors.get_mut("classifier.6.weight").unwrap().data[5] = f32::NAN;
    assert!(named(&weights).contains("classifier.6.weight"));
    let mut average = whole;
    average.run.as_mut().unwrap().average.get_mut("features.0.bias").unwrap().data[1] = f32::INFINITY;
    assert!(named(&average).contains("features.0.bias"));
}
