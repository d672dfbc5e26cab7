//! Data sets as people have them: what each file is, which class and split it belongs to, and why it was left out.

mod common;

use alexnet_data::{Dataset, File, Import, Input, InputSize, SkippedImage, Split, import, import_unsplit};
use alexnet_protocol::Preprocess;
use common::{file, flat, scene, tar_gz, zip};

fn read(input: impl Into<Input>) -> Import {
    import(input, InputSize::whole(16), 1, &mut |_, _| {}).unwrap_or_else(|error| panic!("{error}"))
}

fn sentence(input: impl Into<Input>) -> String {
    match import(input, InputSize::whole(16), 1, &mut |_, _| {}) {
        Ok(read) => panic!("read as {:?}", read.report.classes),
        Err(error) => error.to_string(),
    }
}

/// Pictures at these paths; each is another one.
fn pictures<S: AsRef<str>>(paths: &[S]) -> Vec<File> {
    let picture = |(n, path): (usize, &S)| file(path.as_ref(), scene(n as u32, 0));
    paths.iter().enumerate().map(picture).collect()
}

/// `count` paths in each folder.
fn paths(folders: &[&str], count: usize) -> Vec<String> {
    folders.iter().flat_map(|folder| (0..count).map(move |n| format!("{folder}/{n}.png"))).collect()
}

/// Name, training and validation images of each class.
fn classes(import: &Import) -> Vec<(&str, usize, usize)> {
    import.report.classes.iter().map(|class| (class.label.name.as_str(), class.train, class.val)).collect()
}

fn said(import: &Import) -> Vec<String> {
    import.report.left_out.iter().map(ToString::to_string).collect()
}

fn noted(import: &Import) -> Vec<String> {
    import.report.notes.iter().map(ToString::to_string).collect()
}

fn zipped(files: &[File]) -> Vec<u8> {
    let entries: Vec<_> = files.iter().map(|f| (f.path.as_str(), f.bytes.clone())).collect();
    zip(&entries)
}

/// The same files, loose and in one archive.
fn both_ways(files: Vec<File>) -> [Vec<File>; 2] {
    let archive = file("set.zip", zipped(&files));
    [files, vec![archive]]
}

#[test]
fn a_flat_test_folder_beside_classes_is_left_out_and_said() {
    let mut all = paths(&["train/a", "train/b"], 4);
    all.extend(["test/1.png", "test/2.png"].map(String::from));
    for files in both_ways(pictures(&all)) {
        let read = read(files);
        assert_eq!(read.report.classes.iter().map(|c| c.train + c.val).sum::<usize>(), 8);
        assert_eq!(said(&read), ["test: 2 images in it are not in the folder of a class."]);
    }
}

#[test]
fn a_loose_picture_beside_classes_is_left_out_and_said() {
    for top in ["", "pets/"] {
        let mut all = paths(&[&format!("{top}a"), &format!("{top}b")], 4);
        all.push(format!("{top}cover.jpg"));
        for files in both_ways(pictures(&all)) {
            let read = read(files);
            assert_eq!(classes(&read).iter().map(|c| c.0).collect::<Vec<_>>(), ["a", "b"], "{top}");
            assert_eq!(said(&read).len(), 1);
            assert!(
                said(&read)[0].ends_with("cover.jpg: it is not in the folder of a class."),
                "{:?}",
                said(&read)
            );
        }
    }
}

#[test]
fn folders_of_splits_by_other_names_and_doubled() {
    for (train, val) in [
        ("training_set/training_set", "test_set/test_set"),
        ("archive/seg_train/seg_train", "archive/seg_test/seg_test"),
        ("training", "validation"),
        ("data/Train", "data/Test"),
        ("train/images", "val/images"),
    ] {
        let mut all = paths(&[&format!("{train}/a"), &format!("{train}/b")], 4);
        all.extend(paths(&[&format!("{val}/a"), &format!("{val}/b")], 2));
        for files in both_ways(pictures(&all)) {
            let read = read(files);
            assert_eq!(classes(&read), [("a", 4, 2), ("b", 4, 2)], "{train}");
            assert!(said(&read).is_empty() && noted(&read).is_empty(), "{train}: {:?}", said(&read));
        }
    }
}

