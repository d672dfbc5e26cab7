//! Runs the experiments that `alexnet_protocol::experiments` declares.
//!
//! Page, command line and tests use the same three steps: [`plan`] says which runs are still to do, [`start`] starts
//! one of them, and [`summarise`] turns the reports of all runs into the outcome. Each run depends only on its
//! [`RunSpec`] and the settings, so runs can be computed in any order, in any worker, to the same bits.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod coadaptation;
mod design;
mod dropout;
mod ensemble;
mod grey;
mod histogram;
mod pair;
mod pairs;
mod relu;
mod sampling;
mod saturation;
mod sixteen;
mod summary;
mod sweep;
mod ten_crops;
mod towers;
mod training;

use alexnet_protocol::experiments::experiment;
use alexnet_protocol::messages::ExperimentError;
use alexnet_protocol::{Experiment, Outcome, RunReport, RunSpec, Settings};

use crate::design::Design;
pub use crate::design::{Inputs, Run};

fn design(name: &str) -> Result<(&'static Experiment, &'static dyn Design), ExperimentError> {
    let unknown = || ExperimentError::Unknown { name: name.to_owned() };
    let declared = experiment(name).ok_or_else(unknown)?;
    let design: &'static dyn Design = match name {
        "relu" => &relu::ReluDesign,
        "dropout" => &dropout::DropoutDesign,
        "pooling" => &pairs::POOLING_PAIR,
        "response-norm" => &pairs::RESPONSE_NORM_PAIR,
        "augmentation" => &pairs::AUGMENTATION_PAIR,
        "depth" => &pairs::DEPTH_PAIR,
        "ten-crops" => &ten_crops::TenCropsDesign,
        "towers" => &towers::TowersDesign,
        "ensemble" => &ensemble::EnsembleDesign,
        "sixteen" => &sixteen::SixteenDesign,
        "sampling" => &sampling::SamplingDesign,
        "saturation" => &saturation::SaturationDesign,
        "coadaptation" => &coadaptation::CoadaptationDesign,
        _ => return Err(unknown()),
    };
    Ok((declared, design))
}

/// The runs of an experiment that are still to do, given the reports of those that are done. Call it again when they
/// are done: it is empty when nothing is left.
///
/// # Errors
/// An experiment or a setting that does not exist.
pub fn plan(
    name: &str,
    settings: &Settings,
    seeds: &[u32],
    done: &[RunReport],
) -> Result<Vec<RunSpec>, ExperimentError> {
    let (declared, design) = design(name)?;
    declared.check(settings)?;
    design.plan(settings, seeds, done)
}

/// Starts a run that was planned.
///
/// # Errors
/// A run that does not belong to the experiment; images that are missing.
pub fn start(
    name: &str,
    settings: &Settings,
    spec: &RunSpec,
    inputs: &Inputs,
) -> Result<Box<dyn Run>, ExperimentError> {
    let (declared, design) = design(name)?;
    declared.check(settings)?;
    design.start(settings, spec, inputs)
}

/// The outcome of finished runs.
///
/// # Errors
/// As [`plan`].
pub fn summarise(name: &str, settings: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
    let (declared, design) = design(name)?;
    declared.check(settings)?;
    design.summarise(settings, reports)
}

/// Runs an experiment to its end on this thread.
///
/// # Errors
/// As [`plan`] and [`start`].
pub async fn run(
    name: &str,
    settings: &Settings,
    seeds: &[u32],
    inputs: &Inputs,
    mut progress: impl FnMut(&RunReport),
) -> Result<(Vec<RunReport>, Outcome), ExperimentError> {
    let mut reports = Vec::new();
    loop {
        let specs = plan(name, settings, seeds, &reports)?;
        if specs.is_empty() {
            let outcome = summarise(name, settings, &reports)?;
            return Ok((reports, outcome));
        }
        for spec in specs {
            let mut run = start(name, settings, &spec, inputs)?;
            while run.advance().await? < 1.0 {}
            let report = run.report();
            progress(&report);
            reports.push(report);
        }
    }
}

#[cfg(test)]
mod tests {
    use alexnet_protocol::EXPERIMENTS;

    use super::*;

    #[test]
    fn every_declared_experiment_plans_runs_with_every_preset() {
        for experiment in EXPERIMENTS {
            for preset in experiment.presets {
                let pairs =
                    preset.values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                let runs = plan(experiment.name, &pairs.collect(), &[1, 2], &[]).unwrap();
                assert!(!runs.is_empty(), "{}", experiment.name);
                assert!(runs.iter().all(|run| run.seconds > 0.0), "{}", experiment.name);
            }
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let none = Settings::new();
        assert!(matches!(plan("nothing", &none, &[1], &[]), Err(ExperimentError::Unknown { .. })));
        let wrong = Settings::from([("p".to_owned(), "2".to_owned())]);
        assert!(matches!(plan("sixteen", &wrong, &[1], &[]), Err(ExperimentError::Setting { .. })));
    }
}
