//! A project exported by the page: images in ImageFolder layout, `project.json` with the classes in order, and the
//! network. Only the classes are read here.

use alexnet_protocol::ClassLabel;
use serde::Deserialize;

use super::Samples;
use super::file_tree::FileTree;
use super::paths::{class_key, is_hidden};

/// File name of a project's description.
const DESCRIPTION: &str = "project.json";
/// File name of a project's network.
const NETWORK: &str = "network.safetensors";

#[derive(Deserialize)]
struct Project {
    classes: Vec<Class>,
}

/// A class: its folder's name, or folder and name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Class {
    Folder(String),
    Named {
        name: String,
        #[serde(alias = "id")]
        folder: Option<String>,
    },
}

/// The file of this name that lies in the fewest folders: a project may have been packed again, with a folder on top.
fn find(container: &FileTree, name: &str) -> Option<usize> {
    let entries = container.entries.iter().enumerate();
    let named = entries.filter(|(_, entry)| entry.name() == name && !is_hidden(&entry.path));
    named.min_by_key(|(_, entry)| entry.path.matches('/').count()).map(|(place, _)| place)
}

/// The classes of a project in order; none for anything that is no project.
pub(super) fn classes(container: &mut FileTree) -> Vec<ClassLabel> {
    let place = find(container, DESCRIPTION);
    let text = place.and_then(|place| container.read(place).ok());
    let project = text.and_then(|text| serde_json::from_slice::<Project>(&text).ok());
    let label = |class| match class {
        Class::Folder(name) => ClassLabel { id: name.clone(), name },
        Class::Named { name, folder } => ClassLabel { id: folder.unwrap_or_else(|| name.clone()), name },
    };
    project.map(|project| project.classes.into_iter().map(label).collect()).unwrap_or_default()
}

/// The folders as classes: the project's classes first, in its order and with its names.
pub(super) fn arrange(
    folders: Vec<String>,
    project: &[ClassLabel],
    splits: [&mut Samples; 2],
) -> Vec<ClassLabel> {
    let known =
        |folder: &str| project.iter().position(|class| class_key(class.id.trim()) == class_key(folder));
    let rank = |folder: &str| known(folder).unwrap_or(project.len());
    let mut order: Vec<usize> = (0..folders.len()).collect();
    order.sort_by_key(|&place| folders.get(place).map_or(project.len(), |folder| rank(folder)));
    for label in splits.into_iter().flat_map(|samples| &mut samples.labels) {
        let place = order.iter().position(|&old| old == *label as usize);
        *label = place.map_or(*label, |place| place as u32);
    }
    let label = |&place: &usize| {
        let folder = folders.get(place)?;
        let listed = known(folder).and_then(|place| project.get(place));
        Some(listed.cloned().unwrap_or_else(|| ClassLabel { id: folder.clone(), name: folder.clone() }))
    };
    order.iter().filter_map(label).collect()
}

/// The network's file in an exported project; `None` where the bytes are no archive or hold no network.
pub fn project_network(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let file = super::File { path: "project.zip".into(), bytes: bytes.to_vec() };
    let mut container = FileTree::open(vec![file].into()).ok()?;
    let place = find(&container, NETWORK)?;
    container.read(place).ok()
}
