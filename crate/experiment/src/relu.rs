//! The experiment `relu`: ReLU against another activation function, each at its best learning rate.

use std::collections::BTreeMap;

use alexnet::Setup;
use alexnet::architecture::Variation;
use alexnet::data::LocalFuture;
use alexnet::protocol::{Activation, Normalization, RunOptions};
use alexnet_protocol::experiments::RELU;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Outcome, RunReport, RunSpec, Settings, Unit};

use crate::design::{Design, Inputs, Run};
use crate::summary::{Effect, arms};
use crate::sweep::Sweep;
use crate::training::{Measured, Plan, Training};

/// Learning rates to try.
const RATES: [f64; 6] = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0003];
/// Training images.
const IMAGES: u32 = 1000;
/// Images per step.
const BATCH: u32 = 25;
/// Passes after which a run is given up.
const EPOCHS: u64 = 20;
/// Steps of a pass.
const STEPS: u64 = (IMAGES / BATCH) as u64;
/// The name of the value that is compared.
const MEASURE: &str = "epochsToThreshold";

pub struct ReluDesign;

impl ReluDesign {
    /// The arms: ReLU and the other activation function.
    fn arms(settings: &Settings) -> Result<[String; 2], ExperimentError> {
        Ok(["relu".into(), RELU.setting(settings, "rival")?.into()])
    }

    /// The training error to reach.
    fn threshold(settings: &Settings) -> Result<f64, ExperimentError> {
        Ok(RELU.setting(settings, "threshold")?.parse().unwrap_or(10.0) / 100.0)
    }

