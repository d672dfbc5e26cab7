//! What paths say: the split of an image, and which files are no images.

/// Files that are found beside images.
const IGNORED: &[&str] = &[
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
    "zip",
    "gz",
    "tar",
    "pdf",
    "toml",
    "lnk",
    "safetensors",
    "alexnet",
    "onnx",
    "pth",
    "pt",
];

/// What a folder's name says about its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SplitFolder {
    Train,
    Val,
    Test,
}

/// The split that a folder or archive is named after.
pub(super) fn split_of(name: &str) -> Option<SplitFolder> {
    match name.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(SplitFolder::Train),
        "val" | "valid" | "validation" => Some(SplitFolder::Val),
        "test" | "testing" => Some(SplitFolder::Test),
        _ => None,
    }
}

/// The common top folders (`data/images/`), which are removed from every path. A folder named like a split stays, and
/// so does a folder with images directly in it.
pub(super) fn common_folders<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut common = String::new();
    loop {
        let mut top: Option<&str> = None;
        for path in
            paths.clone().filter_map(|path| path.strip_prefix(&common)).filter(|path| !is_ignored(path))
        {
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

/// Whether a file is certainly no image of the data set: hidden, made by the system, or text.
pub(super) fn is_ignored(path: &str) -> bool {
    let hidden = path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    hidden || name.is_empty() || IGNORED.contains(&extension.as_str())
}
