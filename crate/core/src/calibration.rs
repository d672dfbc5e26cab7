//! Calibrated probabilities: temperature scaling, and the expected calibration error (Guo, Pleiss, Sun and
//! Weinberger, “On Calibration of Modern Neural Networks”, 2017).
//!
//! The temperature is folded into the last layer: softmax(z / T) is the softmax of a network whose last
//! weights and biases are divided by T. So every reader of the file gets calibrated probabilities, PyTorch
//! and ONNX runtimes included, and the order of the classes does not change.

use crate::architecture::{Architecture, LayerKind};
use crate::error::LabError;
use crate::format::Checkpoint;
use crate::metrics::{softmax, top_k};

/// Number of equal-width bins of the expected calibration error.
pub const BINS: usize = 15;

/// Range in which the temperature is searched.
const RANGE: (f64, f64) = (0.05, 20.0);

/// The temperature that minimises the mean cross-entropy of the logits, to four digits.
///
/// `logits` are `[samples, classes]`, row-major. Without samples the temperature is 1.
pub fn temperature(logits: &[f32], labels: &[u32], classes: usize) -> f64 {
    if labels.is_empty() || classes == 0 {
        return 1.0;
    }
    // The cross-entropy is convex in 1 / T, so it has one minimum in ln T: golden-section search finds it.
    let golden = (5.0f64.sqrt() - 1.0) / 2.0;
    let at = |log: f64| cross_entropy(logits, labels, classes, (-log).exp());
    let (mut low, mut high) = (RANGE.0.ln(), RANGE.1.ln());
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (at(left), at(right));
    while high - low > 5e-5 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = at(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = at(right);
        }
    }
    ((low + high) / 2.0).exp()
}

/// Mean cross-entropy of the logits multiplied by `scale`.
fn cross_entropy(logits: &[f32], labels: &[u32], classes: usize, scale: f64) -> f64 {
    let rows = logits.chunks_exact(classes).zip(labels);
    let sum: f64 = rows
        .map(|(row, &label)| {
            let highest = row.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(f64::from(b)));
            let all: f64 = row.iter().map(|&z| ((f64::from(z) - highest) * scale).exp()).sum();
            let own = row.get(label as usize).copied().map_or(f64::NEG_INFINITY, f64::from);
            all.ln() - (own - highest) * scale
        })
        .sum();
    sum / labels.len() as f64
}

/// Probability of each row's top class, and whether that class is the label.
fn confidences(logits: &[f32], labels: &[u32], classes: usize) -> Vec<(f64, bool)> {
    let rows = logits.chunks_exact(classes.max(1)).zip(labels);
    rows.filter_map(|(row, &label)| {
        let (class, probability) = top_k(&softmax(row), 1).into_iter().next()?;
        Some((f64::from(probability), class == label as usize))
    })
    .collect()
}