    /// Calls `f` with the sweep of these settings.
    fn with_sweep<T>(settings: &Settings, f: impl FnOnce(&Sweep<'_>) -> T) -> Result<T, ExperimentError> {
        let arms = Self::arms(settings)?;
        let deep = RELU.setting(settings, "layers")? == "8";
        // Runs end when the error is reached, so most are shorter.
        let seconds = |arm: &str| {
            let factor = if matches!(arm, "relu" | "leaky-relu") { 1.0 } else { 2.0 };
            factor * if deep { 8.0 } else { 5.0 }
        };
        let score = |report: &RunReport| match report.values.get(MEASURE) {
            Some(epochs) => *epochs,
            None => EPOCHS as f64 * (1.0 + report.values.get("trainError").copied().unwrap_or(1.0)),
        };
        Ok(f(&Sweep { arms: &arms, rates: &RATES, seconds: &seconds, score: &score }))
    }
}

impl Design for ReluDesign {
    fn plan(
        &self,
        settings: &Settings,
        seeds: &[u32],
        done: &[RunReport],
    ) -> Result<Vec<RunSpec>, ExperimentError> {
        Self::with_sweep(settings, |sweep| sweep.plan_all(seeds, done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let unknown = |_| ExperimentError::Arm { arm: spec.arm.clone() };
        let activation: Activation = spec.arm.parse().map_err(unknown)?;
        let normalization = match RELU.setting(settings, "normalization")? {
            "batch" => Normalization::Batch,
            _ => Normalization::None,
        };
        let without = match RELU.setting(settings, "layers")? {
            "8" => Vec::new(),
            _ => vec!["conv3", "conv4", "fc6", "fc7"],
        };
        let threshold = Self::threshold(settings)?;
        let plan = Plan {
            options: RunOptions {
                activation,
                normalization,
                batch_size: BATCH,
                dropout: 0.0,
                weight_decay: 0.0,
                warmup_steps: 0,
                width: 0.25,
                epochs: EPOCHS as u32,
                ..RunOptions::default()
            },
            setup: Setup {
                variation: Variation { without, ..Variation::default() },
                weight_std: (RELU.setting(settings, "weights")? == "paper").then_some(0.01),
                preprocess: None,
            },
            raw_inputs: RELU.setting(settings, "inputs")? == "raw",
            tinted: false,
            train_images: IMAGES,
            test_images: 200,
            measured_images: 500,
            steps: STEPS * EPOCHS,
            measure_every: STEPS / 2,
            stop_at: Some(threshold),
        };
        Ok(Box::new(ReluRun { training: Training::new(spec, plan, inputs)?, threshold }))
    }

    fn summarise(&self, settings: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let [_, rival] = Self::arms(settings)?;
        let threshold = Self::threshold(settings)?;
        let arms = arms(reports, MEASURE);
        let of = |name: &str| {
            arms.iter().find(|arm| arm.arm == name).map(|arm| arm.values.clone()).unwrap_or_default()
        };
        let (relu, other) = (of("relu"), of(&rival));
        // A run that never got there took longer than all passes.
        let passes = |epochs: &f64| if epochs.is_nan() { EPOCHS as f64 } else { *epochs };
        let reached = |values: &[f64]| !values.is_empty() && !values.iter().any(|value| value.is_nan());
        let logs: Vec<f64> =
            relu.iter().zip(&other).map(|(relu, other)| (passes(other) / passes(relu)).ln()).collect();
        let effect = Effect::of(&logs);
        let factor = effect.mean.exp();
        let mean = |values: &[f64]| values.iter().map(passes).sum::<f64>() / values.len().max(1) as f64;
        let percent = threshold * 100.0;
        let mut verdict = vec![match (reached(&relu), reached(&other)) {
            (true, true) => Verdict::ReluFactor {
                percent,
                relu: mean(&relu),
                rival: rival.clone(),
                other: mean(&other),
                factor,
            },
            (true, false) => Verdict::ReluOnly {
                percent,
                relu: mean(&relu),
                rival: rival.clone(),
                passes: EPOCHS as u32,
                factor,
            },
            (false, true) => Verdict::ReluNever { percent, rival: rival.clone(), other: mean(&other) },
            (false, false) => Verdict::ReluNeither { percent, passes: EPOCHS as u32 },
        }];
        let answer = match () {
            () if !effect.is_visible() => "same",
            () if factor >= 2.0 => "twice",
            () if factor > 1.0 => "faster",
            () => "slower",
        };
        if answer == "same" {
            verdict.push(Verdict::NotVisible);
        }
        let any = reached(&relu) || reached(&other);
        Ok(Outcome {
            value: any.then_some(factor),
            unit: Unit::Times,
            answer: answer.into(),
            verdict: verdict.iter().map(Sentence::message).collect(),
            values: BTreeMap::from([
                ("factor".into(), factor),
                ("factorLow".into(), (effect.mean - effect.spread).exp()),
                ("factorHigh".into(), (effect.mean + effect.spread).exp()),
            ]),
            arms,
        })
    }
}

struct ReluRun {
    training: Training,
    threshold: f64,
}

impl Run for ReluRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(self.training.advance())
    }

    fn report(&self) -> RunReport {
        let mut report = self.training.report_over(|step| self.training.epochs(step));
        if let Some(step) = crossing(self.training.measured(), self.threshold) {
            report.values.insert(MEASURE.into(), step / STEPS as f64);
        }
        report
    }
}

/// The step at which the training error falls to the threshold, between two measurements by linear interpolation.
fn crossing(measured: &[Measured], threshold: f64) -> Option<f64> {
    let at = measured.iter().position(|at| at.train_error <= threshold)?;
    let (after, before) = (measured.get(at)?, measured.get(at.checked_sub(1)?)?);
    let share = (before.train_error - threshold) / (before.train_error - after.train_error);
    Some(before.step as f64 + share * (after.step - before.step) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crossing_lies_between_two_measurements() {
        let at = |step, train_error| Measured { step, train_error, val_error: 0.0 };
        let measured = [at(0, 0.9), at(10, 0.5), at(20, 0.1)];
        assert_eq!(crossing(&measured, 0.3), Some(15.0));
        assert_eq!(crossing(&measured, 0.05), None);
    }
}
