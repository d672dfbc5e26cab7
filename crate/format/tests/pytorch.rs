//! PyTorch's files, as `torch.save` writes them, against the numbers that went in; and what is refused.

#![allow(missing_docs)]

mod common;

use std::path::Path;

use alexnet_format::{Checkpoint, FormatError, ModelFile, Tensors, inspect};
use common::formula_tensor;
use common::pickle::{archive_with, dictionary, int, text, view};
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
fn tar_archive(tensors: &Tensors, beside: &[u8]) -> Vec<u8> {
    let pickle = |value: Vec<u8>| [&b"\x80\x02"[..], &value, b"."].concat();
    let count = || pickle(int(tensors.len() as i64));
    let (mut storages, mut table, mut state) = (count(), count(), [b"}(", beside].concat());
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
    let bytes = tar_archive(&tensors, b"");
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
    archive_with(pickle, &[("archive/version", b"3\n")], zip::CompressionMethod::Stored)
}

/// A file of one view of 16 bytes.
fn file_of(view: Vec<u8>) -> Vec<u8> {
    let pickle = dictionary(&[("features.0.weight", view)]);
    archive_with(&pickle, &[("archive/data/0", &[0; 16])], zip::CompressionMethod::Stored)
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
                matches!(&error, FormatError::Pickle { .. } | FormatError::Call { .. })
                    && error.to_string().contains(name),
                "{error}"
            );
        }
    }
}

/// Refused although nothing would come of it: no file of weights needs such a call, so whoever made this one had
/// something else in mind, which a visitor should hear before using the rest of it.
#[test]
fn a_call_beside_the_weights_is_refused_by_name() {
    let call = b"cos\nsystem\nX\x07\0\0\0echo hi\x85R";
    let sentence = "The PyTorch file calls the function “os.system”, and no code in a file is run here: save the \
                    weights alone, with torch.save(model.state_dict(), …), and open that file.";
    let pickle = dictionary(&[("x", call.to_vec()), ("w", view(4, 0, &[4], &[1]))]);
    let storage: &[(&str, &[u8])] = &[("archive/data/0", &[0; 16])];
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        assert_eq!(refusal(archive_with(&pickle, storage, method)).to_string(), sentence);
    }
    // In a legacy stream, in place of what makes its dictionaries.
    let legacy = fixture("legacy.pth");
    let at = legacy.windows(25).position(|window| window == b"ccollections\nOrderedDict\n").unwrap();
    let foreign = [&legacy[..at], b"cos\nsystem\n", &legacy[at + 25..]].concat();
    assert_eq!(refusal(foreign).to_string(), sentence);
    // In the oldest layout.
    let tensors = Checkpoint::read(fixture("zip.pth")).unwrap().tensors;
    let beside = [text("x"), call.to_vec()].concat();
    assert_eq!(refusal(tar_archive(&tensors, &beside)).to_string(), sentence);
}

/// What training scripts keep beside the weights is data, though a pickle builds some of it by calls.
#[test]
fn options_scalars_and_objects_beside_the_weights_are_left_out() {
    let beside: &[(&str, &[u8])] = &[
        ("args", b"cargparse\nNamespace\n)\x81}X\x02\0\0\0lrK\x01sb"),
        (
            "best",
            b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\0\0\0f8\x89\x88\x87RX\x01\0\0\0a\x86R",
        ),
        ("device", b"ctorch\ndevice\nX\x03\0\0\0cpu\x85R"),
        ("dtype", b"ctorch\nfloat32\n"),
        ("size", b"ctorch\nSize\n(K\x01K\x02t\x85R"),
        ("path", b"cpathlib\nPosixPath\nX\x01\0\0\0a\x85R"),
        ("mine", b"cmy.project\nConfig\n)\x81}b"),
    ];
    let mut values: Vec<_> = beside.iter().map(|(key, value)| (*key, value.to_vec())).collect();
    values.push(("state_dict", [&b"}"[..], &text("w"), &view(4, 0, &[4], &[1]), b"s"].concat()));
    let bytes =
        archive_with(&dictionary(&values), &[("archive/data/0", &[0; 16])], zip::CompressionMethod::Stored);
    assert!(matches!(refusal(bytes), FormatError::MissingTensor { .. }), "read as far as it goes");
}

