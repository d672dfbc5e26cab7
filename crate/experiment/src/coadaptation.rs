//! The experiment `coadaptation`: an autoencoder with and without dropout.

use std::collections::BTreeMap;

use alexnet::data::LocalFuture;
use alexnet_protocol::experiments::COADAPTATION;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Curve, Outcome, Picture, RunReport, RunSpec, RunStage, Settings, Unit};
use alexnet_teach::autoencoder::{Autoencoder, AutoencoderOptions, Look};

use crate::design::{Design, Inputs, Run};
use crate::grey::{GreyImages, SIDE};
use crate::histogram::histogram;
use crate::summary::{arms, mean_of, missing};

/// Training and test images.
const IMAGES: [usize; 2] = [5000, 500];
/// Passes over the training images.
const EPOCHS: u64 = 10;
/// Of Adam, the best of 0.001 and 0.003 for both networks.
const LEARNING_RATE: f64 = 0.003;
/// Steps in a slice of work.
const SLICE: u64 = 4;
/// Features and reconstructions that are drawn.
const DRAWN: usize = 64;
/// The arms: without and with dropout.
const ARMS: [&str; 2] = ["none", "dropout"];

pub struct CoadaptationDesign;

impl Design for CoadaptationDesign {
    fn plan(
        &self,
        settings: &Settings,
        seeds: &[u32],
        done: &[RunReport],
    ) -> Result<Vec<RunSpec>, ExperimentError> {
        // Both products grow with the number of hidden units.
        let hidden = units(settings)? as f64;
        let spec = |seed: u32, arm: &str| RunSpec {
            arm: arm.into(),
            seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: 1.0 + 12.0 * hidden / 256.0,
        };
        let specs = seeds.iter().flat_map(|seed| ARMS.map(|arm| spec(*seed, arm)));
        Ok(missing(specs.collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let p = match spec.arm.as_str() {
            "none" => 0.0,
            "dropout" => COADAPTATION.setting(settings, "p")?.parse().unwrap_or(0.5),
            _ => return Err(ExperimentError::Arm { arm: spec.arm.clone() }),
        };
        let options =
            AutoencoderOptions { hidden: units(settings)?, p, learning_rate: LEARNING_RATE, seed: spec.seed };
        Ok(Box::new(CoadaptationRun {
            spec: spec.clone(),
            images: GreyImages::new(inputs.images.as_ref(), IMAGES)?,
            options,
            network: None,
            curve: Vec::new(),
        }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let of = |arm: &str, value: &str| mean_of(reports, arm, value);
        let [without, with] = ARMS.map(|arm| of(arm, "removalCost"));
        let [silent, quiet] = ARMS.map(|arm| of(arm, "activation"));
        let [plain, dropout] = ARMS.map(|arm| of(arm, "testError"));
        let times = without / with;
        let answer = match times {
            times if times > 10.0 => "much",
            times if times >= 2.0 => "more",
            _ => "same",
        };
        let factor = silent / quiet;
        Ok(Outcome {
            value: Some(factor).filter(|factor| factor.is_finite()),
            unit: Unit::Times,
            answer: answer.into(),
            verdict: vec![
                Verdict::CoadaptationCost { without: 100.0 * without, with: 100.0 * with }.message(),
                Verdict::CoadaptationActivation { factor }.message(),
                Verdict::CoadaptationError { without: plain, with: dropout }.message(),
            ],
            values: BTreeMap::from([
                ("activationFactor".into(), factor),
                ("activationWithout".into(), silent),
                ("activationWith".into(), quiet),
                ("removalTimes".into(), times),
            ]),
            arms: arms(reports, "removalCost"),
        })
    }
}

/// Hidden units.
fn units(settings: &Settings) -> Result<usize, ExperimentError> {
    Ok(COADAPTATION.setting(settings, "hidden")?.parse().unwrap_or(256))
}

struct CoadaptationRun {
    spec: RunSpec,
    images: GreyImages,
    options: AutoencoderOptions,
    network: Option<Autoencoder>,
    /// Step and mean squared error of a pixel of the test images.
    curve: Vec<[f32; 2]>,
}

impl CoadaptationRun {
    fn look(&self) -> Option<Look> {
        self.network.as_ref().map(|network| network.look(&self.images.test))
    }

    fn done(&self) -> f64 {
        match &self.network {
            None => 0.1 * self.images.share(),
            Some(network) => {
                let steps = EPOCHS * network.steps_of_epoch();
                0.1 + 0.9 * network.steps() as f64 / steps as f64
            }
        }
    }
}

impl Run for CoadaptationRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            let Some(network) = &mut self.network else {
                if self.images.is_complete() {
                    let images = std::mem::take(&mut self.images.train);
                    self.network = Some(Autoencoder::new(images, SIDE * SIDE, self.options.clone()));
                } else {
                    self.images.advance().await?;
                }
                return Ok(self.done());
            };
            let (epoch, last) = (network.steps_of_epoch(), EPOCHS * network.steps_of_epoch());
            let until = (network.steps() + SLICE).min(last);
            while network.steps() < until {
                network.train();
                if network.steps().is_multiple_of(epoch) {
                    let error = network.look(&self.images.test).error;
                    self.curve.push([network.steps() as f32, error as f32]);
                }
            }
            Ok(if network.steps() >= last { 1.0 } else { self.done().min(0.999) })
        })
    }

