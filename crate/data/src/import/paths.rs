//! What paths say: the split of an image, and which files and folders belong to no data set.

/// Files that are found beside images; they are left out without a word.
const DOCUMENTS: &[&str] = &[
    "txt",
    "json",
    "csv",
    "tsv",
    "md",
    "html",
    "htm",
    "xml",
    "yaml",
    "yml",
    "ini",
    "db",
    "log",
    "py",
    "mat",
    "npy",
    "npz",
    "pkl",
    "pdf",
    "toml",
    "lnk",
    "safetensors",
    "alexnet",
    "onnx",
    "pth",
    "pt",
];

/// Extensions of images. A file so named that cannot be read as one is named to the person.
const IMAGES: &[&str] =
    &["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "heic", "heif", "avif", "tif", "tiff"];

/// Documents whose files are ZIP archives inside.
const ZIP_DOCUMENTS: &[&str] = &[
    "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "jar", "apk", "npz", "pth", "pt", "keras", "whl",
    "kmz",
];

/// Folders that systems make: thumbnails, waste baskets, what a file check has found.
const SYSTEM_FOLDERS: &[&str] =
    &["@eadir", "$recycle.bin", "recycler", "#recycle", "system volume information", "lost+found"];

/// What a folder's name says about its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SplitFolder {
    Train,
    Val,
    Test,
}

/// The split that a folder or archive is named after: `train`, `training_set`, `seg_train`, `test1`, `val2017`.
pub(super) fn split_of(name: &str) -> Option<SplitFolder> {
    const BESIDE: &[&str] = &[
        "set", "seg", "data", "dataset", "images", "image", "imgs", "pictures", "photos", "split", "folder",
    ];
    let lower = name.to_lowercase();
    let mut split = None;
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let bare =
            bare.strip_suffix("set").filter(|rest| !rest.is_empty() && *rest != "data").unwrap_or(bare);
        let found = match bare {
            "train" | "training" => SplitFolder::Train,
            "val" | "valid" | "validation" => SplitFolder::Val,
            "test" | "testing" => SplitFolder::Test,
            "" => continue,
            _ if BESIDE.contains(&word) => continue,
            _ => return None,
        };
        if split.replace(found).is_some() {
            return None;
        }
    }
    split
}

/// A path with `/` between its parts, without spaces around them, empty parts and `.`. `nfc` composes letters with
/// their accents, so that the two spellings of “é” are one.
pub(super) fn clean(path: &str, nfc: fn(&str) -> String) -> String {
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path.split('/').map(str::trim).filter(|part| !matches!(*part, "" | ".")).collect();
    let joined = parts.join("/");
    if joined.is_ascii() { joined } else { nfc(&joined) }
}

/// What two spellings of a class have in common.
pub(super) fn class_key(name: &str) -> String {
    name.to_lowercase()
}

/// The common top folders (`data/images/`) of images, which are removed from every path. A folder named like a split
/// stays, and so does a folder with images directly in it.
pub(super) fn common_folders<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut common = String::new();
    loop {
        let mut top: Option<&str> = None;
        for path in paths.clone().filter_map(|path| path.strip_prefix(&common)) {
            let Some((first, rest)) = path.split_once('/') else { return common };
            if top.is_some_and(|top| top != first) || !rest.contains('/') || split_of(first).is_some() {
                return common;
            }
            top = Some(first);
        }
        let Some(top) = top else { return common };
        common.push_str(top);
        common.push('/');
    }
}

/// Whether a file is hidden.
pub(super) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// The folder that a system made, if the path is one or lies in one.
pub(crate) fn system_folder(path: &str) -> Option<&str> {
    let mut end = 0;
    for part in path.split('/') {
        end += part.len();
        if SYSTEM_FOLDERS.contains(&part.to_lowercase().as_str()) {
            return path.get(..end);
        }
        end += 1;
    }
    None
}

/// The name without its folders.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn has_extension(path: &str, among: &[&str]) -> bool {
    let extension = name_of(path).rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| among.contains(&extension.as_str()))
}

/// Whether a file is named like an image.
pub(crate) fn named_image(path: &str) -> bool {
    has_extension(path, IMAGES)
}

/// Whether a file is named like a document that is a ZIP archive inside.
pub(super) fn zip_document(path: &str) -> bool {
    has_extension(path, ZIP_DOCUMENTS)
}

/// Whether a file is of a kind that is often beside images.
pub(crate) fn is_document(path: &str) -> bool {
    let name = name_of(path);
    has_extension(path, DOCUMENTS) || ["readme", "license", "licence"].contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_splits_and_of_classes() {
        use SplitFolder::*;
        for (name, split) in [
            ("train", Some(Train)),
            ("Training_Set", Some(Train)),
            ("seg_train", Some(Train)),
            ("trainset", Some(Train)),
            ("train2017", Some(Train)),
            ("validation", Some(Val)),
            ("val images", Some(Val)),
            ("test1", Some(Test)),
            ("test_set", Some(Test)),
            ("trainer", None),
            ("train station", None),
            ("dataset", None),
            ("set", None),
            ("train_test", None),
            ("7", None),
        ] {
            assert_eq!(split_of(name), split, "{name}");
        }
    }

    #[test]
    fn system_folders_are_found_anywhere() {
        assert_eq!(system_folder("a/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg"), Some("a/@eaDir"));
        assert_eq!(system_folder("$RECYCLE.BIN"), Some("$RECYCLE.BIN"));
        assert_eq!(system_folder("a/recycle/1.jpg"), None);
    }
}
