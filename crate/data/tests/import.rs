//! Data sets that visitors bring, sound and unsound.

mod common;

use alexnet_data::{Dataset, File, Import, InputSize, Split, import, import_unsplit, project_network};
use alexnet_protocol::Preprocess;
use common::{file, flat, gzip, tar_gz, zip};

fn read(files: Vec<File>) -> Result<Import, String> {
    import(files, InputSize::whole(8), 1, &mut |_, _| {}).map_err(|error| error.to_string())
}

fn sentence(files: Vec<File>) -> String {
    let sentence = read(files).err().expect("an error");
    assert!(sentence.ends_with('.') && !sentence.contains('\n'), "one sentence: {sentence}");
    sentence
}

fn names(import: &Import) -> Vec<&str> {
    import.source.labels().iter().map(|label| label.id.as_str()).collect()
}

fn counts(import: &Import) -> (usize, usize) {
    (import.source.samples(Split::Train).len(), import.source.samples(Split::Val).len())
}

/// `count` images of each class; a class has its own red, an image its own blue.
fn set(prefix: &str, classes: &[&str], count: u8) -> Vec<(String, Vec<u8>)> {
    let mut entries = Vec::new();
    for (class, name) in classes.iter().enumerate() {
        for image in 0..count {
            let colour = [class as u8 * 100, 7, image];
            entries.push((format!("{prefix}{name}/{image}.png"), flat(colour, 8)));
        }
    }
    entries
}

fn zipped(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    zip(&entries)
}

fn loose(entries: Vec<(String, Vec<u8>)>) -> Vec<File> {
    entries.into_iter().map(|(path, bytes)| File { path, bytes }).collect()
}

#[test]
fn a_zip_of_folders_is_split_and_interleaved() {
    let read = read(vec![file("pets.zip", zipped(&set("pets/", &["dog", "cat"], 20)))]).unwrap();
    assert_eq!(names(&read), ["cat", "dog"]);
    assert_eq!(counts(&read), (36, 4));
    assert!(read.report.left_out.is_empty());
    let train = read.source.samples(Split::Train);
    for (place, label) in train.labels.iter().enumerate() {
        assert_eq!(*label as usize, place % 2, "classes take turns, so a prefix is balanced");
        // cat came second into the archive, with red 100.
        assert_eq!(train.image(place).unwrap()[0], if *label == 0 { 100 } else { 0 });
    }
    let mean = read.source.preprocess().mean;
    assert!((mean[0] - 50.0 / 255.0).abs() < 1e-6 && (mean[1] - 7.0 / 255.0).abs() < 1e-6);
}

#[test]
fn the_split_is_the_same_every_time_and_covers_every_image_once() {
    let blues = |import: &Import, split| -> Vec<u8> {
        let samples = import.source.samples(split);
        let mut blues: Vec<u8> = (0..samples.len())
            .map(|i| samples.image(i).unwrap()[2] + 100 * u8::from(samples.labels[i] == 1))
            .collect();
        blues.sort_unstable();
        blues
    };
    let first = read(loose(set("", &["a", "b"], 30))).unwrap();
    let again = read(vec![file("x.zip", zipped(&set("", &["a", "b"], 30)))]).unwrap();
    assert_eq!(blues(&first, Split::Val), blues(&again, Split::Val));
    let mut all = blues(&first, Split::Train);
    all.extend(blues(&first, Split::Val));
    all.sort_unstable();
    assert_eq!(all, (0..30).chain(100..130).collect::<Vec<u8>>());
}

#[test]
fn train_and_val_folders_are_taken_as_they_are() {
    let mut entries = set("set/train/", &["a", "b"], 5);
    entries.extend(set("set/val/", &["a", "b", "stranger"], 2));
    entries.push(("set/readme.txt".into(), b"hello".to_vec()));
    entries.push(("__MACOSX/set/._x.png".into(), b"fork".to_vec()));
    let read = read(vec![file("set.zip", zipped(&entries))]).unwrap();
    assert_eq!((names(&read), counts(&read)), (vec!["a", "b"], (10, 4)));
    assert_eq!(read.report.left_out.len(), 2, "{:?}", read.report.left_out);
    assert!(read.report.left_out[0].to_string().contains("“stranger”"));
}

