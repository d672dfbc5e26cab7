//! A first stage that finds the best learning rate of each arm.

use alexnet_protocol::{RunReport, RunSpec, RunStage};

use crate::summary::missing;

/// Added to the first seed for the sweep, so that no rate is chosen on a run that is measured.
const SWEEP_SEED: u32 = 1000;

/// Arms, the rates to try for each, and the work of a run.
pub struct Sweep<'a> {
    /// The arms whose rate is searched.
    pub arms: &'a [String],
    /// Learning rates to try.
    pub rates: &'a [f64],
    /// Expected work of a run of an arm, in seconds.
    pub seconds: &'a dyn Fn(&str) -> f64,
    /// How good a run of the sweep is. The lowest score wins.
    pub score: &'a dyn Fn(&RunReport) -> f64,
}

impl Sweep<'_> {
    /// The runs of the sweep that are still to do.
    pub fn plan(&self, seeds: &[u32], done: &[RunReport]) -> Vec<RunSpec> {
        let seed = seeds.first().copied().unwrap_or(1).wrapping_add(SWEEP_SEED);
        let arms = self.arms.iter();
        let specs = arms.flat_map(|arm| {
            self.rates.iter().map(move |rate| RunSpec {
                arm: arm.clone(),
                seed,
                stage: RunStage::Sweep,
                learning_rate: Some(*rate),
                seconds: (self.seconds)(arm),
            })
        });
        missing(specs.collect(), done)
    }

    /// The best learning rate of an arm.
    pub fn best_rate(&self, arm: &str, done: &[RunReport]) -> Option<f64> {
        let sweeps =
            done.iter().filter(|report| report.spec.stage == RunStage::Sweep && report.spec.arm == arm);
        let scored = sweeps.map(|report| ((self.score)(report), report.spec.learning_rate));
        scored.min_by(|a, b| a.0.total_cmp(&b.0)).and_then(|(_, rate)| rate)
    }

    /// The runs that are still to do where every arm of the sweep is measured: the sweep, then each arm with each
    /// seed.
    pub fn plan_all(&self, seeds: &[u32], done: &[RunReport]) -> Vec<RunSpec> {
        let sweeps = self.plan(seeds, done);
        if !sweeps.is_empty() {
            return sweeps;
        }
        // Seed by seed, so that all arms can be compared early.
        let specs = seeds.iter().flat_map(|seed| {
            self.arms.iter().map(|arm| RunSpec {
                arm: arm.clone(),
                seed: *seed,
                stage: RunStage::Main,
                learning_rate: self.best_rate(arm, done),
                seconds: (self.seconds)(arm),
            })
        });
        missing(specs.collect(), done)
    }
}
