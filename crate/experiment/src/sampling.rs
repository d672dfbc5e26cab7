//! The experiment `sampling`: the average of k sampled thinned networks against the scaled network.

use std::collections::BTreeMap;

use alexnet::data::LocalFuture;
use alexnet_protocol::experiments::SAMPLING;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Curve, Outcome, RunReport, RunSpec, RunStage, Settings, Unit};
use alexnet_teach::points::Shape;
use alexnet_teach::sampling::{Sampling, sample};
use alexnet_teach::sixteen::{Sixteen, SixteenOptions};

use crate::design::{Design, Inputs, Run};
use crate::summary::{arms, missing};

/// Steps of training.
const STEPS: u64 = 3000;
/// Steps in a slice of work.
const SLICE: u64 = 100;
/// Sampled networks that are averaged at most.
const SAMPLES: usize = 200;

pub struct SamplingDesign;

impl Design for SamplingDesign {
    fn plan(&self, _: &Settings, seeds: &[u32], done: &[RunReport]) -> Result<Vec<RunSpec>, ExperimentError> {
        let spec = |seed: &u32| RunSpec {
            arm: "sampled".into(),
            seed: *seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: 1.5,
        };
        Ok(missing(seeds.iter().map(spec).collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        _: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let p = SAMPLING.setting(settings, "p")?.parse().unwrap_or(0.5);
        let options = SixteenOptions {
            hidden: vec![16, 16],
            shape: Shape::Circles,
            p,
            seed: spec.seed,
            ..SixteenOptions::default()
        };
        Ok(Box::new(SamplingRun { spec: spec.clone(), network: Sixteen::new(options), found: None }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let count = reports.len().max(1) as f64;
        let scaled =
            reports.iter().filter_map(|report| report.values.get("scaledError")).sum::<f64>() / count;
        let mean_at = |k: usize| {
            let curves = reports.iter().filter_map(|report| report.curves.first());
            curves.filter_map(|curve| curve.y.get(k)).map(|y| f64::from(*y)).sum::<f64>() / count
        };
        // Errors are shares of 500 points: equal but for rounding to f32.
        let matches = (0..SAMPLES).find(|k| mean_at(*k) <= scaled + 1e-6).map(|k| k as u32 + 1);
        let answer = match matches {
            None => "never",
            Some(..5) => "one",
            Some(5..50) => "ten",
            Some(_) => "fifty",
        };
        let verdict = match matches {
            Some(samples) => Verdict::SamplingMatch { samples },
            None => Verdict::SamplingNever { samples: SAMPLES as u32 },
        };
        let unscaled =
            reports.iter().filter_map(|report| report.values.get("unscaledError")).sum::<f64>() / count;
        let forgotten = Verdict::SamplingUnscaled { scaled: 100.0 * scaled, unscaled: 100.0 * unscaled };
        let mut values = BTreeMap::from([("scaledError".into(), scaled), ("unscaledError".into(), unscaled)]);
        values.extend(matches.map(|samples| ("samplesToMatch".into(), f64::from(samples))));
        Ok(Outcome {
            value: matches.map(f64::from),
            unit: Unit::Count,
            answer: answer.into(),
            verdict: vec![verdict.message(), forgotten.message()],
            values,
            arms: arms(reports, "scaledError"),
        })
    }
}

struct SamplingRun {
    spec: RunSpec,
    network: Sixteen,
    found: Option<Sampling>,
}

impl Run for SamplingRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            let left = STEPS.saturating_sub(self.network.steps());
            if left > 0 {
                self.network.train(SLICE.min(left));
                return Ok(0.9 * self.network.steps() as f64 / STEPS as f64);
            }
            let (p, points) = (self.network.options().p, self.network.test_points());
            self.found = Some(sample(&self.network.network, p, points, SAMPLES, self.spec.seed));
            Ok(1.0)
        })
    }

    fn report(&self) -> RunReport {
        let sampled = self.found.as_ref().map(|found| &found.sampled_error[..]).unwrap_or_default();
        let count = sampled.len();
        let curve = |name: &str, y: Vec<f32>| Curve {
            name: name.into(),
            x: (1..=count).map(|k| k as f32).collect(),
            y,
        };
        let scaled = self.found.as_ref().map(|found| found.scaled_error);
        let mut curves = vec![curve("sampledError", sampled.iter().map(|error| *error as f32).collect())];
        let unscaled = self.found.as_ref().map(|found| found.unscaled_error);
        curves.extend(scaled.map(|error| curve("scaledError", vec![error as f32; count])));
        curves.extend(unscaled.map(|error| curve("unscaledError", vec![error as f32; count])));
        let mut values = BTreeMap::new();
        values.extend(scaled.map(|error| ("scaledError".to_owned(), error)));
        values.extend(unscaled.map(|error| ("unscaledError".to_owned(), error)));
        values.extend(sampled.last().map(|error| ("sampledError".to_owned(), *error)));
        RunReport {
            spec: self.spec.clone(),
            done: if self.found.is_some() { 1.0 } else { self.network.steps() as f64 / STEPS as f64 },
            curves,
            values,
            pictures: Vec::new(),
        }
    }
}
