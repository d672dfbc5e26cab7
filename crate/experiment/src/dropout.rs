//! The experiment `dropout`: rates of dropout on few and on many images.

use std::collections::BTreeMap;

use alexnet::Setup;
use alexnet::architecture::Variation;
use alexnet::protocol::RunOptions;
use alexnet_protocol::experiments::DROPOUT;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Outcome, RunReport, RunSpec, RunStage, Settings, Unit};

use crate::design::{Design, Inputs, Run};
use crate::summary::{Effect, arms, missing};
use crate::sweep::Sweep;
use crate::training::{Plain, Plan, Training};

/// Rates of dropout.
const RATES: [&str; 4] = ["0", "0.2", "0.5", "0.8"];
/// Numbers of training images.
const IMAGES: [u32; 4] = [100, 500, 1000, 5000];
/// Number of images in the search for learning rates.
const SWEEP_IMAGES: u32 = 1000;
/// Learning rates to try.
const LEARNING_RATES: [f64; 3] = [0.03, 0.01, 0.003];
/// Steps of a run.
const STEPS: u64 = 400;
/// Images per step.
const BATCH: u32 = 50;
/// Steps between two measurements.
const EVERY: u64 = 50;
/// Expected work of a run, in seconds.
const SECONDS: f64 = 4.0;
/// Training error to which the steps are counted.
const THRESHOLD: f32 = 0.15;

pub struct DropoutDesign;

fn arm(p: &str, images: u32) -> String {
    format!("p={p}/{images}")
}

/// The rate of dropout and the number of images of an arm.
fn parse(arm: &str) -> Option<(f64, u32)> {
    let (p, images) = arm.strip_prefix("p=")?.split_once('/')?;
    Some((p.parse().ok().filter(|p| (0.0..1.0).contains(p))?, images.parse().ok()?))
}

impl Design for DropoutDesign {
    fn plan(&self, _: &Settings, seeds: &[u32], done: &[RunReport]) -> Result<Vec<RunSpec>, ExperimentError> {
        let sweep_arms = RATES.map(|p| arm(p, SWEEP_IMAGES));
        let score = |report: &RunReport| report.values.get("valError").copied().unwrap_or(1.0);
        let sweep = Sweep { arms: &sweep_arms, rates: &LEARNING_RATES, seconds: &|_| SECONDS, score: &score };
        let searching = sweep.plan(seeds, done);
        if !searching.is_empty() {
            return Ok(searching);
        }
        let cells = seeds.iter().flat_map(|seed| {
            IMAGES.iter().flat_map(move |images| RATES.iter().map(move |p| (*seed, *images, *p)))
        });
        let specs = cells.map(|(seed, images, p)| RunSpec {
            arm: arm(p, images),
            seed,
            stage: RunStage::Main,
            learning_rate: sweep.best_rate(&arm(p, SWEEP_IMAGES), done),
            seconds: SECONDS,
        });
        Ok(missing(specs.collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let unknown = || ExperimentError::Arm { arm: spec.arm.clone() };
        let (dropout, train_images) = parse(&spec.arm).ok_or_else(unknown)?;
        let hidden_units = DROPOUT.setting(settings, "hidden")?.parse().ok();
        let plan = Plan {
            options: RunOptions {
                dropout,
                batch_size: BATCH,
                epochs: 1000,
                warmup_steps: 20,
                weight_decay: 0.0,
                width: 0.25,
                ..RunOptions::default()
            },
            setup: Setup {
                variation: Variation { hidden_units, ..Variation::default() },
                ..Setup::default()
            },
            raw_inputs: false,
            tinted: false,
            train_images,
            test_images: 500,
            measured_images: 250,
            steps: STEPS,
            measure_every: EVERY,
            stop_at: None,
        };
        Ok(Box::new(Plain::over_steps(Training::new(spec, plan, inputs)?)))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let main: Vec<&RunReport> =
            reports.iter().filter(|report| report.spec.stage == RunStage::Main).collect();
        let find = |p: &str, like: &RunReport| {
            let (_, images) = parse(&like.spec.arm)?;
            let wanted = arm(p, images);
            main.iter()
                .copied()
                .find(|report| report.spec.arm == wanted && report.spec.seed == like.spec.seed)
        };
        // Pairs of runs that differ in dropout alone.
        let without =
            main.iter().copied().filter(|report| parse(&report.spec.arm).is_some_and(|(p, _)| p == 0.0));
        let pairs: Vec<(&RunReport, &RunReport)> =
            without.filter_map(|report| Some((report, find("0.5", report)?))).collect();
        let change = |value: &str| {
            let of = |report: &RunReport| report.values.get(value).copied().unwrap_or(f64::NAN);
            Effect::of(&pairs.iter().map(|(without, with)| of(without) - of(with)).collect::<Vec<_>>())
        };
        let (gap, error) = (change("gap"), change("valError"));
        let answer = match (gap.is_visible() && gap.mean > 0.0, error.is_visible()) {
            (_, true) if error.mean < 0.0 => "hurts",
            (true, true) => "helps",
            (true, false) => "gapOnly",
            _ => "same",
        };
        let factors: Vec<f64> = pairs
            .iter()
            .filter_map(|(without, with)| Some((steps_to(with)? / steps_to(without)?).ln()))
            .collect();
        let mut values = BTreeMap::from([
            ("gapClosed".into(), gap.mean),
            ("gapClosedSpread".into(), gap.spread),
            ("testErrorSaved".into(), error.mean),
            ("testErrorSavedSpread".into(), error.spread),
        ]);
        if !factors.is_empty() {
            values.insert("stepFactor".into(), Effect::of(&factors).mean.exp());
        }
        let factor = values.get("stepFactor").copied();
        let points = |share: f64| share * 100.0;
        let mut verdict = vec![
            Verdict::DropoutGap { points: points(gap.mean), spread: points(gap.spread) },
            Verdict::DropoutError { points: points(error.mean), spread: points(error.spread) },
        ];
        verdict.extend(factor.map(|factor| Verdict::DropoutSteps { factor }));
        Ok(Outcome {
            value: factor,
            unit: Unit::Times,
            answer: answer.into(),
            verdict: verdict.iter().map(Sentence::message).collect(),
            values,
            arms: arms(reports, "gap"),
        })
    }
}

/// Steps until the training error of a run falls to the threshold.
fn steps_to(report: &RunReport) -> Option<f64> {
    let curve = report.curves.iter().find(|curve| curve.name == "trainError")?;
    let at = curve.y.iter().position(|error| *error <= THRESHOLD)?;
    curve.x.get(at).map(|step| f64::from(*step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_parsed_and_others_refused() {
        assert_eq!(parse("p=0.5/500"), Some((0.5, 500)));
        for wrong in ["p=1/500", "p=x/500", "p=0.5", "0.5/500"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
