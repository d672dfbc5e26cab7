//! The experiment `sixteen`: a network with four units that can be dropped, and all its thinned networks.

use std::collections::BTreeMap;

use alexnet::data::LocalFuture;
use alexnet_protocol::experiments::SIXTEEN;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{
    Curve, Outcome, Picture, PlaneNetwork, PlanePoint, RunReport, RunSpec, RunStage, Settings, Unit,
};
use alexnet_teach::points::Shape;
use alexnet_teach::sixteen::{Sixteen, SixteenOptions};

use crate::design::{Design, Inputs, Run};
use crate::summary::{arms, missing};

/// Steps of a run.
const STEPS: u64 = 3000;
/// Steps between two measurements.
const SLICE: u64 = 50;
/// Points per side of the fields that are drawn.
const SIDE: usize = 40;

pub struct SixteenDesign;

impl Design for SixteenDesign {
    fn plan(&self, _: &Settings, seeds: &[u32], done: &[RunReport]) -> Result<Vec<RunSpec>, ExperimentError> {
        let spec = |seed: &u32| RunSpec {
            arm: "dropout".into(),
            seed: *seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: 1.0,
        };
        Ok(missing(seeds.iter().map(spec).collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        _: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let hidden = match SIXTEEN.setting(settings, "hidden")? {
            "4" => vec![4],
            _ => vec![2, 2],
        };
        let shape = match SIXTEEN.setting(settings, "shape")? {
            "moons" => Shape::Moons,
            "circles" => Shape::Circles,
            "quarters" => Shape::Quarters,
            _ => Shape::Corner,
        };
        let p = SIXTEEN.setting(settings, "p")?.parse().unwrap_or(0.5);
        let options = SixteenOptions { hidden, shape, p, seed: spec.seed, ..SixteenOptions::default() };
        Ok(Box::new(SixteenRun { spec: spec.clone(), network: Sixteen::new(options), curves: Vec::new() }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let sum = |name: &str| reports.iter().filter_map(|report| report.values.get(name)).sum::<f64>();
        let largest = |name: &str| {
            reports.iter().filter_map(|report| report.values.get(name)).fold(0.0, |a: f64, b| a.max(*b))
        };
        let (worse, networks) = (sum("worse"), sum("networks"));
        let distance = largest("geometricToScaled");
        let answer = match worse / networks.max(1.0) {
            share if share >= 1.0 => "all",
            share if share >= 0.5 => "most",
            _ => "few",
        };
        let distance_verdict = match distance < 1e-9 {
            true => Verdict::SixteenSame,
            false => Verdict::SixteenDistance { distance },
        };
        let worse_verdict = Verdict::SixteenWorse { worse: worse as u32, networks: networks as u32 };
        Ok(Outcome {
            value: Some(distance),
            unit: Unit::Number,
            answer: answer.into(),
            verdict: vec![worse_verdict.message(), distance_verdict.message()],
            values: BTreeMap::from([
                ("geometricToScaled".into(), distance),
                ("arithmeticToScaled".into(), largest("arithmeticToScaled")),
                ("worse".into(), worse),
                ("networks".into(), networks),
            ]),
            arms: arms(reports, "scaledError"),
        })
    }
}

struct SixteenRun {
    spec: RunSpec,
    network: Sixteen,
    /// Step, error of the scaled network, error of the arithmetic mean, mean error of networks with a path.
    curves: Vec<[f64; 4]>,
}

impl SixteenRun {
    /// Errors of the thinned networks that have a path.
    fn path_errors(&self, each: &[f64]) -> Vec<f64> {
        let networks = self.network.masks.iter().zip(each);
        networks.filter(|(mask, _)| mask.has_path()).map(|(_, error)| *error).collect()
    }
}

impl Run for SixteenRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            self.network.train(SLICE.min(STEPS.saturating_sub(self.network.steps())));
            let found = self.network.compare();
            let each = self.path_errors(&found.each_error);
            let mean = each.iter().sum::<f64>() / each.len().max(1) as f64;
            self.curves.push([self.network.steps() as f64, found.scaled_error, found.arithmetic_error, mean]);
            Ok(self.network.steps() as f64 / STEPS as f64)
        })
    }

    fn report(&self) -> RunReport {
        let found = self.network.compare();
        let each = self.path_errors(&found.each_error);
        let worse = each.iter().filter(|error| **error > found.scaled_error).count();
        let curve = |name: &str, column: usize| Curve {
            name: name.into(),
            x: self.curves.iter().map(|row| row[0] as f32).collect(),
            y: self.curves.iter().filter_map(|row| row.get(column)).map(|value| *value as f32).collect(),
        };
        let grid = self.network.grid(SIDE);
        let mut fields =
            grid.chunks(SIDE * SIDE).map(|field| field.iter().map(|p| (p * 255.0).round() as u8).collect());
        let mut field = || -> Vec<u8> { fields.next().unwrap_or_default() };
        let mut networks: Vec<PlaneNetwork> = Vec::new();
        for (mask, error) in self.network.masks.iter().zip(&found.each_error) {
            networks.push(PlaneNetwork {
                kind: "mask".into(),
                mask: mask.0.clone(),
                has_path: mask.has_path(),
                error: *error,
                field: field(),
            });
        }
        let means = [
            ("arithmetic", found.arithmetic_error),
            ("geometric", found.geometric_error),
            ("scaled", found.scaled_error),
        ];
        networks.extend(means.map(|(kind, error)| PlaneNetwork {
            kind: kind.into(),
            mask: Vec::new(),
            has_path: true,
            error,
            field: field(),
        }));
        let points = self.network.train_points().iter();
        RunReport {
            spec: self.spec.clone(),
            done: self.network.steps() as f64 / STEPS as f64,
            curves: vec![curve("scaledError", 1), curve("arithmeticError", 2), curve("thinnedError", 3)],
            values: BTreeMap::from([
                ("scaledError".into(), found.scaled_error),
                ("arithmeticError".into(), found.arithmetic_error),
                ("geometricError".into(), found.geometric_error),
                ("geometricToScaled".into(), found.geometric_to_scaled),
                ("arithmeticToScaled".into(), found.arithmetic_to_scaled),
                ("worse".into(), worse as f64),
                ("networks".into(), each.len() as f64),
            ]),
            pictures: vec![Picture::Networks {
                side: SIDE as u32,
                networks,
                points: points
                    .map(|point| PlanePoint {
                        x: point.x[0] as f32,
                        y: point.x[1] as f32,
                        label: point.label as u32,
                    })
                    .collect(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use alexnet::Compute;

    use super::*;

    #[test]
    fn one_hidden_layer_gives_the_scaled_network_and_two_do_not() {
        let inputs = Inputs { compute: Compute::cpu(), images: None };
        let distance = |hidden: &str| {
            let settings = Settings::from([("hidden".to_owned(), hidden.to_owned())]);
            let (reports, outcome) =
                pollster::block_on(crate::run("sixteen", &settings, &[1, 2], &inputs, |_| ())).unwrap();
            assert_eq!(reports.len(), 2);
            outcome.value.unwrap()
        };
        assert!(distance("4") < 1e-9);
        assert!(distance("2-2") > 1e-3);
    }
}