#[test]
fn several_archives_are_parts_of_one_set() {
    let read = read(vec![
        file("tiny/train-0.zip", zipped(&set("", &["a", "b"], 3))),
        file("tiny/train-1.zip", zipped(&set("", &["a", "b"], 4))),
        file("tiny/val.zip", zipped(&set("", &["a", "b"], 2))),
        file("tiny/classes.json", b"[]".to_vec()),
    ])
    .unwrap();
    assert_eq!((names(&read), counts(&read)), (vec!["a", "b"], (14, 4)));
}

#[test]
fn a_broken_image_among_good_ones_is_named() {
    let mut entries = set("", &["a", "b"], 6);
    entries[3].1.truncate(40);
    let read = read(vec![file("set.zip", zipped(&entries))]).unwrap();
    assert_eq!(counts(&read).0 + counts(&read).1, 11);
    assert_eq!(read.report.left_out.len(), 1);
    let sentence = read.report.left_out[0].to_string();
    assert!(sentence.starts_with("a/3.png: The PNG image is cut off"), "{sentence}");
}

#[test]
fn one_class_one_image_no_image_no_folders() {
    assert_eq!(
        sentence(vec![file("set.zip", zipped(&set("", &["cats"], 5)))]),
        "The data set has only one class, “cats”: add a folder with images of something else."
    );
    assert_eq!(
        sentence(loose(set("", &["cats"], 1))),
        "The data set has only one image: add more, at least two for each class."
    );
    assert!(sentence(vec![file("a.zip", zip(&[("readme.txt", b"x".to_vec())]))]).contains("no image"));
    assert!(sentence(vec![]).contains("no image"));
    assert!(
        sentence(vec![file("1.png", flat([1; 3], 8)), file("2.png", flat([2; 3], 8))])
            .contains("sorted into folders")
    );
    let broken = vec![file("a/1.jpg", *b"text"), file("b/2.jpg", *b"text")];
    assert!(
        sentence(broken)
            .starts_with("None of the 2 images could be read; the first: a/1.jpg: This file is not")
    );
}

#[test]
fn a_class_without_a_readable_image_is_left_out() {
    let mut entries = set("", &["a", "c"], 4);
    entries.push(("b/0.png".into(), b"text".to_vec()));
    let read = read(loose(entries)).unwrap();
    assert_eq!(names(&read), ["a", "c"]);
    assert!(read.source.samples(Split::Train).labels.iter().all(|label| *label < 2));
    assert!(read.report.left_out.iter().any(|s| s.to_string().starts_with("b: none of its images")));
}

#[test]
fn names_that_point_outside_are_refused() {
    for name in ["../evil/1.png", "a/../../1.png", "/etc/1.png", "C:/x/1.png", "..\\evil\\1.png"] {
        let mut entries = set("", &["a", "b"], 2);
        entries.push((name.into(), flat([0; 3], 8)));
        assert!(sentence(vec![file("x.zip", zipped(&entries))]).contains("points outside"), "{name}");
    }
    let tar = tar_gz(&[("../a/1.png", flat([0; 3], 8))]);
    assert!(sentence(vec![file("x.tar.gz", tar)]).contains("points outside"));
}

/// A ZIP of two files of 5,000 bytes that says they are of `size` bytes.
fn claiming(size: u32) -> Vec<u8> {
    let mut archive = zip(&[("a/1.png", vec![7; 5000]), ("b/1.png", vec![7; 5000])]);
    let mut claims = 0;
    for at in 0..archive.len() - 4 {
        if archive[at..at + 4] == 5000u32.to_le_bytes() {
            archive[at..at + 4].copy_from_slice(&size.to_le_bytes());
            claims += 1;
        }
    }
    assert_eq!(claims, 4, "two local headers, two in the central directory");
    archive
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    for size in [400 << 20, 1 << 30] {
        let sentence = sentence(vec![file("bomb.zip", claiming(size))]);
        assert!(sentence.contains("unpacks to far more data than images have"), "{sentence}");
    }
}

