//! Output of the commands: results on stdout; messages, progress and the final error line on stderr.

use std::io::{self, ErrorKind, Write};

use alexnet_data::{Report, SkippedImage};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// Prints one line of a result to stdout. A closed pipe (`| head`) is no error.
///
/// # Errors
/// If stdout cannot be written.
pub fn result(line: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a message for people to stderr.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints the final line of a failed command.
pub fn error(error: &anyhow::Error) {
    eprintln!("error: {}", sentence(error));
}

/// An error with its causes on one line, without the final full stop.
pub fn sentence(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// A progress bar. Drawn only if stderr is a terminal.
pub fn bar(length: u64, what: &str) -> ProgressBar {
    let template = "{prefix} {wide_bar} {pos}/{len} {msg} {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_prefix(what.to_owned())
}

/// Sentences of one kind that are printed; the rest are counted.
const MAX_LISTED: usize = 5;

/// Lists what was left out, the first few by name.
pub fn skipped(left_out: &[SkippedImage]) {
    for image in left_out.iter().take(MAX_LISTED) {
        note(&format!("skipped: {image}"));
    }
    if left_out.len() > MAX_LISTED {
        note(&format!("skipped: {} more", left_out.len() - MAX_LISTED));
    }
}

/// Lists what an import left out, the first few by name, and what a person should know about the rest.
pub fn import(report: &Report) {
    skipped(&report.left_out);
    for said in report.notes.iter().take(MAX_LISTED) {
        note(&format!("note: {said}"));
    }
    if report.notes.len() > MAX_LISTED {
        note(&format!("note: {} more", report.notes.len() - MAX_LISTED));
    }
}
