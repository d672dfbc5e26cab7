//! Documents name files that exist, and ARCHITECTURE.md has a row for every folder.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// Markdown files of the project, without installed packages and build outputs.
fn documents() -> Vec<PathBuf> {
    let skipped = ["node_modules", "target", "dist", "generated", "results", ".git"];
    let entries = WalkDir::new(root()).into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !skipped.contains(&&*entry.file_name().to_string_lossy())
    });
    entries
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// Text in backticks outside of code blocks, and targets of links without `#…`.
fn names_and_links(text: &str) -> (Vec<&str>, Vec<&str>) {
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let names = prose.iter().flat_map(|part| part.split('`').skip(1).step_by(2)).collect();
    let links = prose.iter().flat_map(|part| part.split("](").skip(1));
    let links = links.filter_map(|rest| rest.split([')', '#']).next()).collect();
    (names, links)
}

/// Whether a name in backticks claims to be a file or folder of the repository: it begins with one of its folders and
/// holds nothing that a shell would expand.
fn is_path(name: &str) -> bool {
    let folders = ["crate/", "web/", "tests/", "docs/", "pkg/", ".github/", ".ci/"];
    let made = ["web/dist", "web/src/generated", "web/public/data", "web/public/generated", "pkg/dist"];
    folders.iter().any(|folder| name.starts_with(folder))
        && !made.iter().any(|folder| name.starts_with(folder))
        && !name.contains(['*', '<', ' ', '…', '{', '$'])
}

/// What a document names and is not there.
fn missing(document: &Path, text: &str) -> Vec<String> {
    let (names, links) = names_and_links(text);
    let folder = document.parent().unwrap();
    let paths = names.into_iter().filter(|name| is_path(name)).filter(|name| !root().join(name).exists());
    let links = links.into_iter().filter(|link| {
        !link.is_empty()
            && !link.contains("://")
            && !link.starts_with("mailto:")
            && !folder.join(link).exists()
    });
    paths.chain(links).map(|name| format!("{}: {name}", document.display())).collect()
}

#[test]
fn documents_name_files_that_exist() {
    let documents = documents();
    assert!(documents.len() > 20, "{documents:?}");
    let wrong: Vec<_> = documents
        .iter()
        .flat_map(|document| missing(document, &fs::read_to_string(document).unwrap()))
        .collect();
    assert!(wrong.is_empty(), "named, but not there:\n{}", wrong.join("\n"));
}

#[test]
fn a_missing_file_is_found() {
    let text =
        "[good](README.md) `crate/core` `web/dist/x` [bad](no.md#part) `crate/none.rs` ```\n`web/none`\n```";
    let found = missing(&root().join("ARCHITECTURE.md"), text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("crate/none.rs") && found[1].ends_with("no.md"));
}

#[test]
fn the_map_has_a_row_for_every_folder() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut wrong = Vec::new();
    for parent in ["crate", "web/src", "web/src/engine"] {
        for entry in fs::read_dir(root().join(parent)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{parent}/{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() && name != "web/src/engine" && !map.contains(&format!("| `{name}` |")) {
                wrong.push(name);
            }
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md has no row for {}", wrong.join(", "));
}
