//! The experiments of Learn on the command line.

#![allow(missing_docs)]

mod common;

use common::{alexnet, json, refusal};

#[test]
fn an_experiment_prints_its_result_beside_the_published_figure() {
    let run = || json(&["experiment", "sixteen", "--seeds", "2", "--set", "hidden=4", "--json"]);
    let found = run();
    assert_eq!(found["experiment"], "sixteen");
    assert_eq!(found["seeds"], serde_json::json!([1, 2]));
    assert_eq!(found["settings"]["hidden"], "4");
    assert_eq!(found["runs"].as_array().unwrap().len(), 2);
    // One hidden layer: the geometric mean is the scaled network, as published.
    let value = found["result"]["value"].as_f64().unwrap();
    assert!(value < 1e-9, "{found}");
    assert_eq!(found["published"][0]["value"], 0.0);
    assert!(found["result"]["words"][0].as_str().unwrap().ends_with('.'));
    assert_eq!(run(), found, "the same seeds give the same result, on any number of processors");
}

#[test]
fn without_a_name_the_experiments_are_listed() {
    let list = json(&["experiment", "--json"]);
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|row| row["experiment"].as_str().unwrap()).collect();
    assert!(names.contains(&"sixteen") && names.contains(&"sampling"), "{names:?}");
    let text = alexnet(&["experiment"], 0).stdout;
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn what_does_not_exist_is_named() {
    assert!(refusal(&["experiment", "nothing"]).contains("nothing"));
    assert!(refusal(&["experiment", "sixteen", "--set", "p=2"]).contains('p'));
    assert!(refusal(&["experiment", "sixteen", "--set", "p"]).contains("NAME=VALUE"));
    assert!(refusal(&["experiment", "sixteen", "--seeds", "0"]).contains("at least one seed"));
}
