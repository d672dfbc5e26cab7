//! The experiment `towers`: the two groups of the network of 2012, in small.

use std::collections::BTreeMap;

use alexnet::data::LocalFuture;
use alexnet::protocol::model_parallel::group_range;
use alexnet::protocol::{Network, NetworkConfig, NetworkShape, RunOptions};
use alexnet::{LabError, Setup};
use alexnet_protocol::experiments::TOWERS;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Outcome, Picture, RunReport, RunSpec, RunStage, Settings, Unit};

use crate::design::{Design, Inputs, Run};
use crate::summary::{arms, mean, missing};
use crate::training::{Plan, Training};

/// Difference of the colour shares from which the groups are called apart.
const APART: f64 = 0.2;
/// Steps of training.
const STEPS: u64 = 400;
/// Images per step of the paper, for the bytes that two cards exchange.
const PAPER_BATCH: f64 = 128.0;

pub struct TowersDesign;

impl Design for TowersDesign {
    fn plan(&self, _: &Settings, seeds: &[u32], done: &[RunReport]) -> Result<Vec<RunSpec>, ExperimentError> {
        let spec = |seed: &u32| RunSpec {
            arm: "towers".into(),
            seed: *seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: 7.0,
        };
        Ok(missing(seeds.iter().map(spec).collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let plan = Plan {
            options: RunOptions {
                network: Network::AlexNet2012At32,
                batch_size: 50,
                width: 0.5,
                dropout: 0.0,
                learning_rate: 0.01,
                epochs: 1000,
                warmup_steps: 20,
                ..RunOptions::default()
            },
            setup: Setup::default(),
            raw_inputs: false,
            tinted: TOWERS.setting(settings, "colour")? == "tinted",
            train_images: 2000,
            test_images: 250,
            measured_images: 250,
            steps: STEPS,
            measure_every: STEPS / 4,
            stop_at: None,
        };
        Ok(Box::new(TowersRun { training: Training::new(spec, plan, inputs)?, shares: None, filters: None }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let values = |name: &str| -> Vec<f64> {
            reports.iter().map(|report| report.values.get(name).copied().unwrap_or(f64::NAN)).collect()
        };
        let (low, high) = (mean(&values("lowerShare")), mean(&values("higherShare")));
        let difference = high - low;
        let [exchanged, split] = bytes()?;
        let megabytes = |bytes: f64| bytes / 1e6;
        let verdict = [
            Verdict::TowersColour { low: low * 100.0, high: high * 100.0 },
            Verdict::TowersBytes { exchanged: megabytes(exchanged), split: megabytes(split) },
        ];
        Ok(Outcome {
            value: difference.is_finite().then_some(difference),
            unit: Unit::Points,
            answer: if difference >= APART { "apart" } else { "alike" }.into(),
            verdict: verdict.iter().map(Sentence::message).collect(),
            values: BTreeMap::from([
                ("colourDifference".into(), difference),
                ("bytesExchanged".into(), exchanged),
                ("bytesSplitBatch".into(), split),
            ]),
            arms: arms(reports, "colourDifference"),
        })
    }
}

/// Bytes that a card sends the other in a step of the network of 2012: as groups, and with the batch split, where each
/// sends its gradients.
fn bytes() -> Result<[f64; 2], ExperimentError> {
    let options = RunOptions { network: Network::AlexNet2012, ..RunOptions::default() };
    let config = NetworkConfig {
        network: options.network,
        classes: 0,
        width: options.width,
        activation: options.activation,
        normalization: options.normalization,
        response_norm: options.response_norm,
        dropout: options.dropout,
    };
    let shape = NetworkShape::new(config).map_err(LabError::from)?;
    // Activations forward, their gradients backward.
    let sent: u64 = shape.layers.iter().map(|layer| 2 * layer.sent_bytes).sum();
    let gradients: u64 = shape.layers.iter().map(|layer| layer.parameter_bytes).sum();
    Ok([sent as f64 * PAPER_BATCH, gradients as f64])
}

struct TowersRun {
    training: Training,
    /// Colour share of each group's first filters.
    shares: Option<[f64; 2]>,
    /// The first filters, as small images.
    filters: Option<Picture>,
}

impl TowersRun {
    async fn look(&mut self) -> Result<(), ExperimentError> {
        let Some((session, _)) = self.training.session() else { return Ok(()) };
        let filters = session.filters().await?;
        let (count, side) = match filters.shape[..] {
            [count, _, side, _] => (count, side),
            _ => return Ok(()),
        };
        let length = filters.data.len() / count.max(1);
        self.shares = Some([0, 1].map(|group| {
            let own = group_range(count, 2, group);
            colour_share(
                filters.data.get(own.start * length..own.end * length).unwrap_or_default(),
                side * side,
            )
        }));
        let images = filters.data.chunks(length.max(1)).map(|filter| picture(filter, side * side));
        self.filters = Some(Picture::Images {
            name: "filters".into(),
            side: side as u32,
            channels: 3,
            images: images.collect(),
        });
        Ok(())
    }
}

/// The part of the squared weights that is left when the mean of red, green and blue is taken off. `filters` are planes
/// of `plane` weights, three a filter.
fn colour_share(filters: &[f32], plane: usize) -> f64 {
    let (mut colour, mut all) = (0.0, 0.0);
    for filter in filters.chunks_exact(3 * plane.max(1)) {
        for pixel in 0..plane {
            let rgb =
                [0, 1, 2].map(|c| filter.get(c * plane + pixel).map_or(0.0, |weight| f64::from(*weight)));
            let grey = rgb.iter().sum::<f64>() / 3.0;
            colour += rgb.iter().map(|weight| (weight - grey).powi(2)).sum::<f64>();
            all += rgb.iter().map(|weight| weight * weight).sum::<f64>();
        }
    }
    if all > 0.0 { colour / all } else { 0.0 }
}

/// A filter as an RGB image: its largest weight is white or black.
fn picture(filter: &[f32], plane: usize) -> Vec<u8> {
    let most = filter.iter().fold(f32::MIN_POSITIVE, |most, weight| most.max(weight.abs()));
    let byte = |weight: f32| (127.5 + 127.5 * weight / most).round() as u8;
    (0..plane)
        .flat_map(|pixel| [0, 1, 2].map(|c| filter.get(c * plane + pixel).map_or(0, |weight| byte(*weight))))
        .collect()
}

impl Run for TowersRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            let measured = self.training.measured().len();
            let done = self.training.advance().await?;
            if self.training.measured().len() > measured {
                self.look().await?;
            }
            Ok(done)
        })
    }

    fn report(&self) -> RunReport {
        let mut report = self.training.report_over(|step| self.training.epochs(step));
        if let Some([one, two]) = self.shares {
            report.values.extend([
                ("lowerShare".to_owned(), one.min(two)),
                ("higherShare".to_owned(), one.max(two)),
                ("colourDifference".to_owned(), (one - two).abs()),
            ]);
        }
        report.pictures.extend(self.filters.clone());
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_filters_have_no_colour_and_opposite_colours_are_all_colour() {
        assert_eq!(colour_share(&[0.5, -1.0, 0.5, -1.0, 0.5, -1.0], 2), 0.0);
        assert!((colour_share(&[1.0, -1.0, 0.0], 1) - 1.0).abs() < 1e-12);
        assert!((colour_share(&[1.0, 0.0, 0.0], 1) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn groups_exchange_less_than_cards_that_split_the_batch() {
        let [exchanged, split] = bytes().unwrap();
        assert_eq!(split, 60_965_224.0 * 4.0);
        assert_eq!(exchanged, 2.0 * 128.0 * 4.0 * (128.0 * 169.0 + 128.0 * 36.0 + 4096.0));
        assert!(exchanged < split / 7.0);
    }
}
