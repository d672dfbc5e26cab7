//! PyTorch's files, as `torch.save` writes them, against the numbers that went in; and what is refused.

#![allow(missing_docs)]

mod common;

use std::io::Write;
use std::path::Path;

use alexnet_format::{Checkpoint, FormatError, ModelFile, Tensors, inspect};
use common::formula_tensor;
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pth").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn assert_expected(tensors: &Tensors, tolerance: f32) {
    assert_eq!(tensors.len(), 16);
    for (key, tensor) in tensors {
        let wanted = formula_tensor(key, &tensor.shape).data;
        assert_eq!(tensor.data.len(), wanted.len(), "{key}");
        for (a, b) in tensor.data.iter().zip(&wanted) {
            assert!((a - b).abs() <= tolerance, "{key}: {a} is not {b}");
        }
    }
}

#[test]
fn the_layouts_that_torch_has_written() {
    for name in ["zip.pth", "legacy.pth", "protocol-4.pth", "views.pth", "double.pth"] {
        let read = Checkpoint::read(fixture(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_expected(&read.tensors, 0.0);
        assert_eq!(read.labels.len(), 7, "{name}");
        assert_eq!(read_in_place(&fixture(name)).unwrap().tensors, read.tensors, "{name}");
    }
    assert_expected(&Checkpoint::read(fixture("half.pth")).unwrap().tensors, 3e-4);
}

/// A TAR archive as PyTorch wrote them before 0.1.10, which no PyTorch of today writes.
fn tar_archive(tensors: &Tensors) -> Vec<u8> {
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let int = |value: usize| [&b"J"[..], &(value as u32).to_le_bytes()].concat();
    let pickle = |value: Vec<u8>| [&b"\x80\x02"[..], &value, b"."].concat();
    let count = || pickle(int(tensors.len()));
    let (mut storages, mut table, mut state) = (count(), count(), b"}(".to_vec());
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        let key = i.to_string();
        let class = b"ctorch\nFloatStorage\n";
        storages.extend(pickle([&text(&key), &text("cpu")[..], class, b"\x87"].concat()));
        storages.extend((tensor.data.len() as u64).to_le_bytes());
        storages.extend(tensor.data.iter().flat_map(|number| number.to_le_bytes()));
        table.extend(pickle([&text(&key), &text(&key)[..], class, b"\x87"].concat()));
        table.extend((tensor.shape.len() as u64).to_le_bytes());
        let strides = (0..tensor.shape.len()).map(|axis| tensor.shape[axis + 1..].iter().product::<usize>());
        for number in tensor.shape.iter().copied().chain(strides).chain([0]) {
            table.extend((number as u64).to_le_bytes());
        }
        state.extend([&text(name)[..], &text(&key), b"Q"].concat());
    }
    storages.extend(pickle(b"]".to_vec()));
    state.extend(b"u");
    let machine = pickle([b"}", &text("little_endian")[..], b"\x88s"].concat());
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in
        [("sys_info", machine), ("storages", storages), ("tensors", table), ("pickle", pickle(state))]
    {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn the_oldest_layout_is_read_whole() {
    let tensors = Checkpoint::read(fixture("zip.pth")).unwrap().tensors;
    let bytes = tar_archive(&tensors);
    assert_eq!(Checkpoint::read(bytes.clone()).unwrap().tensors, tensors);
    assert_eq!(read_in_place(&bytes).unwrap().tensors, tensors);
    for end in [0, 600, bytes.len() / 2] {
        refusal(bytes[..end].to_vec());
    }
}

#[test]
fn weights_inside_a_training_scripts_checkpoint() {
    for name in ["checkpoint.pth", "parallel.pth"] {
        assert_expected(&Checkpoint::read(fixture(name)).unwrap().tensors, 0.0);
    }
}

#[test]
fn inspect_says_what_is_stored() {
    let info = inspect(fixture("half.pth")).unwrap();
    assert_eq!((info.format.as_str(), info.classes, info.tensors.len()), ("pth", 7, 16));
    assert!(info.tensors.iter().all(|tensor| tensor.dtype == "f16"));
    assert_eq!(info.tensors.iter().find(|t| t.name == "features.0.weight").unwrap().shape, [4, 3, 3, 3]);
}

/// As a file that lies elsewhere.
fn read_in_place(bytes: &[u8]) -> Result<Checkpoint, FormatError> {
    ModelFile::open(&bytes)?.checkpoint()
}

fn refusal(bytes: Vec<u8>) -> FormatError {
    let in_place = read_in_place(&bytes).unwrap_err();
    let error = Checkpoint::read(bytes).unwrap_err();
    for error in [&error, &in_place] {
        let sentence = error.to_string();
        assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
    }
    assert_eq!(std::mem::discriminant(&error), std::mem::discriminant(&in_place), "{error} {in_place}");
    error
}

/// What `torch.save` would put around this pickle.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("archive/data.pkl", pickle), ("archive/version", b"3\n")] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn nothing_is_run() {
    for (pickle, name) in [
        (&b"\x80\x02cos\nsystem\nX\x07\0\0\0echo hi\x85R."[..], "system"),
        (b"\x80\x02cbuiltins\neval\nX\x01\0\0\0\x31\x85R.", "eval"),
        (b"\x80\x02csubprocess\nPopen\n)\x81.", "Popen"),
    ] {
        for bytes in [archive(pickle), pickle.to_vec()] {
            let error = refusal(bytes);
            assert!(
                matches!(&error, FormatError::Pickle { .. }) && error.to_string().contains(name),
                "{error}"
            );
        }
    }
}

#[test]
fn a_call_beside_the_weights_is_neither_run_nor_read() {
    let call = b"cos\nsystem\nX\x07\0\0\0echo hi\x85R";
    let pickle = [&b"\x80\x02}X\x01\0\0\0x"[..], call, b"s."].concat();
    assert!(refusal(archive(&pickle)).to_string().contains("without tensors"));
}

#[test]
fn hostile_pickles_are_refused() {
    let nested = [b"\x80\x02".to_vec(), vec![b']'; 1_000_000], vec![b'a'; 999_999], b".".to_vec()].concat();
    // A string that claims 2 GiB, a memo index out of nowhere, an empty stack, a pickle without an end.
    for pickle in [
        nested,
        b"\x80\x02X\xff\xff\xff\x7fabc.".to_vec(),
        b"\x80\x02j\xff\xff\xff\x7f.".to_vec(),
        b"\x80\x02R.".to_vec(),
        b"\x80\x02}".to_vec(),
        b"\x80\x63.".to_vec(),
    ] {
        refusal(archive(&pickle));
    }
}

#[test]
fn a_view_of_a_billion_numbers_is_refused() {
    let bytes = fixture("billion.pth");
    assert!(bytes.len() < 10_000);
    refusal(bytes);
}

#[test]
fn an_archive_of_pictures_is_named() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("cat/1.jpg", zip::write::SimpleFileOptions::default()).unwrap();
    let sentence = refusal(zip.finish().unwrap().into_inner()).to_string();
    assert!(sentence.contains("a ZIP archive without PyTorch weights"), "{sentence}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in ["zip.pth", "legacy.pth"] {
        let bytes = fixture(name);
        for end in (0..bytes.len()).step_by(97) {
            refusal(bytes[..end].to_vec());
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(place in 0.0..1.0, bit in 0u32..8, legacy in any::<bool>()) {
        let mut bytes = fixture(if legacy { "legacy.pth" } else { "zip.pth" });
        let place = ((bytes.len() as f64) * place) as usize;
        bytes[place] ^= 1 << bit;
        let _ = read_in_place(&bytes);
        let _ = Checkpoint::read(bytes);
    }
}
