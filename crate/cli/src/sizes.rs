//! `alexnet sizes`: file size and accuracy of a model in each precision.

use alexnet::Classifier;
use alexnet::classifier::ValidationCounter;
use alexnet_format::{Checkpoint, FileFormat, Precision};
use anyhow::Result;
use serde_json::{Value, json};

use crate::args::SizesArgs;
use crate::{backend, data, evaluate, report};

const PRECISIONS: [(&str, Precision); 3] =
    [("f32", Precision::F32), ("f16", Precision::F16), ("int8", Precision::Int8)];

/// Stores the model in each precision, reads it back and evaluates it on labelled images.
///
/// The error of the logits is the RMS difference from the model's own logits, divided by their RMS. For a
/// file that is quantised already, the reference are its quantised weights, and the output says so.
///
/// # Errors
/// If the model or the data set cannot be used, or they have no class in common.
pub fn run(args: &SizesArgs) -> Result<()> {
    let compute = backend::open(args.common.backend)?;
    let stored = args.model.precision()?;
    let reference =
        PRECISIONS.iter().find(|(_, precision)| *precision == stored).map_or("f32", |(name, _)| name);
    let model = args.model.model()?;
    let classifier = Classifier::new(&model, &compute)?;
    let mut images = data::load_evaluation(&args.data, classifier.preprocess())?;
    report::import(&images.report);
    evaluate::drop_unknown_classes(&mut images, classifier.labels(), true)?;
    let order: Vec<usize> = (0..classifier.labels().len()).collect();
    let logits_of = |classifier: &Classifier, what: &str, number: usize| {
        let what = format!("evaluating {what} ({number} of {})", PRECISIONS.len() + 1);
        evaluate::logits(classifier, &images.samples, &order, &what)
    };
    let exact = logits_of(&classifier, "the file", 1)?;

    let mut rows = Vec::with_capacity(PRECISIONS.len());
    for (number, (name, precision)) in PRECISIONS.into_iter().enumerate() {
        let file = model.write(FileFormat::Safetensors, precision)?;
        let bytes = file.len();
        let classifier = Classifier::new(&Checkpoint::read(file)?, &compute)?;
        let logits = logits_of(&classifier, name, number + 2)?;
        let mut counter = ValidationCounter::new(order.len());
        counter.add(&logits, &images.samples.labels);
        let found = counter.validation();
        rows.push(json!({
            "precision": name, "bytes": bytes, "images": found.images, "top1": found.top1, "top5": found.top5,
            "loss": found.loss, "logit_error": relative_error(&logits, &exact), "reference": reference,
        }));
    }
    if args.common.json {
        return report::result(&Value::Array(rows).to_string());
    }
    report::result("precision     bytes   top-1   top-5     loss  logit error")?;
    for row in rows {
        let number = |key: &str| row.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
        report::result(&format!(
            "{:9} {:9}  {:5.2} %  {:5.2} %  {:.4}  {:.1e}",
            row.get("precision").and_then(Value::as_str).unwrap_or_default(),
            number("bytes"),
            number("top1") * 100.0,
            number("top5") * 100.0,
            number("loss"),
            number("logit_error"),
        ))?;
    }
    if stored != Precision::F32 {
        report::result(&format!(
            "The file holds {reference}: the error is measured against these rounded weights, not against the original ones."
        ))?;
    }
    Ok(())
}

fn relative_error(values: &[f32], exact: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let difference: f64 = values.iter().zip(exact).map(|(a, b)| square(a - b)).sum();
    let whole: f64 = exact.iter().copied().map(square).sum();
    (difference / whole.max(f64::MIN_POSITIVE)).sqrt()
}
