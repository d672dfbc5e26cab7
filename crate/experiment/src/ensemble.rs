//! The experiment `ensemble`: five networks from five seeds, and the averages of the first 1 to 5.

use std::collections::BTreeMap;

use alexnet::Setup;
use alexnet::data::{LocalFuture, Split};
use alexnet::metrics::{softmax, top_k};
use alexnet::protocol::RunOptions;
use alexnet_protocol::experiments::ENSEMBLE;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{Curve, Outcome, Picture, RunReport, RunSpec, RunStage, Settings, Unit};

use crate::design::{Design, Inputs, Run};
use crate::summary::{Effect, arms, missing};
use crate::training::{Plan, Training};

/// Networks of an ensemble.
const NETWORKS: u32 = 5;
/// Images per step.
const BATCH: u32 = 50;
/// Test images.
const TEST_IMAGES: u32 = 1000;
/// Test images that are evaluated in one call of [`Run::advance`].
const SLICE: usize = 128;

pub struct EnsembleDesign;

impl Design for EnsembleDesign {
    fn plan(
        &self,
        settings: &Settings,
        seeds: &[u32],
        done: &[RunReport],
    ) -> Result<Vec<RunSpec>, ExperimentError> {
        let seconds = 1.0 + 0.01 * (steps(settings)? * u64::from(NETWORKS)) as f64;
        let spec = |seed: &u32| RunSpec {
            arm: "ensemble".into(),
            seed: *seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: (seconds * 10.0).round() / 10.0,
        };
        Ok(missing(seeds.iter().map(spec).collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let steps = steps(settings)?;
        let plan = Plan {
            options: RunOptions {
                batch_size: BATCH,
                width: 0.25,
                dropout: 0.0,
                learning_rate: 0.01,
                epochs: 1000,
                warmup_steps: 20,
                ..RunOptions::default()
            },
            setup: Setup::default(),
            raw_inputs: false,
            tinted: false,
            train_images: ENSEMBLE.setting(settings, "images")?.parse().unwrap_or(2000),
            test_images: TEST_IMAGES,
            measured_images: 0,
            steps,
            // Only the average is measured.
            measure_every: steps,
            stop_at: None,
        };
        let networks = (0..NETWORKS).map(|network| {
            let seed = spec.seed.wrapping_mul(NETWORKS).wrapping_add(network);
            Training::new(&RunSpec { seed, ..spec.clone() }, plan.clone(), inputs)
        });
        Ok(Box::new(EnsembleRun {
            spec: spec.clone(),
            networks: networks.collect::<Result<_, _>>()?,
            tested: Vec::new(),
        }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let values = |name: &str| -> Vec<f64> {
            reports.iter().map(|report| report.values.get(name).copied().unwrap_or(f64::NAN)).collect()
        };
        let (one, all) = (values("oneError"), values("ensembleError"));
        let saved = Effect::of(&one.iter().zip(&all).map(|(one, all)| one - all).collect::<Vec<_>>());
        let mean = |values: &[f64]| Effect::of(values).mean;
        let relative = saved.mean / mean(&one);
        let answer = match saved.is_visible() {
            false => "same",
            true if relative >= 0.1 => "much",
            true if relative > 0.0 => "little",
            true => "worse",
        };
        let mut verdict = vec![
            Verdict::EnsembleErrors { networks: NETWORKS, one: mean(&one) * 100.0, all: mean(&all) * 100.0 },
            Verdict::EnsembleAgreement { percent: mean(&values("agreement")) * 100.0 },
        ];
        match reports.len() {
            ..2 => verdict.push(Verdict::OneSeed),
            _ if answer == "same" => verdict.push(Verdict::NotVisible),
            _ => {}
        }
        Ok(Outcome {
            value: relative.is_finite().then_some(relative),
            unit: Unit::Percent,
            answer: answer.into(),
            verdict: verdict.iter().map(Sentence::message).collect(),
            values: BTreeMap::from([
                ("relative".into(), relative),
                ("difference".into(), saved.mean),
                ("spread".into(), saved.spread),
            ]),
            arms: arms(reports, "ensembleError"),
        })
    }
}

/// Steps of each network.
fn steps(settings: &Settings) -> Result<u64, ExperimentError> {
    let number = |name: &str| -> Result<u64, ExperimentError> {
        Ok(ENSEMBLE.setting(settings, name)?.parse().unwrap_or(1))
    };
    Ok(number("passes")? * number("images")? / u64::from(BATCH))
}

struct EnsembleRun {
    spec: RunSpec,
    networks: Vec<Training>,
    /// The test images so far.
    tested: Vec<Tested>,
}

/// A test image.
struct Tested {
    label: usize,
    /// Each network's best class.
    each: Vec<usize>,
    /// The best class of the mean of the first 1, 2, … networks.
    averaged: Vec<usize>,
}

impl EnsembleRun {
    /// Test images that there are.
    fn images(&self) -> usize {
        let session = self.networks.first().and_then(Training::session);
        session.map_or(TEST_IMAGES as usize, |(_, images)| images.samples(Split::Val).len())
    }

    /// The next test images through every network.
    async fn evaluate(&mut self) -> Result<(), ExperimentError> {
        let sessions: Vec<_> = self.networks.iter().filter_map(Training::session).collect();
        let Some((_, images)) = sessions.first() else { return Ok(()) };
        let test = images.samples(Split::Val);
        let from = self.tested.len();
        let range = from..(from + SLICE).min(test.len());
        let bytes = test.image_bytes();
        let samples = alexnet::data::Samples {
            size: test.size,
            pixels: test.pixels.get(range.start * bytes..range.end * bytes).unwrap_or_default().to_vec(),
            labels: test.labels.get(range).unwrap_or_default().to_vec(),
        };
        let mut logits = Vec::new();
        for (session, _) in &sessions {
            logits.push(session.classifier().logits(&samples).await?);
        }
        let classes = samples.labels.len().max(1);
        let classes = logits.first().map_or(0, |logits| logits.len() / classes);
        for (row, label) in samples.labels.iter().enumerate() {
            let mut tested = Tested { label: *label as usize, each: Vec::new(), averaged: Vec::new() };
            let mut sum = vec![0.0f32; classes];
            for logits in &logits {
                let own = softmax(logits.get(row * classes..(row + 1) * classes).unwrap_or_default());
                sum.iter_mut().zip(&own).for_each(|(sum, own)| *sum += own);
                tested.each.push(best(&own));
                tested.averaged.push(best(&sum));
            }
            self.tested.push(tested);
        }
        Ok(())
    }

    /// The share of test images for which this is so.
    fn share(&self, of: impl Fn(&Tested) -> bool) -> f64 {
        self.tested.iter().filter(|tested| of(tested)).count() as f64 / self.tested.len().max(1) as f64
    }
}

fn best(probabilities: &[f32]) -> usize {
    top_k(probabilities, 1).first().map_or(0, |(class, _)| *class)
}

impl Run for EnsembleRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            // In turn, so that all are equally far.
            let behind = self.networks.iter_mut().min_by(|a, b| a.done().total_cmp(&b.done()));
            match behind {
                Some(network) if network.done() < 1.0 => {
                    network.advance().await?;
                }
                _ => self.evaluate().await?,
            }
            Ok(self.report().done)
        })
    }

