//! `alexnet calibrate`.

use alexnet::Classifier;
use alexnet::calibration::{
    apply_temperature, confidence_threshold, expected_calibration_error, temperature,
};
use alexnet::classifier::ValidationCounter;
use alexnet::metrics::softmax;
use alexnet::out_of_distribution::{
    PictureStatistics, auroc, energy_score, fit, max_logit, picture_statistics, share_below, threshold,
    unknown_share,
};
use alexnet_data::{Image, Samples};
use alexnet_format::FileFormat;
use alexnet_protocol::{Calibration, ClassLabel, OutOfDistribution};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::args::CalibrateArgs;
use crate::model::{ModelName, Output};
use crate::{backend, data, evaluate, report};

/// Fewer images than this are not enough to measure calibration.
const MIN_IMAGES: usize = 20;

/// A temperature that differs from the file's by less changes no probability that anybody reads: the weights stay,
/// bit for bit.
const SAME_TEMPERATURE: f64 = 1e-3;

/// Share of pictures of the network's own classes that may be called unknown.
const FALSE_ALARMS: f64 = 0.05;

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
    // What the weights have been divided by already.
    let earlier = model.calibration.take().map_or(1.0, |earlier| f64::from(earlier.temperature));
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
    report::import(&flat.report);
    evaluate::drop_unknown_classes(&mut flat, network.labels(), true)?;
    let classes = network.labels().len();
    let order: Vec<usize> = (0..classes).collect();
    let all = EvaluatedImages {
        logits: evaluate::logits(&network, &flat.samples, &order, evaluate::EVALUATING)?,
        pictures: statistics(&flat.samples),
        labels: flat.samples.labels,
        classes,
    }
    .with_temperature(1.0 / earlier);
    let halves = all.halves();
    ensure!(
        halves.iter().all(|half| half.labels.len() >= MIN_IMAGES),
        "{} images are too few to calibrate a model: use {} or more",
        all.labels.len(),
        2 * MIN_IMAGES
    );

    let (mut found, unseen) = all.cross_validate(halves);
    let changed = (found / earlier - 1.0).abs() > SAME_TEMPERATURE;
    if !changed {
        found = earlier;
    }
    let calibrated = all.with_temperature(found);
    let known = OutOfDistribution { false_alarms: calibrated.false_alarms(), ..calibrated.bounds() };
    let calibration = Calibration {
        temperature: found as f32,
        confidence_threshold: confidence_threshold(&calibrated.logits, &calibrated.labels, classes),
        ece_before: all.calibration_error(),
        ece_after: unseen.calibration_error(),
        images: all.labels.len() as u32,
        out_of_distribution: Some(known),
    };
    let (loss_before, loss_after) = (all.loss(), unseen.loss());
    let unknown: Vec<Value> = args
        .unknown
        .iter()
        .map(|data| {
            let flat = data::load_evaluation(data, network.preprocess())?;
            let logits = evaluate::logits(&network, &flat.samples, &order, evaluate::EVALUATING)?;
            let pictures = statistics(&flat.samples);
            let rows = EvaluatedImages { logits, pictures, labels: flat.samples.labels, classes };
            Ok(calibrated.told_from(
                &rows.with_temperature(found / earlier),
                &known,
                &data.display().to_string(),
            ))
        })
        .collect::<Result<_>>()?;
    if changed {
        apply_temperature(&mut model, found / earlier)?;
    }
    model.calibration = Some(calibration);
    output.write(&model, args.model.precision()?)?;

    let Calibration { temperature, confidence_threshold, ece_before, ece_after, images, .. } = calibration;
    if args.common.json {
        let document = json!({
            "file": output.path.display().to_string(), "temperature": temperature, "doubt": confidence_threshold, "images": images,
            "ece_before": ece_before, "ece_after": ece_after, "loss_before": loss_before, "loss_after": loss_after,
            "out_of_distribution": known, "unknown": unknown,
        });
        return report::result(&document.to_string());
    }
    report::result(&format!(
        "temperature {temperature:.4}; on {images} images, each half with the temperature fitted on the other half: \
         calibration error {:.2} % -> {:.2} %, loss {loss_before:.4} -> {loss_after:.4}; below {:.0} % the first \
         guess is wrong more often than right; {:.1} % of these images are called unknown by mistake{}",
        ece_before * 100.0,
        ece_after * 100.0,
        confidence_threshold * 100.0,
        known.false_alarms * 100.0,
        unknown.iter().map(|data| format!("\n{data}")).collect::<String>()
    ))
}

