//! `alexnet eval`.

use alexnet::Classifier;
use alexnet::calibration::expected_calibration_error;
use alexnet::classifier::ValidationCounter;
use alexnet::metrics::mean_softmax;
use alexnet_data::{Image, Samples, UnsplitImages, crop_views, crops_preprocess};
use alexnet_protocol::{
    ClassLabel, EvaluatedModel, Evaluation, EvaluationMetrics, PAPER_RESULTS, Preprocess, TestCrops,
    Validation,
};
use anyhow::{Context, Result, bail, ensure};

use crate::args::EvalArgs;
use crate::{backend, data, report};

/// The label of the progress bar.
pub const EVALUATING: &str = "evaluating";

/// Evaluates one model, or an ensemble of several, on labelled images.
///
/// # Errors
/// If a model or the data set cannot be used, or they have no class in common.
pub fn run(args: &EvalArgs) -> Result<()> {
    let compute = backend::open(args.common.backend)?;
    let mut classifiers = Vec::with_capacity(args.model.len());
    for name in &args.model {
        classifiers.push(name.classifier(&compute)?);
    }
    let Some(first) = classifiers.first() else { bail!("choose a model with --model") };
    let classes = first.labels().to_vec();
    let several = classifiers.len() > 1;
    let averaged = several || args.seen.views != TestCrops::One;
    let mut read: Vec<(Preprocess, UnsplitImages)> = Vec::new();
    let mut sum: Vec<f32> = Vec::new();
    let mut truth: Vec<u32> = Vec::new();
    let mut models = Vec::new();
    for (classifier, name) in classifiers.iter().zip(&args.model) {
        let class_order = class_order(classifier.labels(), &classes).with_context(|| name.to_string())?;
        let preprocess = crops_preprocess(&classifier.preprocess(), args.seen.views);
        let seen = |p: &Preprocess| (p.resize, p.crop) == (preprocess.resize, preprocess.crop);
        if !read.iter().any(|(of, _)| seen(of)) {
            let mut flat = data::load_evaluation(&args.data, preprocess)?;
            if read.is_empty() {
                report::import(&flat.report);
            }
            drop_unknown_classes(&mut flat, &classes, read.is_empty())?;
            read.push((preprocess, flat));
        }
        let Some((_, flat)) = read.iter().find(|(of, _)| seen(of)) else { continue };
        truth.clone_from(&flat.samples.labels);
        let scores = match averaged {
            true => probabilities(classifier, &flat.samples, args.seen.views, &class_order)?,
            false => logits(classifier, &flat.samples, &class_order, EVALUATING)?,
        };
        if several {
            let architecture = classifier.architecture();
            models.push(EvaluatedModel {
                model: name.file_name(),
                network: architecture.config.network,
                width: architecture.config.width,
                parameters: architecture.parameters(),
                metrics: measure(&mean(&scores, 1), &truth, classes.len()),
            });
        }
        match sum.is_empty() {
            true => sum = scores,
            false => sum.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score),
        }
    }
    if averaged {
        sum = mean(&sum, classifiers.len());
    }
    print(&Evaluation { metrics: measure(&sum, &truth, classes.len()), models }, args.common.json)
}

/// Converts summed probabilities of so many models to logits: the softmax of the mean's logarithm is the
/// mean.
fn mean(sum: &[f32], models: usize) -> Vec<f32> {
    sum.iter().map(|p| (p / models.max(1) as f32).max(f32::MIN_POSITIVE).ln()).collect()
}

fn measure(logits: &[f32], truth: &[u32], classes: usize) -> EvaluationMetrics {
    let mut counter = ValidationCounter::new(classes);
    counter.add(logits, truth);
    let Validation { images, top1, top5, loss, .. } = counter.validation();
    EvaluationMetrics {
        images,
        top1,
        top5,
        loss,
        ece: expected_calibration_error(logits, truth, classes) as f32,
    }
}

/// For each class of a model, its index among the classes of the first model.
fn class_order(labels: &[ClassLabel], classes: &[ClassLabel]) -> Result<Vec<usize>> {
    ensure!(
        labels.len() == classes.len(),
        "it has {} classes, but the first model has {}: choose models with the same classes",
        labels.len(),
        classes.len()
    );
    let mut class_order = Vec::with_capacity(labels.len());
    for (label, index) in labels.iter().zip(data::match_classes(labels, classes)) {
        let index =
            index.with_context(|| format!("its class “{}” is not a class of the first model", label.name))?;
        class_order.push(index as usize);
    }
    Ok(class_order)
}

/// Keeps the images whose folder is a class of the model, and relabels them in the model's order. With
/// `report`, prints the folders left out.
pub fn drop_unknown_classes(flat: &mut UnsplitImages, classes: &[ClassLabel], warn: bool) -> Result<()> {
    let class_indices = data::match_classes(&flat.labels, classes);
    let unknown: Vec<&str> = flat
        .labels
        .iter()
        .zip(&class_indices)
        .filter(|(_, index)| index.is_none())
        .map(|(l, _)| l.id.as_str())
        .collect();
    ensure!(
        unknown.len() < flat.labels.len(),
        "no folder of the data set has the name of a class of the model (found “{}”, …): name the folders by label or id",
        unknown.first().unwrap_or(&"")
    );
    if warn && !unknown.is_empty() {
        report::note(&format!("skipped, not a class of the model: {}", unknown.join(", ")));
    }
    let mut kept = Samples { size: flat.samples.size, ..Samples::default() };
    for (index, &label) in flat.samples.labels.iter().enumerate() {
        let class = class_indices.get(label as usize).copied().flatten();
        if let (Some(class), Some(image)) = (class, flat.samples.image(index)) {
            kept.pixels.extend_from_slice(image);
            kept.labels.push(class);
        }
    }
    flat.samples = kept;
    Ok(())
}