    fn report(&self) -> RunReport {
        let trained = self.networks.iter().map(Training::done).sum::<f64>() / f64::from(NETWORKS);
        let tested = self.tested.len() as f64 / self.images().max(1) as f64;
        let count = NETWORKS as usize;
        let wrong =
            |pick: &dyn Fn(&Tested) -> Option<usize>| self.share(|tested| pick(tested) != Some(tested.label));
        let one: Vec<f64> = (0..count).map(|i| wrong(&|tested| tested.each.get(i).copied())).collect();
        let averages: Vec<f64> =
            (0..count).map(|i| wrong(&|tested| tested.averaged.get(i).copied())).collect();
        let agreement = |a: usize, b: usize| self.share(|tested| tested.each.get(a) == tested.each.get(b));
        let mut values = BTreeMap::new();
        let (mut curves, mut pictures) = (Vec::new(), Vec::new());
        if !self.tested.is_empty() {
            let pairs: Vec<f64> =
                (0..count).flat_map(|a| (0..a).map(move |b| (a, b))).map(|(a, b)| agreement(a, b)).collect();
            values.insert("oneError".to_owned(), crate::summary::mean(&one));
            values.insert("ensembleError".to_owned(), averages.last().copied().unwrap_or(f64::NAN));
            values.insert("agreement".to_owned(), crate::summary::mean(&pairs));
            let x: Vec<f32> = (1..=NETWORKS).map(|k| k as f32).collect();
            let curve = |name: &str, y: &[f64]| Curve {
                name: name.into(),
                x: x.clone(),
                y: y.iter().map(|error| *error as f32).collect(),
            };
            curves = vec![curve("ensembleError", &averages), curve("oneError", &one)];
            let names: Vec<String> = (1..=NETWORKS).map(|k| k.to_string()).collect();
            pictures = vec![Picture::Matrix {
                name: "agreement".into(),
                rows: names.clone(),
                columns: names,
                values: (0..count * count).map(|i| agreement(i / count, i % count) as f32).collect(),
            }];
        }
        let done = if tested >= 1.0 { 1.0 } else { 0.9 * trained + 0.1 * tested };
        RunReport { spec: self.spec.clone(), done, curves, values, pictures }
    }
}