#[test]
fn strays_beside_the_classes_of_one_folder() {
    for (name, bytes, words) in [
        ("README", b"Cats and dogs.\n".to_vec(), 0),
        ("notes.ipynb", b"{\"cells\": []}".to_vec(), 1),
        ("sizes.xlsx", zip(&[("xl/workbook.xml", b"<x/>".to_vec())]), 1),
        ("clip.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomiso2".to_vec(), 1),
    ] {
        let mut files = pictures(&paths(&["pets/a", "pets/b"], 4));
        files.push(file(&format!("pets/{name}"), bytes));
        for files in both_ways(files) {
            let read = read(files);
            assert_eq!(classes(&read).iter().map(|c| c.0).collect::<Vec<_>>(), ["a", "b"], "{name}");
            assert_eq!(said(&read).iter().filter(|s| s.contains(name)).count(), words, "{:?}", said(&read));
        }
    }
}

#[test]
fn content_tells_what_a_file_is() {
    let mut files = pictures(&paths(&["a", "b"], 4));
    for (place, name) in ["a/0.jfif", "a/1", "a/2.dat", "a/3.txt"].into_iter().enumerate() {
        files[place].path = name.into();
    }
    for files in both_ways(files) {
        assert_eq!(classes(&read(files)).iter().map(|c| c.1 + c.2).collect::<Vec<_>>(), [4, 4]);
    }
}

/// Takes the flag away that says that names are UTF-8.
fn without_utf8_flag(mut archive: Vec<u8>) -> Vec<u8> {
    let mut changed = 0;
    for at in 0..archive.len() - 10 {
        let flags = match &archive[at..at + 4] {
            b"PK\x03\x04" => at + 7,
            b"PK\x01\x02" => at + 9,
            _ => continue,
        };
        changed += usize::from(archive[flags] & 8 != 0);
        archive[flags] &= !8;
    }
    assert!(changed > 0, "the archive had the flag");
    archive
}

#[test]
fn names_in_utf8_without_the_flag() {
    let archive = without_utf8_flag(zipped(&pictures(&paths(&["Café", "Tür"], 4))));
    assert_eq!(
        classes(&read(vec![file("set.zip", archive)])).iter().map(|c| c.0).collect::<Vec<_>>(),
        ["Café", "Tür"]
    );
}

#[cfg(feature = "nfc")]
#[test]
fn both_spellings_of_an_accent_are_one_class() {
    let composed = zipped(&pictures(&paths(&["Caf\u{e9}", "Bar"], 4)));
    let apart = zipped(&pictures(&paths(&["Cafe\u{301}", "Bar"], 2)));
    let read = read(vec![file("train.zip", composed), file("val.zip", apart)]);
    assert_eq!(classes(&read), [("Bar", 4, 2), ("Caf\u{e9}", 4, 2)]);
}

#[test]
fn spellings_of_a_class_that_differ_in_capitals_or_spaces_are_one() {
    let mut all = paths(&["Cat", "dog", " lead"], 4);
    all.extend(paths(&["cat", "lead "], 2).into_iter().map(|path| path.replace("0", "7").replace("1", "8")));
    for files in both_ways(pictures(&all)) {
        let read = read(files);
        assert_eq!(
            classes(&read).iter().map(|c| (c.0, c.1 + c.2)).collect::<Vec<_>>(),
            [("Cat", 6), ("dog", 4), ("lead", 6)]
        );
        assert_eq!(noted(&read)[0], "“cat” and “Cat” are read as one class, “Cat”.");
    }
}

#[test]
fn one_damaged_entry_of_an_archive_costs_one_picture() {
    let files = pictures(&paths(&["a", "b"], 50));
    let mut archive = zipped(&files);
    // The name of a local header stands 30 bytes after its start.
    let name = archive.windows(8).position(|window| window == b"a/17.png").unwrap();
    archive[name + 40] ^= 0xff;
    archive[name - 30] = b'X';
    let read = read(vec![file("set.zip", archive)]);
    assert_eq!(classes(&read).iter().map(|c| c.1 + c.2).sum::<usize>(), 99);
    assert_eq!(said(&read).len(), 1);
    assert!(said(&read)[0].starts_with("a/17.png: "), "{:?}", said(&read));
}

