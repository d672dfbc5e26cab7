//! `alexnet calibrate`.

use alexnet::Classifier;
use alexnet::calibration::{
    apply_temperature, confidence_threshold, expected_calibration_error, temperature,
};
use alexnet::classifier::ValidationCounter;
use alexnet_format::FileFormat;
use alexnet_protocol::{Calibration, ClassLabel};
use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::args::CalibrateArgs;
use crate::model::{ModelName, Output};
use crate::{backend, data, evaluate, report};

/// Fewer images than this say nothing about a probability.
const FEWEST: usize = 20;

/// Fits a temperature on all images and divides it into the model. What it is worth is measured on images that it
/// was not fitted on: each half of the images with a temperature from the other half. Where that is nothing, because the
/// network was calibrated already, the temperature is 1 and the weights stay.
///
/// # Errors
/// When the model or the data set cannot be used, or the model cannot be written.
pub fn run(args: &CalibrateArgs) -> Result<()> {
    let out = out(args)?;
    out.has_folder()?;
    let mut model = args.model.model()?;
    if let Some(labels) = &args.labels {
        rename(&mut model.labels, &data::labels(labels)?)?;
    }
    if let Some(earlier) = model.calibration.take() {
        // Fitted anew from what the network was before.
        apply_temperature(&mut model, 1.0 / f64::from(earlier.temperature))?;
    }
    if let Some(resize) = args.resize {
        let crop = model.preprocess.crop;
        ensure!(
            (crop..=2 * crop).contains(&resize),
            "--resize {resize} does not fit: the network takes {crop} × {crop} pixels, so use {crop} to {}",
            2 * crop
        );
        model.preprocess.resize = resize;
    }
    let compute = backend::open(args.common.backend)?;
    let network = Classifier::new(&model, &compute).with_context(|| args.model.to_string())?;
    let mut flat = data::load_evaluation(&args.data, network.preprocess())?;
    report::skipped(&flat.skipped);
    evaluate::drop_unknown_classes(&mut flat, network.labels(), true)?;
    let classes = network.labels().len();
    let order: Vec<usize> = (0..classes).collect();
    let all = EvaluatedImages {
        logits: evaluate::logits(&network, &flat.samples, &order, evaluate::EVALUATING)?,
        labels: flat.samples.labels,
        classes,
    };
    let halves = all.halves();
    ensure!(
        halves.iter().all(|half| half.labels.len() >= FEWEST),
        "{} images are too few to calibrate a model: use {} or more",
        all.labels.len(),
        2 * FEWEST
    );

    let (found, unseen) = all.fitted(halves);
    let calibrated = all.under(found);
    let calibration = Calibration {
        temperature: found as f32,
        doubt: confidence_threshold(&calibrated.logits, &calibrated.labels, classes),
        ece_before: all.error(),
        ece_after: unseen.error(),
        images: all.labels.len() as u32,
    };
    let (loss_before, loss_after) = (all.loss(), unseen.loss());
    apply_temperature(&mut model, found)?;
    model.calibration = Some(calibration);
    out.write(&model, args.model.precision()?)?;

    let Calibration { temperature, doubt, ece_before, ece_after, images } = calibration;
    if args.common.json {
        let document = json!({
            "file": out.path.display().to_string(), "temperature": temperature, "doubt": doubt, "images": images,
            "ece_before": ece_before, "ece_after": ece_after, "loss_before": loss_before, "loss_after": loss_after,
        });
        return report::result(&document.to_string());
    }
    report::result(&format!(
        "temperature {temperature:.4}; on {images} images, each half with the temperature fitted on the other half: \
         calibration error {:.2} % -> {:.2} %, loss {loss_before:.4} -> {loss_after:.4}; below {:.0} % the first \
         guess is wrong more often than right",
        ece_before * 100.0,
        ece_after * 100.0,
        doubt * 100.0
    ))
}

/// Images with what the network said.
#[derive(Clone)]
struct EvaluatedImages {
    /// `[images, classes]`.
    logits: Vec<f32>,
    labels: Vec<u32>,
    classes: usize,
}

