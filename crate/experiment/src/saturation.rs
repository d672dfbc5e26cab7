//! The experiment `saturation`: what goes through the layers of a deep network, and what comes back.

use std::collections::BTreeMap;

use alexnet::data::LocalFuture;
use alexnet_protocol::experiments::SATURATION;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Curve, Outcome, Picture, RunReport, RunSpec, RunStage, Settings, Unit};
use alexnet_teach::deep::{Activation, Deep, DeepOptions, Look, Start};

use crate::design::{Design, Inputs, Run};
use crate::grey::GreyImages;
use crate::histogram::histogram;
use crate::summary::{arms, mean_of, missing};

/// Training and test images.
const IMAGES: [usize; 2] = [10_000, 500];
/// Units of each hidden layer.
const UNITS: usize = 100;
/// Steps of a run.
const STEPS: u64 = 800;
/// Steps in a slice of work.
const SLICE: u64 = 10;
/// Steps between two measurements.
const EVERY: u64 = 50;
/// The arms.
const ARMS: [(&str, Activation); 4] = [
    ("relu", Activation::Relu),
    ("leaky-relu", Activation::LeakyRelu),
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
];

pub struct SaturationDesign;

impl Design for SaturationDesign {
    fn plan(
        &self,
        settings: &Settings,
        seeds: &[u32],
        done: &[RunReport],
    ) -> Result<Vec<RunSpec>, ExperimentError> {
        let layers = layers(settings)? as f64;
        let spec = |seed: u32, arm: &str| RunSpec {
            arm: arm.into(),
            seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: 2.0 + 0.5 * layers,
        };
        let specs = seeds.iter().flat_map(|seed| ARMS.map(|(arm, _)| spec(*seed, arm)));
        Ok(missing(specs.collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let arm = ARMS.iter().find(|(arm, _)| *arm == spec.arm);
        let (_, activation) = arm.ok_or_else(|| ExperimentError::Arm { arm: spec.arm.clone() })?;
        let start = match SATURATION.setting(settings, "start")? {
            "paper" => Start::Fixed(0.01),
            "he" => Start::Scaled(2.0),
            "large" => Start::Scaled(25.0),
            _ => Start::Scaled(1.0),
        };
        let options = DeepOptions {
            layers: layers(settings)?,
            units: UNITS,
            activation: *activation,
            start,
            learning_rate: SATURATION.setting(settings, "rate")?.parse().unwrap_or(0.05),
            seed: spec.seed,
        };
        Ok(Box::new(SaturationRun {
            spec: spec.clone(),
            images: GreyImages::new(inputs.images.as_ref(), IMAGES)?,
            options,
            network: None,
            test: Vec::new(),
            rows: Vec::new(),
        }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let shrink = |arm: &str| 1.0 / mean_of(reports, arm, "gradientRatio");
        let (sigmoid, relu) = (shrink("sigmoid"), shrink("relu"));
        // Nothing comes through: smaller than any factor.
        let answer = match sigmoid {
            factor if factor < 3.0 => "same",
            factor if factor <= 50.0 => "smaller",
            _ => "tiny",
        };
        let errors = ["sigmoid", "relu"].map(|arm| 100.0 * mean_of(reports, arm, "testError"));
        let stuck = reports.iter().filter(|report| {
            !report.values.get("gradientRatio").is_some_and(|ratio| ratio.is_finite() && *ratio > 0.0)
        });
        let stuck = stuck.count() as u32;
        let mut verdict = Vec::new();
        if sigmoid.is_finite() {
            verdict.push(Verdict::SaturationSigmoid { factor: sigmoid }.message());
        }
        if relu.is_finite() {
            verdict.push(Verdict::SaturationRelu { factor: relu }.message());
        }
        if stuck > 0 {
            verdict.push(Verdict::SaturationNone { runs: stuck }.message());
        }
        let [of_sigmoid, of_relu] = errors;
        verdict.push(Verdict::SaturationError { sigmoid: of_sigmoid, relu: of_relu }.message());
        let named = [("sigmoidShrink", sigmoid), ("reluShrink", relu)];
        let finite = named.into_iter().filter(|(_, factor)| factor.is_finite());
        Ok(Outcome {
            value: Some(sigmoid).filter(|factor| factor.is_finite()),
            unit: Unit::Times,
            answer: answer.into(),
            verdict,
            values: finite.map(|(name, factor)| (name.into(), factor)).collect(),
            arms: arms(reports, "gradientRatio"),
        })
    }
}

/// Hidden layers.
fn layers(settings: &Settings) -> Result<usize, ExperimentError> {
    Ok(SATURATION.setting(settings, "layers")?.parse().unwrap_or(5))
}

struct SaturationRun {
    spec: RunSpec,
    images: GreyImages,
    options: DeepOptions,
    network: Option<Deep>,
    /// Test images, normalised as those that are learnt from.
    test: Vec<f32>,
    /// Step, test error, and the gradient of the first hidden layer divided by that of the last.
    rows: Vec<[f32; 3]>,
}

impl SaturationRun {
    fn look(&self) -> Option<Look> {
        self.network.as_ref().map(|network| network.look(&self.test, &self.images.test_labels))
    }

    fn measure(&mut self, step: u64) {
        if let Some(look) = self.look() {
            self.rows.push([step as f32, look.error as f32, ratio(&look) as f32]);
        }
    }
}

/// The gradient of the first hidden layer divided by that of the last. 0 where none comes through.
fn ratio(look: &Look) -> f64 {
    match (look.layers.first(), look.layers.last()) {
        (Some(first), Some(last)) if last.gradient != 0.0 => first.gradient / last.gradient,
        _ => 0.0,
    }
}

impl Run for SaturationRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            let Some(network) = &mut self.network else {
                if !self.images.is_complete() {
                    self.images.advance().await?;
                    return Ok(0.1 * self.images.share());
                }
                let mut images = std::mem::take(&mut self.images.train);
                self.test = std::mem::take(&mut self.images.test);
                normalise(&mut images, &mut self.test);
                let (labels, classes) = (self.images.train_labels.clone(), self.images.classes());
                self.network = Some(Deep::new(images, labels, classes, self.options.clone()));
                self.measure(0);
                return Ok(0.1);
            };
            for _ in 0..SLICE {
                network.train();
            }
            let steps = network.steps();
            if steps.is_multiple_of(EVERY) {
                self.measure(steps);
            }
            Ok(if steps >= STEPS { 1.0 } else { 0.1 + 0.9 * steps as f64 / STEPS as f64 })
        })
    }

