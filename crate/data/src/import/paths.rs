//! What the names of files and folders say: which split an image belongs to, and what is no image at all.

/// Files that lie beside images in data sets and on disks.
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

/// What a folder's name says about the images below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SplitFolder {
    Train,
    Val,
    Test,
}

/// The split that a folder's (or archive's) name stands for.
pub(super) fn split_of(name: &str) -> Option<SplitFolder> {
    match name.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(SplitFolder::Train),
        "val" | "valid" | "validation" => Some(SplitFolder::Val),
        "test" | "testing" => Some(SplitFolder::Test),
        _ => None,
    }
}

/// The folders that hold everything (`data/images/`), to be removed from every path. A folder whose name says which
/// split it is stays, and so does one with images right in it.
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

/// Whether a file is certainly no image of the data set: hidden, a system's own, a text.
pub(super) fn is_ignored(path: &str) -> bool {
    let hidden = path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    hidden || name.is_empty() || IGNORED.contains(&extension.as_str())
}
