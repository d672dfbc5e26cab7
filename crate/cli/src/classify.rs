//! `alexnet classify`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use alexnet::Classifier;
use alexnet_data::{Decoded, ImportNote, decode_as_far, list_images};
use alexnet_protocol::Prediction;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::args::ClassifyArgs;
use crate::{backend, csv, report};

/// Classifies each photo. One that cannot be read does not stop the others.
///
/// # Errors
/// If the model cannot be used, a folder holds no image, or at the end if a photo could not be read.
pub fn run(args: &ClassifyArgs) -> Result<()> {
    let photos = photos(&args.photos)?;
    let compute = backend::open(args.common.backend)?;
    let classifier = args.model.classifier(&compute)?;
    let top = args.top as usize;
    let mut output = Output { args, top, documents: Vec::new() };
    output.start()?;
    let mut unread = 0;
    for photo in &photos {
        let start = Instant::now();
        let answer = classify(&classifier, photo, args);
        unread += usize::from(answer.is_err());
        output.photo(photo, answer, start.elapsed().as_secs_f64() * 1e3)?;
    }
    output.end()?;
    if unread > 0 {
        bail!("{unread} of {} photos could not be classified", photos.len());
    }
    Ok(())
}

/// The files, and the images in the folders.
fn photos(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut photos = Vec::new();
    for path in paths {
        if path.is_dir() {
            let listed = list_images(path)?;
            report::skipped(&listed.left_out);
            ensure!(!listed.images.is_empty(), "{}: there is no image in this folder", path.display());
            photos.extend(listed.images);
        } else {
            photos.push(path.clone());
        }
    }
    Ok(photos)
}

/// What a network says about a photo.
struct Answer {
    top: Vec<Prediction>,
    cut_off: bool,
}

fn classify(classifier: &Classifier, photo: &Path, args: &ClassifyArgs) -> Result<Answer> {
    let bytes = std::fs::read(photo).context("the file cannot be read")?;
    let Decoded { image, cut_off } = decode_as_far(&bytes)?;
    let top = pollster::block_on(classifier.classify(&image, args.seen.views, args.top as usize))?.top;
    Ok(Answer { top, cut_off })
}

/// Prints answers: for people, as JSON or as a table.
struct Output<'a> {
    args: &'a ClassifyArgs,
    top: usize,
    documents: Vec<Value>,
}

impl Output<'_> {
    fn start(&self) -> Result<()> {
        if !self.args.csv {
            return Ok(());
        }
        let mut head = vec!["file".to_owned()];
        head.extend((1..=self.top).flat_map(|rank| [format!("label_{rank}"), format!("probability_{rank}")]));
        head.push("error".to_owned());
        report::result(&csv::line(&head))
    }

    fn photo(&mut self, photo: &Path, answer: Result<Answer>, milliseconds: f64) -> Result<()> {
        let file = photo.display().to_string();
        if let Ok(Answer { cut_off: true, .. }) = &answer {
            report::note(&ImportNote::CutOff { path: file.clone() }.to_string());
        }
        let answer = answer.map_err(|error| report::sentence(&error));
        if self.args.csv {
            return report::result(&csv::line(&self.row(file, answer)));
        }
        match answer {
            Ok(Answer { top, cut_off }) => {
                if !self.args.common.json {
                    report::result(&format!("{file} ({milliseconds:.1} ms)"))?;
                    for guess in &top {
                        report::result(&format!("  {:5.1} %  {}", guess.probability * 100.0, guess.label))?;
                    }
                }
                let mut document = json!({ "file": file, "milliseconds": milliseconds, "top": top });
                if cut_off && let Some(fields) = document.as_object_mut() {
                    fields.insert("cutOff".into(), true.into());
                }
                self.documents.push(document);
            }
            Err(sentence) => {
                if !self.args.common.json {
                    report::note(&format!("{file}: {sentence}"));
                }
                self.documents.push(json!({ "file": file, "error": sentence }));
            }
        }
        Ok(())
    }

    fn row(&self, file: String, answer: Result<Answer, String>) -> Vec<String> {
        let (top, error) = match answer {
            Ok(answer) => (answer.top, String::new()),
            Err(sentence) => (Vec::new(), sentence),
        };
        let mut row = vec![file];
        for rank in 0..self.top {
            let guess = top.get(rank);
            row.push(guess.map(|guess| guess.label.clone()).unwrap_or_default());
            row.push(guess.map(|guess| format!("{:.6}", guess.probability)).unwrap_or_default());
        }
        row.push(error);
        row
    }

    fn end(self) -> Result<()> {
        if self.args.common.json { report::result(&Value::from(self.documents).to_string()) } else { Ok(()) }
    }
}