    fn report(&self) -> RunReport {
        let mut values = BTreeMap::new();
        let mut pictures = Vec::new();
        if let (Some(look), Some(network)) = (self.look(), &self.network) {
            let count = look.activations.len().max(1) as f64;
            let activation = look.activations.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
            let zero = look.activations.iter().filter(|value| **value <= 0.0).count() as f64 / count;
            let cost = look.removal.iter().sum::<f64>() / look.removal.len().max(1) as f64;
            values.extend([
                ("testError".to_owned(), look.error),
                ("activation".to_owned(), activation),
                ("silent".to_owned(), zero),
                ("removalCost".to_owned(), cost),
            ]);
            let [inputs, hidden] = network.encoder.shape();
            let feature = |unit: usize| -> Vec<f32> {
                network.encoder.weight.iter().skip(unit).step_by(hidden).copied().collect()
            };
            let images = |name: &str, images: Vec<Vec<u8>>| Picture::Images {
                name: name.into(),
                side: SIDE as u32,
                channels: 1,
                images,
            };
            let bytes = |image: &[f32]| image.iter().map(|v| (v * 255.0).round() as u8).collect();
            let given = look.reconstructions.chunks_exact(inputs).take(DRAWN / 4);
            pictures = vec![
                images(
                    "features",
                    (0..hidden.min(DRAWN)).map(|unit| weights_as_grey(&feature(unit))).collect(),
                ),
                images("inputs", self.images.test.chunks_exact(inputs).take(DRAWN / 4).map(bytes).collect()),
                images("reconstructions", given.map(bytes).collect()),
                Picture::Bars {
                    name: "removedUnit".into(),
                    values: look.removal.iter().map(|growth| *growth as f32).collect(),
                },
                Picture::Histograms {
                    name: "activations".into(),
                    histograms: vec![histogram(&self.spec.arm, &look.activations, [0.0, 2.0], 40)],
                },
            ];
        }
        RunReport {
            spec: self.spec.clone(),
            done: if self.done() > 0.9999 { 1.0 } else { self.done() },
            curves: vec![Curve {
                name: "testError".into(),
                x: self.curve.iter().map(|[step, _]| *step).collect(),
                y: self.curve.iter().map(|[_, error]| *error).collect(),
            }],
            values,
            pictures,
        }
    }
}

/// Weights as an image: grey is 0, black and white the largest of either sign.
fn weights_as_grey(weights: &[f32]) -> Vec<u8> {
    let largest = weights.iter().fold(f32::MIN_POSITIVE, |largest, w| largest.max(w.abs()));
    weights.iter().map(|w| (127.5 + 127.5 * w / largest).round() as u8).collect()
}
