//! Names out of a file, for sentences.

/// Characters of a name that a sentence repeats.
const LENGTH: usize = 80;

/// A name out of a file on one line, shortened.
pub fn printable(name: &str) -> String {
    name.escape_debug().take(LENGTH).collect()
}
