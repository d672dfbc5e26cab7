//! `alexnet classify`.

use std::path::Path;
use std::time::Instant;

use alexnet::Classifier;
use alexnet_protocol::{Prediction, TestCrops};
use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::args::ClassifyArgs;
use crate::{backend, report};

/// Classifies each photo. One that cannot be read does not stop the others.
///
/// # Errors
/// If the model cannot be used, or at the end if a photo could not be read.
pub fn run(args: &ClassifyArgs) -> Result<()> {
    let compute = backend::open(args.common.backend)?;
    let classifier = args.model.classifier(&compute)?;
    let mut documents = Vec::new();
    let mut unread = 0;
    for photo in &args.photos {
        let file = photo.display().to_string();
        let start = Instant::now();
        match classify(&classifier, photo, args.seen.views, args.top as usize) {
            Ok(top) => {
                let milliseconds = start.elapsed().as_secs_f64() * 1e3;
                if !args.common.json {
                    report::result(&format!("{file} ({milliseconds:.1} ms)"))?;
                    for guess in &top {
                        report::result(&format!("  {:5.1} %  {}", guess.probability * 100.0, guess.label))?;
                    }
                }
                documents.push(json!({ "file": file, "milliseconds": milliseconds, "top": top }));
            }
            Err(error) => {
                unread += 1;
                let sentence = report::sentence(&error);
                if !args.common.json {
                    report::note(&format!("{file}: {sentence}"));
                }
                documents.push(json!({ "file": file, "error": sentence }));
            }
        }
    }
    if args.common.json {
        report::result(&serde_json::Value::from(documents).to_string())?;
    }
    if unread > 0 {
        bail!("{unread} of {} photos could not be classified", args.photos.len());
    }
    Ok(())
}

fn classify(classifier: &Classifier, photo: &Path, views: TestCrops, top: usize) -> Result<Vec<Prediction>> {
    let bytes = std::fs::read(photo).context("the file cannot be read")?;
    let image = alexnet_data::decode(&bytes)?;
    Ok(pollster::block_on(classifier.classify(&image, views, top))?.top)
}