/// The reader fills lists and dictionaries only.
#[test]
fn a_deque_beside_the_weights_is_no_damage() {
    let deque = b"ccollections\ndeque\n)RK\x01a".to_vec();
    let sentence = refusal(archive(&dictionary(&[("losses", deque)]))).to_string();
    assert!(
        sentence.contains("a container of another class") && sentence.contains("save the weights"),
        "{sentence}"
    );
}

#[test]
fn what_a_hostile_file_says_of_its_tensors_is_told_in_plain_words() {
    let max = i64::MAX;
    for (view, words) in [
        (view(4, 0, &[4, -1], &[1, 1]), "a negative size or position"),
        (view(4, -4, &[4], &[1]), "a negative size or position"),
        (view(4, 0, &[4], &[-1]), "a negative size or position"),
        (view(-4, 0, &[4], &[1]), "a negative size or position"),
        (view(4, 0, &[max, 4], &[4, 1]), "a tensor in it is larger than can be counted"),
        (view(max, 0, &[4], &[1]), "a tensor in it is larger than can be counted"),
        (view(4, max, &[4], &[max]), "a tensor in it is larger than can be counted"),
        (view(4, 4, &[1], &[1]), "a tensor in it is larger than its storage"),
        (view(4, 1, &[4], &[1]), "a tensor in it is larger than its storage"),
        (view(4, 0, &[1 << 33], &[0]), "a tensor in it is larger than any network's"),
        (view(4, 0, &[4; 20], &[0; 20]), "a tensor in it is larger than"),
        (view(4, 0, &[4], &[1, 1]), "it is not written as torch.save writes it"),
        (view(4, 0, &[1; 20], &[0; 20]), "a tensor of 20 dimensions"),
    ] {
        let sentence = refusal(file_of(view)).to_string();
        assert!(sentence.contains(words), "{sentence}");
    }
}

#[test]
fn what_is_wrong_with_an_archive_is_told_in_plain_words() {
    let pickle = dictionary(&[("features.0.weight", view(4, 0, &[4], &[1]))]);
    let with = |more: &[(&str, &[u8])]| archive_with(&pickle, more, zip::CompressionMethod::Stored);
    let storage = ("archive/data/0", &[0; 16][..]);
    let mut twice = with(&[storage, ("archive/data/1", &[1; 16])]);
    while let Some(at) = twice.windows(14).position(|window| window == b"archive/data/1") {
        twice[at + 13] = b'0';
    }
    let names: Vec<String> = (0..4000).map(|i| format!("archive/{i}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let large = [&b"\x80\x02("[..], &[b'N'; 5 << 20], b"t."].concat();
    let mut big_endian = fixture("legacy.pth");
    let at = big_endian.windows(13).position(|window| window == b"little_endian").unwrap();
    let yes = big_endian[at..].iter().position(|&byte| byte == 0x88).unwrap();
    big_endian[at + yes] = 0x89;
    let legacy = fixture("legacy.pth");
    for (bytes, words) in [
        (big_endian, "a PyTorch file from a big-endian machine"),
        (legacy[..legacy.len() - 100].to_vec(), "it ends early"),
        (legacy[..200].to_vec(), "it ends early"),
        (twice, "archive/data/0 twice"),
        (with(&many), "more files than the weights of any network"),
        (archive(&large), "larger than that of any network"),
        (large.clone(), "larger than that of any network"),
        (archive_with(&large, &[], zip::CompressionMethod::Deflated), "larger than that of any network"),
        (with(&[storage, ("archive/byteorder", b"big")]), "a PyTorch file from a big-endian machine"),
        (with(&[storage, ("archive/byteorder", b"middle")]), "it is not written as torch.save writes it"),
        (fixture("zip.pth")[..4_000].to_vec(), "the PyTorch file's ZIP archive is cut off or changed"),
    ] {
        let sentence = refusal(bytes).to_string();
        assert!(sentence.contains(words), "{sentence}");
    }
    // A tensor whose numbers are not there is known, but cannot be had.
    let mut missing = fixture("zip.pth");
    while let Some(at) = missing.windows(7).position(|window| window == b"/data/3") {
        missing[at + 6] = b'x';
    }
    let sentence = refusal(missing).to_string();
    assert!(sentence.contains("its numbers are missing"), "{sentence}");
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
