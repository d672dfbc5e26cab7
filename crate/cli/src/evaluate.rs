//! `alexnet eval`.

use alexnet::Classifier;
use alexnet::classifier::Tally;
use alexnet::metrics::softmax;
use alexnet_data::{Flat, Samples};
use alexnet_protocol::{ClassLabel, Preprocess, Validation};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::args::EvalArgs;
use crate::{backend, data, report};

/// Measures one model, or several averaged, on labelled images.
///
/// # Errors
/// When a model or the data set cannot be used, or they have no class in common.
pub fn run(args: &EvalArgs) -> Result<()> {
    let compute = backend::open(args.common.backend)?;
    let mut classifiers = Vec::with_capacity(args.model.len());
    for name in &args.model {
        let classifier = Classifier::new(&name.model()?, &compute).with_context(|| name.to_string())?;
        classifiers.push(classifier);
    }
    let Some(first) = classifiers.first() else { bail!("name a model with --model") };
    let classes = first.labels().to_vec();
    let mut views: Vec<(Preprocess, Flat)> = Vec::new();
    let mut sum: Vec<f32> = Vec::new();
    let mut truth: Vec<u32> = Vec::new();
    for (classifier, name) in classifiers.iter().zip(&args.model) {
        let order = order(classifier.labels(), &classes).with_context(|| name.to_string())?;
        let preprocess = classifier.preprocess();
        let seen = |p: &Preprocess| (p.resize, p.crop) == (preprocess.resize, preprocess.crop);
        if !views.iter().any(|(of, _)| seen(of)) {
            let mut flat = data::measuring(&args.data, preprocess)?;
            if views.is_empty() {
                report::skipped(&flat.skipped);
            }
            known(&mut flat, &classes, views.is_empty())?;
            views.push((preprocess, flat));
        }
        let Some((_, flat)) = views.iter().find(|(of, _)| seen(of)) else { continue };
        truth.clone_from(&flat.samples.labels);
        let scores = judge(classifier, &flat.samples, &order, classifiers.len() > 1)?;
        match sum.is_empty() {
            true => sum = scores,
            false => sum.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score),
        }
    }
    if classifiers.len() > 1 {
        // The mean probability's logarithm stands in for logits: its softmax is the mean itself.
        let models = classifiers.len() as f32;
        sum.iter_mut().for_each(|p| *p = (*p / models).max(f32::MIN_POSITIVE).ln());
    }
    let mut tally = Tally::new(classes.len());
    tally.add(&sum, &truth);
    print(&tally.validation(), args.common.json)
}

/// For each output of a model, its place among the classes of the first model.
fn order(labels: &[ClassLabel], classes: &[ClassLabel]) -> Result<Vec<usize>> {
    ensure!(
        labels.len() == classes.len(),
        "it has {} classes where the first model has {}",
        labels.len(),
        classes.len()
    );
    let mut order = Vec::with_capacity(labels.len());
    for (label, place) in labels.iter().zip(data::matches(labels, classes)) {
        let place =
            place.with_context(|| format!("its class “{}” is none of the first model's", label.name))?;
        order.push(place as usize);
    }
    Ok(order)
}

/// Keeps the images whose folder is a class of the model, labelled with the model's order.
pub fn known(flat: &mut Flat, classes: &[ClassLabel], tell: bool) -> Result<()> {
    let places = data::matches(&flat.labels, classes);
    let strange: Vec<&str> = flat
        .labels
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.is_none())
        .map(|(l, _)| l.id.as_str())
        .collect();
    ensure!(
        strange.len() < flat.labels.len(),
        "no folder of the data set is named like a class of the model (“{}”, …): name them by label or id",
        strange.first().unwrap_or(&"")
    );
    if tell && !strange.is_empty() {
        report::note(&format!("left out, not among the model's classes: {}", strange.join(", ")));
    }
    let mut kept = Samples { size: flat.samples.size, ..Samples::default() };
    for (index, &label) in flat.samples.labels.iter().enumerate() {
        let place = places.get(label as usize).copied().flatten();
        if let (Some(place), Some(image)) = (place, flat.samples.image(index)) {
            kept.pixels.extend_from_slice(image);
            kept.labels.push(place);
        }
    }
    flat.samples = kept;
    Ok(())
}

/// Logits, or probabilities where several models are averaged, in the order of the first model's classes.
pub fn judge(
    classifier: &Classifier,
    samples: &Samples,
    order: &[usize],
    probabilities: bool,
) -> Result<Vec<f32>> {
    let bar = report::bar(samples.len() as u64, "judging");
    let mut scores = Vec::with_capacity(samples.len() * order.len());
    let (batch, image) = (classifier.batch().max(1), samples.image_bytes().max(1));
    for (pixels, labels) in samples.pixels.chunks(batch * image).zip(samples.labels.chunks(batch)) {
        let part = Samples { size: samples.size, pixels: pixels.to_vec(), labels: labels.to_vec() };
        let logits = pollster::block_on(classifier.logits(&part))?;
        for row in logits.chunks(order.len().max(1)) {
            let row = if probabilities { softmax(row) } else { row.to_vec() };
            let start = scores.len();
            scores.resize(start + order.len(), 0.0);
            for (&place, score) in order.iter().zip(row) {
                if let Some(slot) = scores.get_mut(start + place) {
                    *slot = score;
                }
            }
        }
        bar.inc(labels.len() as u64);
    }
    bar.finish_and_clear();
    Ok(scores)
}

fn print(found: &Validation, as_json: bool) -> Result<()> {
    let Validation { images, top1, top5, loss, .. } = *found;
    if as_json {
        let document = json!({ "images": images, "top1": top1, "top5": top5, "loss": loss });
        return report::result(&document.to_string());
    }
    report::result(&format!(
        "{images} images: top-1 {:.2} %, top-5 {:.2} %, loss {loss:.4}",
        top1 * 100.0,
        top5 * 100.0
    ))
}