/// Changes the compression method of all entries.
fn with_method(mut archive: Vec<u8>, method: u16) -> Vec<u8> {
    for at in 0..archive.len() - 12 {
        let place = match &archive[at..at + 4] {
            b"PK\x03\x04" => at + 8,
            b"PK\x01\x02" => at + 10,
            _ => continue,
        };
        archive[place..place + 2].copy_from_slice(&method.to_le_bytes());
    }
    archive
}

#[test]
fn other_methods_of_compression_are_named() {
    let whole = zipped(&pictures(&paths(&["a", "b"], 2)));
    for (method, name) in [(9, "Deflate64"), (14, "LZMA"), (93, "Zstandard"), (12, "bzip2"), (95, "xz")] {
        let sentence = sentence(vec![file("set.zip", with_method(whole.clone(), method))]);
        assert_eq!(
            sentence,
            format!(
                "The archive “set.zip” is compressed with {name}, which cannot be read: pack it again with Deflate, \
                 the usual method of ZIP."
            )
        );
    }
}

#[test]
fn archives_in_an_archive_and_other_archives_are_named() {
    let inner = zipped(&pictures(&paths(&["a", "b"], 2)));
    let outer = zip(&[("train.zip", inner.clone()), ("sampleSubmission.csv", b"id,label\n".to_vec())]);
    assert_eq!(
        sentence(vec![file("dogs.zip", outer)]),
        "The archive “dogs.zip” holds another archive, “train.zip”, instead of images: unpack “dogs.zip”, then choose \
         “train.zip”."
    );
    let mut files = pictures(&paths(&["a", "b"], 2));
    files.push(file("more.zip", inner));
    let read = read(vec![file("set.zip", zipped(&files))]);
    assert!(said(&read)[0].starts_with("more.zip: this archive is inside another one"), "{:?}", said(&read));
    assert!(
        sentence(vec![file("set.rar", *b"Rar!\x1a\x07\x01\0")]).starts_with("“set.rar” is a RAR archive")
    );
    assert!(
        sentence(vec![file("set.7z", *b"7z\xbc\xaf\x27\x1c\0\x04")]).starts_with("“set.7z” is a 7z archive")
    );
}

#[test]
fn classes_in_the_names_of_files() {
    let names = || (0..4).flat_map(|n| [format!("cat.{n}.png"), format!("dog.{n}.png")]);
    let flat: Vec<_> = names().collect();
    let folder: Vec<_> = names().map(|name| format!("pets/{name}")).collect();
    let mut splits: Vec<_> = names().map(|name| format!("set/train/{name}")).collect();
    splits.extend(["set/test1/1.png", "set/test1/2.png"].map(String::from));
    for (all, left_out) in [(flat, 0), (folder, 0), (splits, 1)] {
        for files in both_ways(pictures(&all)) {
            let read = read(files);
            assert_eq!(
                classes(&read).iter().map(|c| (c.0, c.1 + c.2)).collect::<Vec<_>>(),
                [("cat", 4), ("dog", 4)]
            );
            assert!(
                noted(&read)[0].starts_with("The classes are taken from the names"),
                "{:?}",
                noted(&read)
            );
            assert_eq!(said(&read).len(), left_out, "{:?}", said(&read));
        }
    }
    assert!(
        sentence(pictures(&["IMG_1.png", "IMG_2.png", "DSC_1.png", "DSC_2.png"]))
            .contains("sorted into folders")
    );
}

