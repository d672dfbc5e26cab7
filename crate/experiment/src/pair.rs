//! Experiments that compare two networks or two ways of training: test error of each over several seeds.

use std::collections::BTreeMap;

use alexnet::Setup;
use alexnet::protocol::RunOptions;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Experiment, Outcome, RunReport, RunSpec, RunStage, Settings, Unit};

use crate::design::{Design, Inputs, Run};
use crate::summary::{Effect, arms};
use crate::sweep::Sweep;
use crate::training::{Plain, Plan, Training};

/// Learning rates to try for each arm.
const RATES: [f64; 3] = [0.03, 0.01, 0.003];
/// Images per step.
const BATCH: u32 = 50;

/// A comparison of two arms.
pub struct Pair {
    /// Its declaration. It has the setting `images`.
    pub experiment: &'static Experiment,
    /// Without and with what the claim is about.
    pub arms: [&'static str; 2],
    /// Configures the second arm (true) or the first.
    pub configure: fn(&Settings, bool, &mut RunOptions, &mut Setup) -> Result<(), ExperimentError>,
    /// Steps of a run.
    pub steps: u64,
    /// Expected work of a run, in seconds.
    pub seconds: f64,
}

impl Design for Pair {
    fn plan(&self, _: &Settings, seeds: &[u32], done: &[RunReport]) -> Result<Vec<RunSpec>, ExperimentError> {
        let arms = self.arms.map(str::to_owned);
        let score = |report: &RunReport| report.values.get("valError").copied().unwrap_or(1.0);
        let sweep = Sweep { arms: &arms, rates: &RATES, seconds: &|_| self.seconds, score: &score };
        Ok(sweep.plan_all(seeds, done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let which = self.arms.iter().position(|arm| *arm == spec.arm);
        let which = which.ok_or_else(|| ExperimentError::Arm { arm: spec.arm.clone() })?;
        let mut options = RunOptions {
            batch_size: BATCH,
            width: 0.25,
            dropout: 0.0,
            epochs: 1000,
            warmup_steps: 20,
            ..RunOptions::default()
        };
        let mut setup = Setup::default();
        (self.configure)(settings, which == 1, &mut options, &mut setup)?;
        let plan = Plan {
            options,
            setup,
            raw_inputs: false,
            tinted: false,
            train_images: self.experiment.setting(settings, "images")?.parse().unwrap_or(2000),
            // Differences of a few tenths of a point need many test images.
            test_images: match spec.stage {
                RunStage::Sweep => 500,
                RunStage::Main => 2000,
            },
            measured_images: 250,
            steps: self.steps,
            measure_every: self.steps / 2,
            stop_at: None,
        };
        Ok(Box::new(Plain::over_epochs(Training::new(spec, plan, inputs)?)))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let arms = arms(reports, "valError");
        let of = |name: &str| {
            arms.iter().find(|arm| arm.arm == name).map(|arm| arm.values.clone()).unwrap_or_default()
        };
        let [without, with] = self.arms.map(of);
        let saved: Vec<f64> = without.iter().zip(&with).map(|(without, with)| without - with).collect();
        let effect = Effect::of(&saved);
        let (points, spread) = (effect.mean.abs() * 100.0, effect.spread * 100.0);
        let seeds = saved.len() as u32;
        let (answer, verdict) = match effect.is_visible() {
            false => ("same", Verdict::PairSame { points: effect.mean * 100.0, spread, seeds }),
            true if effect.mean > 0.0 => ("better", Verdict::PairBetter { points, spread, seeds }),
            true => ("worse", Verdict::PairWorse { points, spread, seeds }),
        };
        Ok(Outcome {
            value: effect.mean.is_finite().then_some(effect.mean),
            unit: Unit::Points,
            answer: answer.into(),
            verdict: match (seeds, answer) {
                (..2, _) => vec![Verdict::OneSeed.message()],
                (_, "same") => vec![verdict.message(), Verdict::NotVisible.message()],
                _ => vec![verdict.message()],
            },
            values: BTreeMap::from([("difference".into(), effect.mean), ("spread".into(), effect.spread)]),
            arms,
        })
    }
}
