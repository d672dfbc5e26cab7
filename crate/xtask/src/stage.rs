//! A stage of a task: one line that says what it did and how long that took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Runs one stage between a line that names it and a line that tells its outcome.
///
/// # Errors
/// The stage's own error, with the stage's name in front.
pub fn stage(name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
    eprintln!("→ {name}");
    let start = Instant::now();
    let result = work();
    let took = seconds(start.elapsed());
    match &result {
        Ok(outcome) => eprintln!("✓ {name}: {outcome} ({took})"),
        Err(_) => eprintln!("✗ {name} ({took})"),
    }
    result.map(drop).with_context(|| name.to_string())
}

/// A length of time for people: `0.3 s`, `75 s`.
fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 10.0 => format!("{s:.1} s"),
        s => format!("{s:.0} s"),
    }
}
