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

/// A mean over seeds and how far it can be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % confidence interval (Student's t). Infinite for less than two values.
    pub spread: f64,
}

/// 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom.
const T: [f64; 9] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

impl Effect {
    /// The mean of these values, one for each seed.
    pub fn of(values: &[f64]) -> Self {
        let (mean, count) = (mean(values), values.len() as f64);
        let Some(freedom) = values.len().checked_sub(2) else {
            return Self { mean, spread: f64::INFINITY };
        };
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let t = T.get(freedom).copied().unwrap_or(2.1);
        Self { mean, spread: t * deviation / count.sqrt() }
    }

    /// Whether the mean is larger than its spread: else there is no visible difference.
    pub fn is_visible(&self) -> bool {
        self.mean.abs() > self.spread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_visible_where_it_is_larger_than_its_spread() {
        let clear = Effect::of(&[1.0, 1.2, 0.9, 1.1, 1.0]);
        assert!((clear.mean - 1.04).abs() < 1e-12 && (clear.spread - 0.1417).abs() < 1e-3, "{clear:?}");
        assert!(clear.is_visible());
        assert!(!Effect::of(&[1.0, -1.2, 0.9, -1.1, 1.0]).is_visible());
        assert!(!Effect::of(&[5.0]).is_visible());
        assert!(!Effect::of(&[]).is_visible());
    }
}