    fn report(&self) -> RunReport {
        let steps = self.network.as_ref().map_or(0, Deep::steps);
        let curve = |name: &str, at: usize| Curve {
            name: name.into(),
            x: self.rows.iter().map(|row| row[0]).collect(),
            y: self.rows.iter().filter_map(|row| row.get(at)).copied().collect(),
        };
        let (mut values, mut pictures) = (BTreeMap::new(), Vec::new());
        if let Some(look) = self.look() {
            let share = |of: fn(&alexnet_teach::deep::LayerLook) -> f64| {
                look.layers.iter().map(of).sum::<f64>() / look.layers.len().max(1) as f64
            };
            values.extend([
                ("testError".to_owned(), look.error),
                ("gradientRatio".to_owned(), ratio(&look)),
                ("dead".to_owned(), share(|layer| layer.dead)),
                ("saturated".to_owned(), share(|layer| layer.saturated)),
            ]);
            let bars = |name: &str, of: fn(&alexnet_teach::deep::LayerLook) -> f64| Picture::Bars {
                name: name.into(),
                values: look.layers.iter().map(|layer| of(layer) as f32).collect(),
            };
            let layers = look.layers.iter().enumerate();
            let histograms =
                layers.map(|(i, layer)| histogram(&(i + 1).to_string(), &layer.sums, [-6.0, 6.0], 48));
            pictures = vec![
                Picture::Histograms { name: "preActivations".into(), histograms: histograms.collect() },
                bars("layerGradients", |layer| layer.gradient),
                bars("layerSaturated", |layer| layer.saturated),
                bars("layerDead", |layer| layer.dead),
            ];
        }
        RunReport {
            spec: self.spec.clone(),
            done: if steps >= STEPS { 1.0 } else { 0.1 + 0.9 * steps as f64 / STEPS as f64 },
            curves: vec![curve("testError", 1), curve("gradientRatio", 2)],
            values,
            pictures,
        }
    }
}

/// Takes the mean of all training pixels off and divides by their standard deviation.
fn normalise(train: &mut [f32], test: &mut [f32]) {
    let count = train.len().max(1) as f64;
    let mean = train.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let square = train.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
    let deviation = square.sqrt().max(1e-6);
    for value in train.iter_mut().chain(test) {
        *value = ((f64::from(*value) - mean) / deviation) as f32;
    }
}