/// Logits in the order of the first model's classes. `what` labels the progress bar.
pub fn logits(
    classifier: &Classifier,
    samples: &Samples,
    class_order: &[usize],
    what: &str,
) -> Result<Vec<f32>> {
    by_batch(classifier, samples, classifier.max_batch(), what, |part| {
        Ok(ordered(&pollster::block_on(classifier.logits(part))?, class_order))
    })
}

/// Probabilities in the order of the first model's classes, averaged over the crops of each image.
fn probabilities(
    classifier: &Classifier,
    samples: &Samples,
    views: TestCrops,
    class_order: &[usize],
) -> Result<Vec<f32>> {
    let crop = classifier.preprocess().crop;
    by_batch(classifier, samples, classifier.max_batch() / views.count(), EVALUATING, |part| {
        let mut seen = Samples { size: crop, ..Samples::default() };
        for at in 0..part.len() {
            let rgb = part.image(at).unwrap_or_default().to_vec();
            let crops = crop_views(&Image::new(part.size, part.size, rgb)?, crop, views);
            seen.pixels.extend(crops.pixels);
            seen.labels.extend(crops.labels);
        }
        let logits = pollster::block_on(classifier.logits(&seen))?;
        let of_image = logits.chunks(views.count() * class_order.len().max(1));
        Ok(of_image.flat_map(|rows| ordered(&mean_softmax(rows, class_order.len()), class_order)).collect())
    })
}

/// Evaluates images batch by batch.
fn by_batch(
    classifier: &Classifier,
    samples: &Samples,
    batch: usize,
    what: &str,
    mut evaluate: impl FnMut(&Samples) -> Result<Vec<f32>>,
) -> Result<Vec<f32>> {
    let bar = report::bar(samples.len() as u64, what);
    let mut scores = Vec::with_capacity(samples.len() * classifier.labels().len());
    let (batch, image) = (batch.max(1), samples.image_bytes().max(1));
    for (pixels, labels) in samples.pixels.chunks(batch * image).zip(samples.labels.chunks(batch)) {
        let part = Samples { size: samples.size, pixels: pixels.to_vec(), labels: labels.to_vec() };
        scores.extend(evaluate(&part)?);
        bar.inc(labels.len() as u64);
    }
    bar.finish_and_clear();
    Ok(scores)
}

/// Reorders the classes of each row.
fn ordered(scores: &[f32], class_order: &[usize]) -> Vec<f32> {
    let mut out = vec![0.0; scores.len()];
    let classes = class_order.len().max(1);
    for (row, out) in scores.chunks(classes).zip(out.chunks_mut(classes)) {
        for (&index, score) in class_order.iter().zip(row) {
            if let Some(slot) = out.get_mut(index) {
                *slot = *score;
            }
        }
    }
    out
}

fn print(evaluation: &Evaluation, as_json: bool) -> Result<()> {
    if as_json {
        return report::result(&serde_json::to_string(evaluation)?);
    }
    let EvaluationMetrics { images, top1, top5, loss, ece } = evaluation.metrics;
    if !evaluation.models.is_empty() {
        return report::result(&comparison(evaluation));
    }
    report::result(&format!(
        "{images} images: top-1 {:.2} %, top-5 {:.2} %, loss {loss:.4}, calibration error {:.2} %",
        top1 * 100.0,
        top5 * 100.0,
        ece * 100.0
    ))
}

/// A table of the errors of each network, of their average, and of the paper's networks.
fn comparison(evaluation: &Evaluation) -> String {
    let row = |name: &str, top1: f32, top5: f32| format!("{name:36} {top1:9.1} %  {top5:9.1} %");
    let metrics =
        |name: &str, m: &EvaluationMetrics| row(name, 100.0 - 100.0 * m.top1, 100.0 - 100.0 * m.top5);
    let mut lines =
        vec![format!("{:36} top-1 error  top-5 error", format!("{} images", evaluation.metrics.images))];
    lines.extend(evaluation.models.iter().map(|member| metrics(&member.model, &member.metrics)));
    lines.push(metrics(&format!("average of {}", evaluation.models.len()), &evaluation.metrics));
    lines.push("the 2012 paper (ILSVRC-2012 validation, 1,000 classes)".to_owned());
    lines.extend(PAPER_RESULTS.iter().map(|paper| {
        let star = if paper.pretrained { ", pre-trained on more data" } else { "" };
        let name = match paper.networks {
            1 => format!("1 network{star}"),
            n => format!("average of {n}{star}"),
        };
        row(&name, 100.0 * paper.top1_error, 100.0 * paper.top5_error)
    }));
    lines.join("\n")
}
