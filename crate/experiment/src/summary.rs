//! What summaries share: the runs of each arm, means, finished plans.

use alexnet_protocol::{ArmSummary, RunReport, RunSpec, RunStage};

/// The specs that have no report yet.
pub fn missing(specs: Vec<RunSpec>, done: &[RunReport]) -> Vec<RunSpec> {
    specs.into_iter().filter(|spec| !done.iter().any(|report| report.spec == *spec)).collect()
}

/// The values of each arm's measured runs, arms in the order in which they first appear, seeds rising.
pub fn arms(reports: &[RunReport], value: &str) -> Vec<ArmSummary> {
    let mut arms: Vec<ArmSummary> = Vec::new();
    let mut main: Vec<&RunReport> =
        reports.iter().filter(|report| report.spec.stage == RunStage::Main).collect();
    main.sort_by_key(|report| report.spec.seed);
    for report in reports.iter().filter(|report| report.spec.stage == RunStage::Main) {
        let arm = &report.spec.arm;
        if arms.iter().any(|known| known.arm == *arm) {
            continue;
        }
        let values: Vec<f64> = main
            .iter()
            .filter(|report| report.spec.arm == *arm)
            .map(|report| report.values.get(value).copied().unwrap_or(f64::NAN))
            .collect();
        let mean = mean(&values);
        arms.push(ArmSummary { arm: arm.clone(), learning_rate: report.spec.learning_rate, values, mean });
    }
    arms
}

/// The mean. Not a number for no values, or if one of them is none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of a value over the measured runs of an arm. Not a number if there are none.
pub fn mean_of(reports: &[RunReport], arm: &str, value: &str) -> f64 {
    let main = reports.iter().filter(|report| report.spec.stage == RunStage::Main && report.spec.arm == arm);
    mean(&main.filter_map(|report| report.values.get(value).copied()).collect::<Vec<_>>())
}
