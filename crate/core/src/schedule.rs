//! Learning rate schedules.

use crate::protocol::{RunOptions, Schedule};

/// The learning rate at `step` (from 0) of `total` planned steps: `base · min(1, (step + 1) / warm-up) ·
/// schedule(step / total)`. The warm-up is at most a tenth of the planned steps, or a short run would hardly
/// leave it. After the last step the schedule's last value holds.
pub fn learning_rate(options: &RunOptions, step: u64, total: u64) -> f64 {
    let steps = u64::from(options.warmup_steps).min(total / 10);
    let warm_up = ((step + 1) as f64 / steps.max(1) as f64).min(1.0);
    let progress = (step as f64 / total.max(1) as f64).min(1.0);
    let factor = match options.schedule {
        Schedule::Constant => 1.0,
        Schedule::Step => 0.1_f64.powi((progress * 3.0).floor().min(2.0) as i32),
        Schedule::Cosine => 0.5 + 0.5 * (std::f64::consts::PI * progress).cos(),
    };
    options.learning_rate * warm_up * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(schedule: Schedule, warmup_steps: u32) -> RunOptions {
        RunOptions { schedule, warmup_steps, learning_rate: 1.0, ..Default::default() }
    }

    #[test]
    fn constant_after_warm_up() {
        let o = options(Schedule::Constant, 4);
        let rates: Vec<_> = (0..6).map(|s| learning_rate(&o, s, 100)).collect();
        assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn short_runs_warm_up_over_a_tenth_of_their_steps() {
        let rate = |step, total| learning_rate(&options(Schedule::Constant, 50), step, total);
        assert_eq!([rate(0, 40), rate(3, 40), rate(4, 40)], [0.25, 1.0, 1.0]);
        assert_eq!([rate(0, 9), rate(0, 0)], [1.0, 1.0]);
        assert_eq!(rate(24, 500), 0.5);
    }

    #[test]
    fn step_divides_by_ten_after_each_third() {
        let o = options(Schedule::Step, 0);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(learning_rate(&o, 0, 9), 1.0);
        near(learning_rate(&o, 3, 9), 0.1);
        near(learning_rate(&o, 8, 9), 0.01);
        near(learning_rate(&o, 50, 9), 0.01);
    }

    #[test]
    fn cosine_ends_at_zero() {
        let o = options(Schedule::Cosine, 0);
        assert_eq!(learning_rate(&o, 0, 10), 1.0);
        assert!((learning_rate(&o, 5, 10) - 0.5).abs() < 1e-12);
        assert!(learning_rate(&o, 10, 10).abs() < 1e-12);
    }
}
