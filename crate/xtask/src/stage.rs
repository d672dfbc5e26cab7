//! A stage of a task: prints one line with its outcome and duration.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Runs a stage and prints a line before and after it.
///
/// # Errors
/// The stage's error, with the stage's name in front.
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

/// A duration for people: `0.3 s`, `75 s`.
fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 10.0 => format!("{s:.1} s"),
        s => format!("{s:.0} s"),
    }
}