impl EvaluatedImages {
    /// The first, third, … image of each class, and the second, fourth, …: always the same halves of the same data.
    fn halves(&self) -> [Self; 2] {
        let mut halves = [(); 2].map(|()| Self { logits: vec![], labels: vec![], classes: self.classes });
        let mut seen = vec![false; self.classes];
        for (row, &label) in self.logits.chunks_exact(self.classes.max(1)).zip(&self.labels) {
            let Some(seen) = seen.get_mut(label as usize) else { continue };
            let [first, second] = &mut halves;
            let half = if *seen { second } else { first };
            half.logits.extend_from_slice(row);
            half.labels.push(label);
            *seen = !*seen;
        }
        halves
    }

    /// The temperature of all images, and each half under that of the other; 1 and all as they are where unseen images
    /// are answered no better under it.
    fn fitted(&self, [first, second]: [Self; 2]) -> (f64, Self) {
        let unseen = first.under(second.temperature()).and(second.under(first.temperature()));
        match unseen.loss() < self.loss() {
            true => (self.temperature(), unseen),
            false => (1.0, self.clone()),
        }
    }

    fn temperature(&self) -> f64 {
        temperature(&self.logits, &self.labels, self.classes)
    }

    fn under(&self, temperature: f64) -> Self {
        let logits = self.logits.iter().map(|z| (f64::from(*z) / temperature) as f32).collect();
        Self { logits, ..self.clone() }
    }

    fn and(mut self, other: Self) -> Self {
        self.logits.extend(other.logits);
        self.labels.extend(other.labels);
        self
    }

    fn error(&self) -> f32 {
        expected_calibration_error(&self.logits, &self.labels, self.classes) as f32
    }

    fn loss(&self) -> f32 {
        let mut tally = ValidationCounter::new(self.classes);
        tally.add(&self.logits, &self.labels);
        tally.validation().loss
    }
}

/// Where the model goes.
fn out(args: &CalibrateArgs) -> Result<Output> {
    match (&args.out, &args.model) {
        (Some(out), _) => Ok(out.clone()),
        (None, ModelName::Shipped) => {
            anyhow::bail!("the shipped network cannot be overwritten: choose a file with --out")
        }
        (None, ModelName::File(path)) => {
            let own: Output = path.display().to_string().parse().map_err(anyhow::Error::msg)?;
            ensure!(
                own.format == FileFormat::Safetensors,
                "{} holds a run that may be resumed, so it is not overwritten: choose a file with --out",
                path.display()
            );
            Ok(own)
        }
    }
}

/// Puts other names on classes, by their ids.
fn rename(labels: &mut [ClassLabel], names: &[ClassLabel]) -> Result<()> {
    for label in labels {
        let named = names.iter().find(|named| named.id == label.id);
        label.name =
            named.with_context(|| format!("--labels has no class “{}”: add it", label.id))?.name.clone();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes, the first always guessed with these logits, right for so many of ten images in each half.
    fn images(logit: f32, right: [usize; 2]) -> EvaluatedImages {
        // The halves are every other image of a class.
        let labels = right.map(|right| (0..10).map(move |i| u32::from(i >= right)).collect::<Vec<_>>());
        let labels = labels[0].iter().zip(&labels[1]).flat_map(|(first, second)| [*first, *second]).collect();
        EvaluatedImages { logits: [logit, 0.0].repeat(20), labels, classes: 2 }
    }

    #[test]
    fn a_temperature_is_taken_where_images_that_it_was_not_fitted_on_gain_by_it() {
        // 95 % sure and right for 7 of 10: too sure.
        let sure = images(3.0, [7, 7]);
        let (found, unseen) = sure.fitted(sure.halves());
        assert!(found > 2.0 && unseen.loss() < sure.loss(), "{found}");
        assert!(unseen.error() < 0.01 && sure.error() > 0.2);
    }

    #[test]
    fn a_calibrated_network_keeps_its_weights() {
        // 73 % sure, right for 10 of 10 here and 5 of 10 there: what one half asks for harms the other.
        let fair = images(1.0, [10, 5]);
        let (found, unseen) = fair.fitted(fair.halves());
        assert_eq!(found, 1.0);
        assert_eq!(unseen.logits, fair.logits);
    }
}