#[test]
fn an_entry_that_lies_about_its_size_is_refused() {
    assert!(sentence(vec![file("lying.zip", claiming(10))]).contains("lying.zip"));
}

#[test]
fn encrypted_and_damaged_archives() {
    let whole = zipped(&set("", &["a", "b"], 4));
    let mut encrypted = whole.clone();
    for at in 0..whole.len() - 10 {
        // The flags of local headers and of the central directory; bit 0 says encrypted.
        match &whole[at..at + 4] {
            b"PK\x03\x04" => encrypted[at + 6] |= 1,
            b"PK\x01\x02" => encrypted[at + 8] |= 1,
            _ => {}
        }
    }
    assert!(sentence(vec![file("secret.zip", encrypted)]).contains("is encrypted"));
    assert!(sentence(vec![file("cut.zip", &whole[..whole.len() / 2])]).contains("damaged or cut off"));
    assert!(sentence(vec![file("text.zip", *b"not a zip")]).contains("not a ZIP archive"));
    assert!(sentence(vec![file("empty.zip", *b"")]).contains("it is empty"));
}

/// Records of CIFAR-10's format: class `n % 10`, the planes 10, 20, 30 and the image's number in the corner.
fn batch(images: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..images {
        out.push(n % 10);
        for plane in [10, 20, 30] {
            out.push(n);
            out.extend([plane; 1023]);
        }
    }
    out
}

#[test]
fn the_cifar_archive() {
    let archive = |batch_1: Vec<u8>| {
        tar_gz(&[
            ("cifar-10-batches-bin/batches.meta.txt", b"airplane\n".to_vec()),
            ("cifar-10-batches-bin/data_batch_1.bin", batch_1),
            ("cifar-10-batches-bin/data_batch_2.bin", batch(20)),
            ("cifar-10-batches-bin/test_batch.bin", batch(10)),
        ])
    };
    let files = vec![file("cifar-10-binary.tar.gz", archive(batch(30)))];
    let read = import(files, InputSize::whole(32), 1, &mut |_, _| {}).unwrap();
    assert_eq!(names(&read)[..2], ["airplane", "automobile"]);
    assert_eq!(counts(&read), (50, 10));
    let train = read.source.samples(Split::Train);
    assert_eq!(train.image(12).unwrap()[..6], [12, 12, 12, 10, 20, 30]);
    assert_eq!(train.labels[12], 2);

    let mut cut = batch(30);
    cut.pop();
    assert!(sentence(vec![file("c.tar.gz", archive(cut))]).contains("not a whole number of CIFAR-10 images"));
    let mut foreign = batch(1);
    foreign[0] = 11;
    assert!(sentence(vec![file("c.tar.gz", archive(foreign))]).contains("of class 11"));
    let whole = archive(batch(30));
    let cut = whole[..whole.len() - 40].to_vec();
    assert!(sentence(vec![file("c.tar.gz", cut)]).contains("damaged or cut off"));
}

fn idx(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, dimensions.len() as u8];
    dimensions.iter().for_each(|d| out.extend(d.to_be_bytes()));
    out.extend(values);
    out
}

#[test]
fn idx_files() {
    let images = |n: u32| idx(&[n, 4, 4], &(0..n).flat_map(|i| [i as u8 + 1; 16]).collect::<Vec<_>>());
    let labels = |n: u32| idx(&[n], &(0..n).map(|i| (i % 3) as u8).collect::<Vec<_>>());
    let all = || {
        vec![
            file("mnist/train-images-idx3-ubyte.gz", gzip(&images(12))),
            file("mnist/train-labels-idx1-ubyte.gz", gzip(&labels(12))),
            file("mnist/t10k-images.idx3-ubyte", images(3)),
            file("mnist/t10k-labels.idx1-ubyte", labels(3)),
        ]
    };
    let whole = read(all()).unwrap();
    assert_eq!((names(&whole), counts(&whole)), (vec!["0", "1", "2"], (12, 3)));
    let train = whole.source.samples(Split::Train);
    assert_eq!(train.image(4).unwrap(), [5; 8 * 8 * 3], "grey became red, green and blue");

    let mut half = all();
    half.truncate(2);
    assert_eq!(counts(&read(half).unwrap()), (11, 1));
    let mut lonely = all();
    lonely.remove(1);
    assert!(sentence(lonely).contains("came without its labels"));
    let mut wrong = all();
    wrong[1] = file("train-labels-idx1-ubyte", labels(11));
    assert!(sentence(wrong).contains("12 images but"));
    let mut cut = all();
    cut[2].bytes.pop();
    assert!(sentence(cut).contains("not hold as many values"));
    let zipped = zip(&[
        ("train-images-idx3-ubyte.gz", gzip(&images(12))),
        ("train-labels-idx1-ubyte.gz", gzip(&labels(12))),
    ]);
    assert_eq!(counts(&read(vec![file("m.zip", zipped)]).unwrap()), (11, 1));
}

