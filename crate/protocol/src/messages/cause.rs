//! What a library, the browser or the operating system says, in the middle of a sentence.

use std::fmt::Display;

use crate::messages;

messages! {
    /// Words that this project does not choose.
    Cause "cause" {
        /// Nothing was said.
        Unknown => "no reason was given",
        /// The words, not translated.
        Text {
            /// For the middle of a sentence.
            text: String,
        } => "{text}",
    }
}

impl Cause {
    /// Characters that a sentence repeats.
    const LENGTH: usize = 200;

    /// The words of an error: the first line without its full stop, since causes and a backtrace may follow.
    pub fn of(error: &dyn Display) -> Self {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim().trim_end_matches(['.', ':']);
        match line.is_empty() {
            true => Self::Unknown,
            false => Self::Text { text: line.chars().take(Self::LENGTH).collect() },
        }
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Self::of(&text)
    }
}

messages! {
    /// Why bytes of a file cannot be read.
    ReadError "read" {
        /// The file is shorter than expected.
        Early => "it ends early",
    }
    transparent {
        /// What the reader says.
        Other(Cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_one_line_without_a_stop() {
        assert_eq!(Cause::of(&"Device lost:\n  Caused by: x\n  Backtrace: y").to_string(), "Device lost");
        assert_eq!(Cause::of(&" \n"), Cause::Unknown);
        assert_eq!(Cause::of(&"x".repeat(1000)).to_string().len(), Cause::LENGTH);
    }
}
