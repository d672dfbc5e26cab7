//! The effects that the experiments declare, on drawn images and at reduced budgets, with fixed seeds.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod support;

use alexnet_experiment::summarise;
use alexnet_protocol::Picture;
use support::{inputs, report, settings};

#[test]
fn functions_that_saturate_need_more_passes_than_relu() {
    let inputs = inputs(1000, 100);
    let relu = report("relu", &settings(&[]), ("relu", 1, 0.01), &inputs);
    let factor = |rival: &str| {
        let settings = settings(&[("rival", rival)]);
        // The best of two rates.
        let rivals = [0.01, 0.03].map(|rate| report("relu", &settings, (rival, 1, rate), &inputs));
        let factors = rivals
            .map(|rival| summarise("relu", &settings, &[relu.clone(), rival]).unwrap().values["factor"]);
        factors[0].min(factors[1])
    };
    let (tanh, sigmoid) = (factor("tanh"), factor("sigmoid"));
    assert!(tanh > 0.8, "{tanh}");
    assert!(sigmoid > 1.5 && sigmoid > tanh, "{sigmoid} {tanh}");
}

#[test]
fn dropout_closes_the_gap_on_few_images() {
    let (inputs, settings) = (inputs(100, 500), settings(&[]));
    let arms = ["p=0/100", "p=0.8/100"];
    let [without, with] = arms.map(|arm| report("dropout", &settings, (arm, 1, 0.01), &inputs));
    assert!(without.values["gap"] - with.values["gap"] > 0.02, "{:?} {:?}", without.values, with.values);
}

#[test]
fn augmentation_lowers_the_test_error_on_few_images() {
    let (inputs, settings) = (inputs(100, 500), settings(&[]));
    let error = |arm| report("augmentation", &settings, (arm, 1, 0.01), &inputs).values["valError"];
    let (plain, moved) = (error("plain"), error("moved"));
    assert!(plain > moved, "{plain} {moved}");
}

#[test]
fn each_arm_of_a_pair_trains_its_own_network() {
    let inputs = inputs(100, 50);
    let pairs = [("pooling", ["2/2", "3/2"]), ("response-norm", ["none", "lrn"])];
    for (name, arms) in pairs {
        let [one, two] = arms.map(|arm| report(name, &settings(&[]), (arm, 1, 0.01), &inputs));
        assert_ne!(one.curves, two.curves, "{name}");
        assert!(one.values.contains_key("valError"), "{name}");
    }
}

#[test]
fn the_average_makes_fewer_mistakes_than_one_network() {
    let (inputs, settings) = (inputs(500, 500), settings(&[("passes", "8"), ("images", "500")]));
    let report = report("ensemble", &settings, ("ensemble", 1, 0.01), &inputs);
    let (one, all) = (report.values["oneError"], report.values["ensembleError"]);
    assert!(all < one && one < 0.8, "{one} {all}");
    let [Picture::Matrix { values, rows, .. }] = &report.pictures[..] else { panic!("no matrix") };
    let side = rows.len();
    for (place, agreement) in values.iter().enumerate() {
        let (row, column) = (place / side, place % side);
        assert_eq!(*agreement, values[column * side + row]);
        assert_eq!(*agreement == 1.0, row == column, "{row} {column}");
    }
}

#[test]
fn all_crops_are_measured_and_summed_up() {
    let (inputs, settings) = (inputs(300, 100), settings(&[]));
    let report = report("ten-crops", &settings, ("network", 1, 0.01), &inputs);
    // One crop is what the network is tested with anyway.
    assert_eq!(report.values["one"], report.values["valError"]);
    let outcome = summarise("ten-crops", &settings, &[report]).unwrap();
    let [one, _, ten] = &outcome.arms[..] else { panic!("not three arms") };
    assert!((outcome.value.unwrap() - (one.mean - ten.mean)).abs() < 1e-9);
}

#[test]
fn filters_of_grey_images_keep_no_colour_that_they_learned() {
    let inputs = inputs(200, 50);
    let share = |colour| {
        let settings = settings(&[("colour", colour)]);
        report("towers", &settings, ("towers", 1, 0.01), &inputs).values["lowerShare"]
    };
    // Filters drawn at random have two thirds, and grey images only teach the grey part.
    let (plain, tinted) = (share("plain"), share("tinted"));
    assert!(plain < 0.67 && tinted != plain, "{plain} {tinted}");
}