#[test]
fn editions_of_cifar_that_are_not_read_are_named() {
    let archive = |names: &[&str]| {
        let entries: Vec<_> = names.iter().map(|name| (*name, b"\x80\x02}q\x01".to_vec())).collect();
        vec![file("cifar.tar.gz", tar_gz(&entries))]
    };
    let python = [
        "cifar-10-batches-py/batches.meta",
        "cifar-10-batches-py/data_batch_1",
        "cifar-10-batches-py/test_batch",
    ];
    assert_eq!(
        sentence(archive(&python)),
        "These are files of the CIFAR-10 python version: download the CIFAR-10 binary version \
         (cifar-10-binary.tar.gz), which can be read."
    );
    let hundred = ["cifar-100-python/meta", "cifar-100-python/train", "cifar-100-python/test"];
    assert!(sentence(archive(&hundred)).contains("CIFAR-100 python version"));
    let binary =
        ["cifar-100-binary/train.bin", "cifar-100-binary/test.bin", "cifar-100-binary/fine_label_names.txt"];
    assert!(sentence(archive(&binary)).contains("CIFAR-100 binary version"));
}

#[test]
fn a_class_with_one_picture_keeps_it_for_training() {
    let mut all = paths(&["a"], 10);
    all.extend(["b/0.png", "c/0.png"].map(String::from));
    let read = read(pictures(&all));
    assert_eq!(classes(&read), [("a", 9, 1), ("b", 1, 0), ("c", 1, 0)]);
    assert_eq!(noted(&read).iter().filter(|note| note.contains("no validation image")).count(), 2);
    for folders in [["a", "b"].as_slice(), &["a", "b", "c"]] {
        let sentence = sentence(pictures(&paths(folders, 1)));
        assert!(sentence.starts_with("Every class has only one image"), "{sentence}");
    }
}

#[test]
fn folders_that_systems_make_are_left_out_and_named_once() {
    let mut all = paths(&["a", "b"], 4);
    all.extend(paths(
        &["a/@eaDir/0.png", "$RECYCLE.BIN/S-1-5", "System Volume Information", "lost+found"],
        2,
    ));
    all.extend(paths(&["__MACOSX/a"], 2));
    for files in both_ways(pictures(&all)) {
        let read = read(files);
        assert_eq!(classes(&read).iter().map(|c| (c.0, c.1 + c.2)).collect::<Vec<_>>(), [("a", 4), ("b", 4)]);
        let folders: Vec<_> = read
            .report
            .left_out
            .iter()
            .filter_map(|left_out| match left_out {
                SkippedImage::SystemFolder { folder } => Some(folder.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(folders, ["$RECYCLE.BIN", "System Volume Information", "a/@eaDir", "lost+found"]);
        assert_eq!(said(&read).len(), 4);
    }
}

/// An IDX file.
fn idx(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, dimensions.len() as u8];
    dimensions.iter().for_each(|d| out.extend(d.to_be_bytes()));
    out.extend(values);
    out
}

#[test]
fn labels_of_idx_files_are_those_that_occur() {
    let images = idx(&[20, 4, 4], &[7; 320]);
    let labels = idx(&[20], &(0..20).map(|n| n % 4 + 1).collect::<Vec<u8>>());
    let read = read(vec![
        file("emnist-letters-train-images-idx3-ubyte", images),
        file("emnist-letters-train-labels-idx1-ubyte", labels),
    ]);
    assert_eq!(read.source.labels().iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "4"]);
    assert_eq!(read.source.samples(Split::Train).labels[..5], [0, 1, 2, 3, 0]);
}

#[test]
fn empty_folders_of_classes_are_said() {
    let mut input = Input::from(pictures(&paths(&["a", "b"], 4)));
    input.folders = ["a", "b", "c", ".git", "@eaDir"].map(String::from).to_vec();
    input.files.push(file("d/notes.txt", *b"no picture yet"));
    let read = read(input);
    assert_eq!(
        said(&read),
        ["c", "d"].map(|class| format!("{class}: this folder holds no image, so there is no such class."))
    );
}

#[test]
fn a_class_without_validation_images_is_said() {
    let mut all = paths(&["train/a", "train/b"], 4);
    all.extend(paths(&["val/a"], 2));
    let read = read(pictures(&all));
    assert_eq!(classes(&read), [("a", 4, 2), ("b", 4, 0)]);
    assert_eq!(noted(&read), ["b: it has no validation image, so its accuracy is not measured."]);
}

#[test]
fn other_folders_beside_those_of_splits_are_said() {
    let mut all = paths(&["train/a", "train/b"], 4);
    all.extend(paths(&["val/a", "val/b", "test/a", "extra/a"], 2));
    let read = read(pictures(&all));
    assert_eq!(classes(&read), [("a", 4, 2), ("b", 4, 2)]);
    assert_eq!(
        said(&read),
        [
            "extra: this folder is neither for training nor for validation, so its images are left out: 2.",
            "test: the data set has validation images, so its test images are not used: 2."
        ]
    );
}

#[test]
fn a_project_that_was_packed_again_keeps_its_classes() {
    let description = r#"{"format": "alexnet-lab-project", "version": 1, "name": "Pets", "plan": {},
        "classes": [{"name": "the dog", "folder": "dog"}, {"name": "Ant", "folder": "ant"}]}"#;
    let mut files = pictures(&paths(&["my pets/train/dog", "my pets/train/ant"], 4));
    files.extend(pictures(&paths(&["my pets/val/dog", "my pets/val/ant"], 2)));
    files.push(file("my pets/project.json", description));
    files.push(file("my pets/network.safetensors", *b"weights"));
    for files in both_ways(files) {
        let read = read(files);
        assert_eq!(classes(&read), [("the dog", 4, 2), ("Ant", 4, 2)]);
    }
}

