//! A project that an earlier build exported is imported: `tests/fixtures/old-files/README.md`.

#![allow(missing_docs)]

use alexnet_data::{Dataset, File, InputSize, Split, import, project_network};

const PROJECT: &[u8] = include_bytes!("../../../tests/fixtures/old-files/project.zip");

#[test]
fn classes_split_and_network_of_a_project() {
    let file = File { path: "project.zip".into(), bytes: PROJECT.to_vec() };
    let import = import(vec![file], InputSize::whole(32), 1, &mut |_, _| ()).unwrap();
    assert!(import.report.left_out.is_empty(), "{:?}", import.report.left_out);
    let names: Vec<_> = import.source.labels().iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["leaf", "rose", "sky"]);
    let counts = [Split::Train, Split::Val].map(|split| import.source.samples(split).len());
    assert_eq!(counts.iter().sum::<usize>(), 12);
    assert!(counts[1] >= 3, "one image of each class for validation: {counts:?}");
    assert!(project_network(PROJECT).is_some_and(|bytes| bytes.len() > 20_000));
}
