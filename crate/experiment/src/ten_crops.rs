//! The experiment `ten-crops`: one, two and ten crops of each test image through one trained network.

use std::collections::BTreeMap;

use alexnet::data::{Image, InMemoryDataset, LocalFuture, Split, test_crops};
use alexnet::metrics::{mean_softmax, top_k};
use alexnet::protocol::{RunOptions, TestCrops};
use alexnet::{Classifier, LabError, Setup};
use alexnet_protocol::experiments::TEN_CROPS;
use alexnet_protocol::message::Sentence;
use alexnet_protocol::messages::{ExperimentError, Verdict};
use alexnet_protocol::{ArmSummary, Outcome, RunReport, RunSpec, RunStage, Settings, Unit};

use crate::design::{Design, Inputs, Run};
use crate::summary::{Effect, arms, missing};
use crate::training::{Plan, Training};

/// The crops, and the value that holds their error.
const CROPS: [(TestCrops, &str); 3] =
    [(TestCrops::One, "one"), (TestCrops::Mirrored, "mirrored"), (TestCrops::Ten, "ten")];
/// Test images.
const IMAGES: u32 = 1000;
/// Test images that are evaluated in one call of [`Run::advance`].
const SLICE: u32 = 8;
/// Steps of training.
const STEPS: u64 = 500;

pub struct TenCropsDesign;

impl Design for TenCropsDesign {
    fn plan(&self, _: &Settings, seeds: &[u32], done: &[RunReport]) -> Result<Vec<RunSpec>, ExperimentError> {
        let spec = |seed: &u32| RunSpec {
            arm: "network".into(),
            seed: *seed,
            stage: RunStage::Main,
            learning_rate: None,
            seconds: 8.0,
        };
        Ok(missing(seeds.iter().map(spec).collect(), done))
    }

    fn start(
        &self,
        settings: &Settings,
        spec: &RunSpec,
        inputs: &Inputs,
    ) -> Result<Box<dyn Run>, ExperimentError> {
        let moved = TEN_CROPS.setting(settings, "training")? == "moved";
        let plan = Plan {
            options: RunOptions {
                batch_size: 50,
                width: 0.25,
                dropout: 0.0,
                learning_rate: 0.01,
                epochs: 1000,
                warmup_steps: 20,
                flip: moved,
                shift: if moved { 0.1 } else { 0.0 },
                ..RunOptions::default()
            },
            setup: Setup::default(),
            raw_inputs: false,
            tinted: false,
            train_images: 3000,
            test_images: IMAGES,
            measured_images: 250,
            steps: STEPS,
            measure_every: STEPS / 4,
            stop_at: None,
        };
        let training = Training::new(spec, plan, inputs)?;
        Ok(Box::new(TenCropsRun { training, classifier: None, seen: 0, of: IMAGES, wrong: [0; 3] }))
    }

    fn summarise(&self, _: &Settings, reports: &[RunReport]) -> Result<Outcome, ExperimentError> {
        let per_crop = CROPS.map(|(_, name)| ArmSummary {
            arm: name.into(),
            ..arms(reports, name).into_iter().next().unwrap_or(ArmSummary {
                arm: name.into(),
                learning_rate: None,
                values: Vec::new(),
                mean: f64::NAN,
            })
        });
        let [one, _, ten] = &per_crop;
        let saved: Vec<f64> = one.values.iter().zip(&ten.values).map(|(one, ten)| one - ten).collect();
        let effect = Effect::of(&saved);
        let (points, spread, seeds) = (effect.mean.abs() * 100.0, effect.spread * 100.0, saved.len() as u32);
        let (answer, verdict) = match effect.is_visible() {
            false => ("same", Verdict::PairSame { points: effect.mean * 100.0, spread, seeds }),
            true if effect.mean > 0.0 => ("better", Verdict::PairBetter { points, spread, seeds }),
            true => ("worse", Verdict::PairWorse { points, spread, seeds }),
        };
        let mut verdict = match seeds {
            ..2 => vec![Verdict::OneSeed.message()],
            _ => vec![verdict.message()],
        };
        if answer == "same" && seeds > 1 {
            verdict.push(Verdict::NotVisible.message());
        }
        Ok(Outcome {
            value: effect.mean.is_finite().then_some(effect.mean),
            unit: Unit::Points,
            answer: answer.into(),
            verdict,
            values: BTreeMap::from([("difference".into(), effect.mean), ("spread".into(), effect.spread)]),
            arms: per_crop.to_vec(),
        })
    }
}

struct TenCropsRun {
    training: Training,
    classifier: Option<Classifier>,
    /// Test images that were evaluated.
    seen: u32,
    /// Test images that there are.
    of: u32,
    /// Mistakes with each kind of crops.
    wrong: [u32; 3],
}

impl TenCropsRun {
    /// The next test images with every kind of crops.
    async fn evaluate(&mut self) -> Result<(), ExperimentError> {
        let Some((session, images)) = self.training.session() else { return Ok(()) };
        let classifier = self.classifier.get_or_insert_with(|| session.classifier());
        let test = images.samples(Split::Val);
        self.of = test.len() as u32;
        for index in self.seen..(self.seen + SLICE).min(self.of) {
            let label = test.labels.get(index as usize).copied().unwrap_or_default() as usize;
            for ((crops, _), wrong) in CROPS.into_iter().zip(&mut self.wrong) {
                *wrong += u32::from(guess(classifier, images, index, crops).await? != Some(label));
            }
        }
        self.seen += SLICE;
        Ok(())
    }
}

/// The best class of a test image, from the mean of the probabilities of its crops.
async fn guess(
    classifier: &Classifier,
    images: &InMemoryDataset,
    index: u32,
    crops: TestCrops,
) -> Result<Option<usize>, ExperimentError> {
    let test = images.samples(Split::Val);
    let pixels = test.image(index as usize).unwrap_or_default().to_vec();
    let image = Image::new(test.size, test.size, pixels).map_err(LabError::from)?;
    let views = test_crops(&image, &classifier.preprocess(), crops);
    let logits = classifier.logits(&views).await?;
    let probabilities = mean_softmax(&logits, classifier.labels().len());
    Ok(top_k(&probabilities, 1).first().map(|(class, _)| *class))
}

impl Run for TenCropsRun {
    fn advance(&mut self) -> LocalFuture<'_, Result<f64, ExperimentError>> {
        Box::pin(async {
            if self.training.done() < 1.0 {
                return Ok(0.7 * self.training.advance().await?);
            }
            self.evaluate().await?;
            Ok(0.7 + 0.3 * (f64::from(self.seen) / f64::from(self.of.max(1))).min(1.0))
        })
    }

    fn report(&self) -> RunReport {
        let mut report = self.training.report_over(|step| self.training.epochs(step));
        let seen = self.seen.min(self.of);
        if seen > 0 {
            let errors = CROPS.iter().zip(self.wrong);
            let errors =
                errors.map(|((_, name), wrong)| ((*name).to_owned(), f64::from(wrong) / f64::from(seen)));
            report.values.extend(errors);
        }
        report.done = 0.7 * self.training.done() + 0.3 * f64::from(seen) / f64::from(self.of.max(1));
        report
    }
}