#[test]
fn shots_of_one_scene_stay_on_one_side_of_the_split() {
    let mut files = Vec::new();
    for (place, class) in ["a", "b"].into_iter().enumerate() {
        for n in 0..60u32 {
            let path = format!("{class}/frame_{:04}.png", n + 1);
            files.push(file(&path, scene(place as u32 * 3 + n / 20, n)));
        }
    }
    let read = read(files);
    // A scene has a green of its own.
    let greens = |split| {
        let samples = read.source.samples(split);
        let green =
            |image: &[u8]| (image.iter().skip(1).step_by(3).map(|v| u32::from(*v)).sum::<u32>() + 640) / 1280;
        (0..samples.len())
            .map(|at| green(samples.image(at).unwrap()))
            .collect::<std::collections::BTreeSet<_>>()
    };
    let both: Vec<_> = greens(Split::Train).intersection(&greens(Split::Val)).copied().collect();
    assert_eq!(classes(&read), [("a", 40, 20), ("b", 40, 20)]);
    assert!(both.is_empty(), "scenes on both sides: {both:?}");
    assert_eq!(
        noted(&read),
        [
            "Images that look like another one: 120. Each such group is used either for training or for validation."
        ]
    );
}

#[test]
fn a_class_of_one_scene_is_said() {
    let mut files = pictures(&paths(&["b"], 20));
    files.extend((0..20).map(|n| file(&format!("a/{n}.png"), scene(50, n))));
    let read = read(files);
    assert_eq!(classes(&read), [("a", 18, 2), ("b", 18, 2)]);
    assert!(noted(&read)[0].starts_with("a: all of its images look alike"), "{:?}", noted(&read));
}

#[test]
fn evaluation_reads_one_class_and_one_flat_folder() {
    let preprocess = Preprocess { resize: 16, crop: 16, mean: [0.5; 3], std: [0.5; 3] };
    let unsplit = |files: Vec<File>| import_unsplit(files, &preprocess, &mut |_, _| {});
    let one =
        unsplit(pictures(&["cat/dog_1.png", "cat/dog_2.png", "cat/pup_1.png", "cat/pup_2.png"])).unwrap();
    assert_eq!((one.labels.len(), one.labels[0].id.as_str(), one.samples.len()), (1, "cat", 4));
    let named = unsplit(pictures(&["cat.1.png", "cat.2.png", "dog.1.png", "dog.2.png"])).unwrap();
    assert_eq!(named.labels.iter().map(|label| label.id.as_str()).collect::<Vec<_>>(), ["cat", "dog"]);
    assert!(unsplit(vec![file("1.png", flat([1; 3], 8)), file("2.png", flat([2; 3], 8))]).is_err());
}
