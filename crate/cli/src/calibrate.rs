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

/// Fewer images than this are not enough to measure calibration.
const MIN_IMAGES: usize = 20;

/// Fits a temperature on all images and folds it into the model. Its effect is measured by two-fold
/// cross-validation: each half of the images with the temperature of the other half. If the loss does not
/// improve, because the network is calibrated already, the temperature is 1 and the weights stay.
///
/// If the model or the data set cannot be used, or the model cannot be written.
pub fn run(args: &CalibrateArgs) -> Result<()> {
    let output = output(args)?;
    output.check_folder()?;
    let mut model = args.model.model()?;
    if let Some(labels) = &args.labels {
        rename(&mut model.labels, &data::labels(labels)?)?;
    }
    if let Some(earlier) = model.calibration.take() {
        // Undo the earlier calibration before fitting.
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
        halves.iter().all(|half| half.labels.len() >= MIN_IMAGES),
        "{} images are too few to calibrate a model: use {} or more",
        all.labels.len(),
        2 * MIN_IMAGES
    );

    let (found, unseen) = all.cross_validate(halves);
    let calibrated = all.with_temperature(found);
    let calibration = Calibration {
        temperature: found as f32,
        confidence_threshold: confidence_threshold(&calibrated.logits, &calibrated.labels, classes),
        ece_before: all.calibration_error(),
        ece_after: unseen.calibration_error(),
        images: all.labels.len() as u32,
    };
    let (loss_before, loss_after) = (all.loss(), unseen.loss());
    apply_temperature(&mut model, found)?;
    model.calibration = Some(calibration);
    output.write(&model, args.model.precision()?)?;

    let Calibration { temperature, confidence_threshold, ece_before, ece_after, images } = calibration;
    if args.common.json {
        let document = json!({
            "file": output.path.display().to_string(), "temperature": temperature, "doubt": confidence_threshold, "images": images,
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
        confidence_threshold * 100.0
    ))
}

/// Images with the network's logits.
#[derive(Clone)]
struct EvaluatedImages {
    /// `[images, classes]`.
    logits: Vec<f32>,
    labels: Vec<u32>,
    classes: usize,
}

impl EvaluatedImages {
    /// Splits the images of each class alternately, so the same data always give the same halves.
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

    /// The temperature of all images, and each half with that of the other. 1 and the unchanged logits if the
    /// cross-validated loss does not improve.
    fn cross_validate(&self, [first, second]: [Self; 2]) -> (f64, Self) {
        let unseen =
            first.with_temperature(second.temperature()).concat(second.with_temperature(first.temperature()));
        match unseen.loss() < self.loss() {
            true => (self.temperature(), unseen),
            false => (1.0, self.clone()),
        }
    }

    fn temperature(&self) -> f64 {
        temperature(&self.logits, &self.labels, self.classes)
    }

    fn with_temperature(&self, temperature: f64) -> Self {
        let logits = self.logits.iter().map(|z| (f64::from(*z) / temperature) as f32).collect();
        Self { logits, ..self.clone() }
    }

    fn concat(mut self, other: Self) -> Self {
        self.logits.extend(other.logits);
        self.labels.extend(other.labels);
        self
    }

    fn calibration_error(&self) -> f32 {
        expected_calibration_error(&self.logits, &self.labels, self.classes) as f32
    }

    fn loss(&self) -> f32 {
        let mut counter = ValidationCounter::new(self.classes);
        counter.add(&self.logits, &self.labels);
        counter.validation().loss
    }
}

/// The file to write.
fn output(args: &CalibrateArgs) -> Result<Output> {
    match (&args.out, &args.model) {
        (Some(output), _) => Ok(output.clone()),
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

/// Renames classes, matched by id.
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

    /// Two classes. The first is always predicted with this logit, and is right for so many of ten images per
    /// half.
    fn images(logit: f32, right: [usize; 2]) -> EvaluatedImages {
        // The halves take the images of a class alternately.
        let labels = right.map(|right| (0..10).map(move |i| u32::from(i >= right)).collect::<Vec<_>>());
        let labels = labels[0].iter().zip(&labels[1]).flat_map(|(first, second)| [*first, *second]).collect();
        EvaluatedImages { logits: [logit, 0.0].repeat(20), labels, classes: 2 }
    }

    #[test]
    fn temperature_is_used_if_the_cross_validated_loss_improves() {
        // 95 % confident and right for 7 of 10: overconfident.
        let overconfident = images(3.0, [7, 7]);
        let (found, unseen) = overconfident.cross_validate(overconfident.halves());
        assert!(found > 2.0 && unseen.loss() < overconfident.loss(), "{found}");
        assert!(unseen.calibration_error() < 0.01 && overconfident.calibration_error() > 0.2);
    }

    #[test]
    fn calibrated_network_keeps_its_weights() {
        // 73 % confident, right for 10 of 10 in one half and 5 of 10 in the other: what fits one half harms
        // the other.
        let calibrated = images(1.0, [10, 5]);
        let (found, unseen) = calibrated.cross_validate(calibrated.halves());
        assert_eq!(found, 1.0);
        assert_eq!(unseen.logits, calibrated.logits);
    }
}
