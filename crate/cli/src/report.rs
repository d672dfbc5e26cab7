//! What a command says: results on stdout; messages, progress and the one line that says why it could not
//! on stderr.

use std::io::{self, ErrorKind, Write};

use alexnet_data::SkippedImage;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// One line of a result, on stdout. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// When stdout cannot be written.
pub fn result(line: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// One line for a person; never part of a result.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// The last line of a command that could not.
pub fn error(error: &anyhow::Error) {
    eprintln!("error: {}", sentence(error));
}

/// An error with its causes on one line, without the final stop that a terminal does not need.
pub fn sentence(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// A bar over `length` things; drawn only where stderr is a terminal.
pub fn bar(length: u64, what: &str) -> ProgressBar {
    let template = "{prefix} {wide_bar} {pos}/{len} {msg} {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_prefix(what.to_owned())
}

/// Says which images were skipped, the first few by name.
pub fn skipped(images: &[SkippedImage]) {
    const SHOWN: usize = 5;
    for image in images.iter().take(SHOWN) {
        note(&format!("skipped: {image}"));
    }
    if images.len() > SHOWN {
        note(&format!("skipped: {} more", images.len() - SHOWN));
    }
}
