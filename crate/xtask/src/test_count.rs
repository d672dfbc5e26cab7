//! Counts passed and failed tests in the output of cargo, Vitest and Playwright.

/// Numbers of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TestCount {
    /// Passed tests.
    pub passed: u64,
    /// Failed tests.
    pub failed: u64,
}

impl TestCount {
    /// Adds the counts of a line if it is a summary. Other lines are ignored.
    pub fn read(&mut self, line: &str) {
        let line = plain(line);
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || c == ';' || c == '|')
            .filter(|w| !w.is_empty())
            .collect();
        // cargo: `test result: ok. 3 passed; 0 failed; …`. Vitest: `Tests  1 failed | 2 passed (3)`.
        // Playwright: `3 passed (2.1s)` and `1 failed` on separate lines.
        let summary = match words.as_slice() {
            ["test", "result:", ..] | ["Tests", ..] => true,
            [count, "passed", rest @ ..] => count.parse::<u64>().is_ok() && rest.len() <= 1,
            [count, "failed"] => count.parse::<u64>().is_ok(),
            _ => false,
        };
        if !summary {
            return;
        }
        for pair in words.windows(2) {
            match pair {
                [count, "passed"] => self.passed += count.parse().unwrap_or(0),
                [count, "failed"] => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Removes ANSI colour codes (`ESC [ … m`).
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        text.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> TestCount {
        let mut count = TestCount::default();
        lines.iter().for_each(|line| count.read(line));
        count
    }

    #[test]
    fn cargo_summaries_add_up() {
        let count = read(&[
            "running 12 tests",
            "test passed_by ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        assert_eq!(count, TestCount { passed: 14, failed: 1 });
    }

    #[test]
    fn vitest_file_counts_are_ignored() {
        let count = read(&[
            " Test Files  1 failed | 3 passed (4)",
            "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m2 failed\u{1b}[39m | 40 passed\u{1b}[39m (42)",
        ]);
        assert_eq!(count, TestCount { passed: 40, failed: 2 });
    }

    #[test]
    fn playwright_summary_lines_are_read() {
        let count = read(&[
            "  2 failed",
            "    [chromium] › a.spec.ts:3:1 › classify",
            "  1 skipped",
            "  17 passed (1.2m)",
        ]);
        assert_eq!(count, TestCount { passed: 17, failed: 2 });
    }
}