#[test]
fn measuring_takes_the_validation_folder_and_the_models_view() {
    let preprocess = Preprocess { resize: 12, crop: 8, mean: [0.5; 3], std: [0.5; 3] };
    let mut entries = set("train/", &["a", "b"], 3);
    entries.extend(set("val/", &["b"], 2));
    let flat = import_unsplit(vec![file("x.zip", zipped(&entries))], &preprocess, &mut |_, _| {}).unwrap();
    assert_eq!((flat.labels.len(), flat.samples.len(), flat.samples.size), (1, 2, 8));
    let alone =
        import_unsplit(vec![file("val.zip", zipped(&set("", &["a", "b"], 3)))], &preprocess, &mut |_, _| {});
    assert_eq!(alone.unwrap().samples.labels.len(), 6);
}

#[test]
fn progress_ends_with_every_image() {
    let mut heard = Vec::new();
    import(loose(set("", &["a", "b"], 10)), InputSize::whole(8), 1, &mut |done, all| heard.push((done, all)))
        .unwrap();
    assert!(heard.windows(2).all(|w| w[0].0 <= w[1].0));
    assert_eq!(heard.last(), Some(&(20, 20)));
}

#[test]
fn an_exported_project_keeps_the_order_and_names_of_its_classes() {
    let classes =
        r#"{"name": "Pets", "format": 1, "classes": [{"name": "the dog", "folder": "dog"}, "ant", "gone"]}"#;
    let mut entries = set("train/", &["cat", "dog", "ant"], 4);
    entries.extend(set("val/", &["cat", "dog", "ant"], 2));
    entries.push(("project.json".into(), classes.into()));
    entries.push(("network.safetensors".into(), b"weights".to_vec()));
    let archive = zipped(&entries);
    assert_eq!(project_network(&archive).unwrap(), b"weights");
    assert_eq!(project_network(b"no archive"), None);
    let read = read(vec![file("pets.zip", archive.clone())]).unwrap();
    assert!(read.report.left_out.is_empty(), "{:?}", read.report.left_out);
    assert_eq!(names(&read), ["dog", "ant", "cat"]);
    assert_eq!(read.source.labels()[0].name, "the dog");
    assert_eq!(counts(&read), (12, 6));
    let reds = [100, 200, 0];
    for split in [Split::Train, Split::Val] {
        let samples = read.source.samples(split);
        for (place, label) in samples.labels.iter().enumerate() {
            assert_eq!(samples.image(place).unwrap()[0], reds[*label as usize]);
        }
    }
    let square = Preprocess { resize: 8, crop: 8, mean: [0.0; 3], std: [1.0; 3] };
    let flat = import_unsplit(vec![file("pets.zip", archive)], &square, &mut |_, _| {}).unwrap();
    assert_eq!((flat.labels[1].id.as_str(), flat.samples.len()), ("ant", 6));
    // A description that cannot be read is no reason to refuse the pictures.
    let other = [("project.json", b"{\"classes\": 3}".to_vec()), ("a/0.png", common::flat([1, 2, 3], 8))];
    let mut other = other.to_vec();
    other.extend([("a/1.png", common::flat([9, 2, 3], 8)), ("b/0.png", common::flat([1, 2, 9], 8))]);
    assert_eq!(names(&self::read(vec![file("x.zip", zip(&other))]).unwrap()), ["a", "b"]);
}