/// Statistics of each image's pixels.
fn statistics(samples: &Samples) -> Vec<PictureStatistics> {
    let of = |index: usize| {
        let rgb = samples.image(index).unwrap_or_default().to_vec();
        picture_statistics(&Image { width: samples.size, height: samples.size, rgb })
    };
    (0..samples.labels.len()).map(of).collect()
}

/// A score of one image from its logits: the higher, the more the image is like those of training.
type Score = fn(&[f32]) -> f32;

/// Images with the network's logits.
#[derive(Clone)]
struct EvaluatedImages {
    /// `[images, classes]`.
    logits: Vec<f32>,
    pictures: Vec<PictureStatistics>,
    labels: Vec<u32>,
    classes: usize,
}

impl EvaluatedImages {
    /// Splits the images of each class alternately, so the same data always give the same halves.
    fn halves(&self) -> [Self; 2] {
        let empty = || Self { logits: vec![], pictures: vec![], labels: vec![], classes: self.classes };
        let mut halves = [(); 2].map(|()| empty());
        let mut seen = vec![false; self.classes];
        let rows = self.logits.chunks_exact(self.classes.max(1)).zip(&self.pictures).zip(&self.labels);
        for ((row, &picture), &label) in rows {
            let Some(seen) = seen.get_mut(label as usize) else { continue };
            let [first, second] = &mut halves;
            let half = if *seen { second } else { first };
            half.logits.extend_from_slice(row);
            half.pictures.push(picture);
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
        self.pictures.extend(other.pictures);
        self.labels.extend(other.labels);
        self
    }

    /// A score of each image.
    fn scores(&self, score: Score) -> Vec<f32> {
        self.logits.chunks_exact(self.classes.max(1)).map(score).collect()
    }

    /// Bounds beyond which an image is called unknown.
    fn bounds(&self) -> OutOfDistribution {
        fit(&self.scores(energy_score), &self.pictures, FALSE_ALARMS)
    }

    /// Share of images that are called unknown.
    fn unknown_by(&self, known: &OutOfDistribution) -> f64 {
        unknown_share(known, &self.scores(energy_score), &self.pictures)
    }

    /// Share of images that are called unknown by mistake, each half by the bounds of the other.
    fn false_alarms(&self) -> f32 {
        let [first, second] = self.halves();
        let count = |half: &Self, other: &Self| half.unknown_by(&other.bounds()) * half.labels.len() as f64;
        let all = (first.labels.len() + second.labels.len()).max(1);
        ((count(&first, &second) + count(&second, &first)) / all as f64) as f32
    }

    /// How well images that the network does not know are told from these: the share that the bounds tell, and for
    /// each score alone the area under the ROC curve and the share under a threshold with as many false alarms.
    fn told_from(&self, unknown: &Self, known: &OutOfDistribution, data: &str) -> Value {
        let scores: [(&str, Score); 3] = [
            ("energy", energy_score),
            ("max_logit", max_logit),
            ("max_probability", |row| max_logit(&softmax(row))),
        ];
        let mut found = json!({
            "data": data, "images": unknown.labels.len(), "detected": unknown.unknown_by(known),
        });
        for (name, score) in scores {
            let (own, other) = (self.scores(score), unknown.scores(score));
            let detected = share_below(&other, threshold(&own, FALSE_ALARMS));
            found[name] = json!({ "auroc": auroc(&own, &other), "detected": detected });
        }
        found
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
        let pictures = vec![PictureStatistics::default(); 20];
        EvaluatedImages { logits: [logit, 0.0].repeat(20), pictures, labels, classes: 2 }
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