/// Expected calibration error, 0 to 1: the difference between confidence and accuracy in each of [`BINS`]
/// equal-width bins, averaged with the number of samples as weight.
pub fn expected_calibration_error(logits: &[f32], labels: &[u32], classes: usize) -> f64 {
    let guesses = confidences(logits, labels, classes);
    let mut gaps = [0.0f64; BINS];
    for &(probability, right) in &guesses {
        // Bins are open below and closed above, as in the paper. NaN falls into the first one.
        let bin = ((probability * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        if let Some(gap) = gaps.get_mut(bin) {
            *gap += f64::from(u8::from(right)) - probability;
        }
    }
    gaps.iter().map(|gap| gap.abs()).sum::<f64>() / guesses.len().max(1) as f64
}

/// The confidence below which the top class is wrong more often than right, rounded to hundredths.
///
/// It is the threshold t for which “right at or above t, wrong below t” holds for most samples: there the
/// accuracy crosses one half. Without samples it is 0.5, its value for perfectly calibrated probabilities.
pub fn confidence_threshold(logits: &[f32], labels: &[u32], classes: usize) -> f32 {
    let guesses = confidences(logits, labels, classes);
    if guesses.is_empty() {
        return 0.5;
    }
    let fits = |hundredths: u32| {
        let threshold = f64::from(hundredths) / 100.0;
        guesses.iter().filter(|(probability, right)| (*probability >= threshold) == *right).count()
    };
    let (_, best) = (0..=100).map(|t| (fits(t), t)).fold((0, 50u32), |best, next| {
        // Of equally good thresholds take the one closest to 0.5.
        let nearer = next.1.abs_diff(50) < best.1.abs_diff(50);
        if next.0 > best.0 || (next.0 == best.0 && nearer) { next } else { best }
    });
    best as f32 / 100.0
}

/// Divides the last layer's weights and biases by the temperature.
///
/// # Errors
/// [`LabError`] if the model lacks them.
pub fn apply_temperature(model: &mut Checkpoint, temperature: f64) -> Result<(), LabError> {
    let architecture = Architecture::new(model.network)?;
    let last = architecture.layers.iter().rfind(|layer| layer.kind == LayerKind::Linear);
    for (name, ..) in last.map(|layer| layer.tensors()).unwrap_or_default() {
        let tensor =
            model.tensors.get_mut(&name).ok_or_else(|| LabError::NoLastLayer { name: name.clone() })?;
        tensor.data.iter_mut().for_each(|value| *value = (f64::from(*value) / temperature) as f32);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::rng::{Purpose, rng};
    use rand::Rng;

    /// Rows of three logits with labels drawn from their own softmax, so calibrated at temperature 1.
    fn calibrated(images: usize) -> (Vec<f32>, Vec<u32>) {
        let mut random = rng(7, Purpose::Experiment, 0, 0);
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..images {
            let row: [f32; 3] = std::array::from_fn(|_| random.random_range(-3.0..3.0));
            let mut left = random.random_range(0.0..1.0f32);
            let label = softmax(&row).iter().position(|&p| {
                left -= p;
                left < 0.0
            });
            logits.extend(row);
            labels.push(label.unwrap_or(2) as u32);
        }
        (logits, labels)
    }

    #[test]
    fn temperature_undoes_scaling_of_the_logits() {
        let (logits, labels) = calibrated(20_000);
        let own = temperature(&logits, &labels, 3);
        assert!((own - 1.0).abs() < 0.03, "{own}");
        for factor in [0.25f32, 4.0] {
            let scaled: Vec<f32> = logits.iter().map(|z| z * factor).collect();
            let found = temperature(&scaled, &labels, 3);
            assert!((found / (own * f64::from(factor)) - 1.0).abs() < 1e-3, "{factor}: {found}");
            // Overconfident or underconfident, the error drops to that of calibrated logits.
            let error = expected_calibration_error(&scaled, &labels, 3);
            let after: Vec<f32> = scaled.iter().map(|z| z / found as f32).collect();
            let left = expected_calibration_error(&after, &labels, 3);
            assert!(error > 0.1 && left < 0.02, "{factor}: {error} {left}");
        }
        assert_eq!(temperature(&[], &[], 3), 1.0);
    }

    #[test]
    fn calibration_error_is_confidence_minus_accuracy() {
        // Four samples at confidence 0.75, one of them correct. The logits are ln 3 and 0.
        let logits = [3f32.ln(), 0.0].repeat(4);
        let error = expected_calibration_error(&logits, &[0, 1, 1, 1], 2);
        assert!((error - 0.5).abs() < 1e-6, "{error}");
        assert_eq!(expected_calibration_error(&[], &[], 2), 0.0);
    }

    #[test]
    fn confidence_threshold_is_where_accuracy_crosses_one_half() {
        let (logits, labels) = calibrated(20_000);
        let calibrated = confidence_threshold(&logits, &labels, 3);
        assert!((calibrated - 0.5).abs() < 0.06, "{calibrated}");
        // Overconfident logits: the threshold rises.
        let sure: Vec<f32> = logits.iter().map(|z| z * 3.0).collect();
        assert!(confidence_threshold(&sure, &labels, 3) > calibrated + 0.05);
        assert_eq!(confidence_threshold(&[], &[], 3), 0.5);
    }
}
